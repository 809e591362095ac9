"""How often a person may try to get in (mission E1). One count for all processes, by `eventworx.limits`.

Nobody is locked out from elsewhere: passwords are counted per account *and* address. Codes of six digits could be
guessed from many addresses, so they are counted per account; to get as far as the code takes the password.
"""

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_network

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from eventworx.addresses import client_address
from eventworx.limits import Limit, Verdict, hit_all

LOGINS_FROM_ADDRESS = Limit("logins from an address", 30, 60)
LOGINS_TO_ACCOUNT = Limit("logins to an account from an address", 10, 300)
CODES_OF_ACCOUNT = Limit("codes of an account", 8, 600)
WARNINGS_TO_ACCOUNT = Limit("warnings to an account", 1, 3600)
RESETS_FROM_ADDRESS = Limit("password mails from an address", 20, 60)
RESETS_OF_ACCOUNT = Limit("password mails to an account", 5, 600)
LINKS_FROM_ADDRESS = Limit("password links from an address", 20, 60)
CHANGES_BY_USER = Limit("password changes by a user", 10, 300)

View = Callable[..., HttpResponseBase]
Key = Callable[[HttpRequest], str]


def network(request: HttpRequest) -> str:
    """The caller's address; of IPv6 the /64, within which one machine has all addresses to itself."""
    address = client_address(request)
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address


def posted_email(request: HttpRequest) -> str:
    return request.POST.get("email", "").strip().casefold()


def user_id(request: HttpRequest) -> str:
    return str(request.user.pk)


def login_attempt(request: HttpRequest, email: str) -> Verdict:
    """Count one password for `email`, known here or not; before it is looked at."""
    address = network(request)
    account = f"{address} {email.strip().casefold()}"
    return hit_all([(LOGINS_FROM_ADDRESS, address), (LOGINS_TO_ACCOUNT, account)], now=timezone.now())


def limited(*limits: tuple[Limit, Key]) -> Callable[[View], View]:
    """A view that takes only so many posts of each key; further ones get 429 and a page that says so."""

    def wrap(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if request.method == "POST":
                verdict = hit_all([(limit, key(request)) for limit, key in limits], now=timezone.now())
                if not verdict.is_allowed:
                    return too_many(request, verdict)
            return view(request, *args, **kwargs)

        return answer

    return wrap


def too_many(request: HttpRequest, verdict: Verdict) -> HttpResponse:
    response = render(request, "429.html", status=429)
    response.headers["Retry-After"] = str(verdict.retry_after)
    return response
