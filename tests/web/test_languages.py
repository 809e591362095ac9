"""German unless somebody says otherwise; never guessed from the browser."""

from django.test import Client

from eventworx.tenants.models import Tenant
from tests.factories import PASSWORD, make_user


def test_german_whatever_the_browser_prefers(db: None) -> None:
    answer = Client().get("/accounts/login/", headers={"Accept-Language": "en,fr;q=0.5"})
    assert '<html lang="de"' in answer.content.decode()
    assert answer["Content-Language"] == "de"


def test_choice_before_login_is_kept_by_a_cookie(db: None) -> None:
    client = Client()
    answer = client.post("/language/", {"language": "en", "next": "/accounts/login/"})
    assert answer["Location"] == "/accounts/login/"
    assert "Log in" in client.get("/accounts/login/").content.decode()


def test_the_login_speaks_as_the_rest_of_the_product(db: None) -> None:
    client = Client()
    client.post("/language/", {"language": "en"})
    page = client.post("/accounts/login/", {"login": "nobody@aurora.example", "password": "guess"}).content.decode()
    for words in ("E-mail", "Stay logged in", "The e-mail address or the password is wrong."):
        assert words in page
    assert "Remember Me" not in page


def test_choice_before_login_wins_over_the_stored_one_once(aurora: Tenant) -> None:
    """What was chosen in this browser long ago, or by somebody who came before, does not."""
    user = make_user(aurora)
    client, elsewhere = Client(), Client()
    elsewhere.force_login(user)
    login = {"login": user.email, "password": PASSWORD}
    client.post("/language/", {"language": "en"})
    assert client.post("/accounts/login/", login).status_code == 302
    for browser in (client, elsewhere):
        assert "Only unread" in browser.get(aurora.url("messaging:inbox")).content.decode()
    elsewhere.post("/language/", {"language": "de"})
    client.post("/accounts/logout/")
    client.post("/accounts/login/", login)
    assert "Nur ungelesene" in client.get(aurora.url("messaging:inbox")).content.decode()


def test_choice_after_login_is_kept_at_the_user(aurora: Tenant) -> None:
    user = make_user(aurora)
    client, elsewhere = Client(), Client()
    for browser in (client, elsewhere):
        browser.force_login(user)
    client.post("/language/", {"language": "en", "next": aurora.url("messaging:inbox")})
    assert "Only unread" in elsewhere.get(aurora.url("messaging:inbox")).content.decode()
    elsewhere.post("/language/", {"language": "de"})
    assert "Nur ungelesene" in client.get(aurora.url("messaging:inbox")).content.decode()


def test_foreign_language_or_target_is_refused(db: None) -> None:
    assert Client().post("/language/", {"language": "tlh"}).status_code == 400
    answer = Client().post("/language/", {"language": "en", "next": "https://evil.example/"})
    assert answer["Location"] == "/"
