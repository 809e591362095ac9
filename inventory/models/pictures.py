"""What things look like."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from eventworx.tenants.models import Tenant


class Picture(models.Model):
    """A picture of ours as `inventory.pictures` encodes it. It lies in the database so that one backup has all.

    A row never changes: another picture is another row, so whoever has seen this one may keep it.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="pictures")
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
