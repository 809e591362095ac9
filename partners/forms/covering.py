"""Forms of covering shortages: which positions, and what was chosen for each."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict

from eventworx.web.forms import TenantForm
from jobs.covering import ShortLine
from jobs.models import Job, Position
from partners.search.covering import Choice

AT_ONCE = 100
OFFER = RegexValidator(r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[A-Za-z0-9_-]{1,64}(/[0-9A-Z. ]{0,60})?\Z")


def position_ids(data: QueryDict) -> list[int]:
    """The ids that are named, each once; what is none is passed over. Partners are asked for the first `AT_ONCE`."""
    named = [text for text in data.getlist("position") if text.isascii() and text.isdigit() and len(text) <= 18]
    return [int(text) for text in dict.fromkeys(named)]


def passed_over(data: QueryDict, lines: Iterable[ShortLine]) -> int:
    """For how many positions an offer was chosen that are not among those which lack something by now."""
    short = {line.position.pk for line in lines}
    return sum(bool(data.get(f"offer-{pk}")) for pk in position_ids(data)[:AT_ONCE] if pk not in short)


def covered_position(data: QueryDict, job: Job) -> Position | None:
    """The position of the job from which the search was started, if it was from one."""
    named = data.get("covers", "")
    if not (named.isascii() and named.isdigit() and len(named) <= 18):
        return None
    return job.positions.select_related("article", "tenant", "job__tenant").filter(pk=int(named)).first()


class CoverForm(TenantForm):
    """For each line an offer ("connection/article/price that was seen") or none, and how many units."""

    def __init__(self, *args: Any, lines: list[ShortLine], **kwargs: Any) -> None:
        self.lines = lines
        super().__init__(*args, **kwargs)

    def narrow(self) -> None:
        for line in self.lines:
            name = str(line.position)
            self.fields[f"offer-{line.position.pk}"] = forms.CharField(
                label=name, required=False, max_length=200, validators=[OFFER]
            )
            self.fields[f"quantity-{line.position.pk}"] = forms.IntegerField(
                label=name, required=False, min_value=1, max_value=999_999
            )

    def choices(self) -> list[Choice]:
        """What was chosen; a line without a quantity gets all that is missing."""
        given, found = self.require_valid(), []
        for line in self.lines:
            offer = given[f"offer-{line.position.pk}"]
            if offer:
                connection, article, seen = f"{offer}/".split("/")[:3]
                quantity = given[f"quantity-{line.position.pk}"] or line.need.shortage
                found.append(
                    Choice(
                        position=line.position,
                        connection_id=UUID(connection),
                        partner_article_id=article,
                        quantity=quantity,
                        seen=seen,
                    )
                )
        return found
