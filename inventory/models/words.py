"""The words that stand in a catalogue."""

from django.db import models

from eventworx.tenants.models import Tenant


class CatalogueWord(models.Model):
    """A word of at least four letters in an article of ours, as it is searched: what a typo is corrected to.

    On PostgreSQL the database writes it down with the article (`inventory/search/dialects.py`), whoever writes that;
    elsewhere there are none. A word may stand here twice, since nobody waits for anybody, and stays when its articles
    are gone.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="catalogue_words")
    word = models.CharField(max_length=60)

    class Meta:
        indexes = [models.Index(fields=["tenant", "word"], name="catalogue_words_by_word")]

    def __str__(self) -> str:
        return self.word
