"""Pages of article lists: out as a file."""

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.translation import get_language

from eventworx.tenants.access import TenantRequest, member_required
from inventory.article_lists.exporting import FileFormat, export_articles
from inventory.forms import ArticleFilter


@member_required
def article_export(request: TenantRequest) -> HttpResponseBase:
    """What the list of articles shows under the same filter, or `all`; as CSV unless `format` says xlsx."""
    chosen = FileFormat.WORKBOOK if request.GET.get("format") == FileFormat.WORKBOOK else FileFormat.CSV
    everything = request.tenant.articles.order_by("number")
    articles = everything if request.GET.get("all") else ArticleFilter(request.GET, tenant=request.tenant).all_found()
    file = export_articles(
        tenant=request.tenant, articles=articles, file_format=chosen, language=get_language() or "de"
    )
    disposition = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return StreamingHttpResponse(file.content, content_type=file.media_type, headers=disposition)
