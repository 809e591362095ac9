"""Pages of the demo. They answer nothing at all on a real installation."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.http import content_disposition_header

from eventworx.demo.mailbox import Mail, all_mails, find_mail, mails_to
from eventworx.web.pages import page_of

View = Callable[..., HttpResponseBase]


def only_in_a_demo(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not settings.EWX_DEMO:
            raise Http404("there is no demo here")
        return view(request, **kwargs)

    return guarded


@only_in_a_demo
def mailbox(request: HttpRequest) -> HttpResponse:
    """All mails, or those to `?to=`; the list alone for htmx."""
    chosen, mails = request.GET.get("to", ""), all_mails()
    recipients = sorted({address for mail in mails for address in mail.recipients})
    page = page_of(request, mails_to(chosen) if chosen else mails)
    template = "demo/_mails.html" if request.htmx else "demo/mailbox.html"  # type: ignore[attr-defined]
    return render(request, template, {"page": page, "recipients": recipients, "chosen": chosen})


@only_in_a_demo
def mail(request: HttpRequest, *, file: str, index: int) -> HttpResponse:
    return render(request, "demo/mail.html", {"mail": _mail_or_404(file, index)})


@only_in_a_demo
def attachment(request: HttpRequest, *, file: str, index: int, number: int) -> HttpResponse:
    """A download, whatever the mail says it were: a browser must not run it on our origin."""
    attachments = _mail_or_404(file, index).attachments
    if not 1 <= number <= len(attachments):
        raise Http404("no such attachment")
    chosen = attachments[number - 1]
    response = HttpResponse(chosen.content, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=chosen.name)
    return response


def _mail_or_404(file: str, index: int) -> Mail:
    found = find_mail(file, index)
    if found is None:
        raise Http404("no such mail")
    return found
