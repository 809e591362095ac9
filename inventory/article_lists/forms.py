"""Forms of article lists: the file, and what its columns mean."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from eventworx.web.forms import TenantForm
from inventory.article_lists.cells import Notation
from inventory.article_lists.columns import COLUMNS
from inventory.article_lists.importing import Choices
from inventory.article_lists.showing import FileColumn
from inventory.article_lists.tables import MOST_BYTES

NOTATIONS = [(Notation.COMMA.value, "1.234,50"), (Notation.POINT.value, "1,234.50")]
ALL_OR_NOTHING, SKIP = "all", "skip"
BAD_LINES = [
    (ALL_OR_NOTHING, _("Import only if every line is in order")),
    (SKIP, _("Skip lines with errors")),
]


class ListForm(TenantForm):
    """A file to hand in."""

    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput({"accept": ".csv,.txt,.tsv,.xlsx"}),
        help_text=_(
            "CSV with up to 1,000,000 lines or Excel (XLSX) with up to 100,000, up to 50 MB. The first line names the "
            "columns."
        ),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                _("The file is too large: up to %(most)d MB are possible."), params={"most": 50}
            )
        return file


class MappingForm(TenantForm):
    """What each column of the file means, and what may come of it; the columns' fields are `column_0`, …"""

    notation = forms.ChoiceField(label=_("Numbers are written"), choices=NOTATIONS)
    change_existing = forms.BooleanField(
        label=_("Change existing articles (of the same number)"),
        required=False,
        help_text=_("Empty cells keep what is there."),
    )
    create_categories = forms.BooleanField(label=_("Create missing categories"), required=False)
    bad_lines = forms.ChoiceField(label=_("Lines with errors"), choices=BAD_LINES, widget=forms.RadioSelect)

    def __init__(self, *args: Any, columns: list[FileColumn], **kwargs: Any) -> None:
        self.columns = columns
        super().__init__(*args, **kwargs)

    def narrow(self) -> None:
        meanings = [("", _("Do not import")), *((column.key, column.label) for column in COLUMNS)]
        for column in self.columns:
            self.fields[f"column_{column.place}"] = forms.ChoiceField(
                label=column.header,
                choices=meanings,
                required=False,
                widget=forms.Select({"class": "form-select"}),
            )

    def rows(self) -> list[tuple[FileColumn, forms.BoundField]]:
        """Each column with its field."""
        return [(column, self[f"column_{column.place}"]) for column in self.columns]

    def clean(self) -> dict[str, Any]:
        seen: set[str] = set()
        for column in self.columns:
            key = self.cleaned_data.get(f"column_{column.place}")
            if key and key in seen:
                self.add_error(f"column_{column.place}", _("Another column has this meaning already."))
            seen.add(key or "")
        if "number" not in seen:
            self.add_error(None, _("One column has to be the number; by it we know which article a line means."))
        return self.cleaned_data

    def mapping(self) -> dict[str, int]:
        """By key the place, as far as it is understood."""
        given = [(self.cleaned_data.get(f"column_{column.place}"), column.place) for column in self.columns]
        return {key: place for key, place in reversed(given) if key}

    def choices(self) -> Choices:
        return {
            "mapping": self.mapping(),
            "notation": Notation(self.cleaned_data["notation"]),
            "change_existing": self.cleaned_data["change_existing"],
            "create_categories": self.cleaned_data["create_categories"],
            "skip_bad_lines": self.cleaned_data["bad_lines"] == SKIP,
        }
