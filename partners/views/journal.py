"""The journal of a partner: every step of connection, key, level and release (mission P7). Admins only."""

import csv
import json
from collections.abc import Iterable, Iterator

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from eventworx import audit
from eventworx.audit import AuditEntry
from eventworx.tenants.access import TenantRequest, admin_required
from eventworx.text import for_spreadsheet
from eventworx.web.pages import page_of
from partners.connections import entries_about
from partners.views.deeds import shown
from partners.views.tab import contact_of

COLUMNS = ("position", "at", "actor", "address", "action", "target", "detail", "digest")


@admin_required
def journal(request: TenantRequest, pk: int) -> HttpResponse:
    contact = contact_of(request, pk)
    page = page_of(request, entries_about(contact))
    context = {
        "contact": contact,
        "active_tab": "partner",
        "page": page,
        "entries": shown(page),
        "proof": audit.verify_chain(tenant=request.tenant) if request.GET.get("verify") else None,
    }
    return render(request, "partners/journal.html", context)


@admin_required
def journal_export(request: TenantRequest, pk: int) -> HttpResponse:
    """The journal as a table (CSV) to read, the oldest first; spreadsheets take it for UTF-8 by its first character.

    Its digests are recomputed from `manage.py journal export`: a partner's entries are a part of the company's chain.
    """
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    name = _("journal")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{pk}.csv"'
    entries = entries_about(contact_of(request, pk)).reverse()
    csv.writer(response, delimiter=";").writerows(_table(entries))
    return response


def _table(entries: Iterable[AuditEntry]) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    for entry in entries:
        said = json.loads(audit.content_of(entry))
        detail = json.dumps(said.pop("detail"), ensure_ascii=False)
        named = said | {"position": entry.position or "", "digest": entry.digest, "detail": detail}
        yield tuple(for_spreadsheet(str(named[name])) for name in COLUMNS)
