"""What a person with a browser and an app for codes does. The app is written from RFC 6238, not from the product."""

import base64
import hmac
import re
import struct
import time
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from eventworx.tenants.models import User
from tests.factories import PASSWORD

LOGIN = "/accounts/login/"
CODE = "/accounts/login/second-factor/"
FACTOR = "/accounts/second-factor/"
SET_UP = f"{FACTOR}set-up/"
REMOVE = f"{FACTOR}remove/"
CODES = f"{FACTOR}codes/"
NEW_CODES = f"{CODES}new/"
SESSIONS = "/accounts/sessions/"
PROOF = "/accounts/reauthenticate/"
PROOF_BY_CODE = f"{PROOF}second-factor/"


def totp(secret: str, ahead: int = 0) -> str:
    """The code that the app shows now, or `ahead` steps of 30 seconds later."""
    step = int(time.time()) // 30 + ahead
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


@dataclass
class Person:
    """Somebody at a browser of their own. `secret` is what their app has read."""

    user: User
    secret: str = ""
    client: Client = field(default_factory=Client)

    def enter_password(self, password: str = PASSWORD, **data: str) -> HttpResponse:
        return self.client.post(LOGIN, {"login": self.user.email, "password": password, **data})

    def enter_code(self, code: str | None = None) -> HttpResponse:
        return self.client.post(CODE, {"code": totp(self.secret) if code is None else code})

    def set_up(self) -> HttpResponse:
        """From a fresh login to the end of the set-up."""
        self.enter_password()
        self.secret = self.secret_shown(self.client.get(SET_UP))
        return self.client.post(SET_UP, {"code": totp(self.secret)})

    @staticmethod
    def secret_shown(answer: HttpResponse) -> str:
        found = re.search(r'ewx-secret">([A-Z2-7 ]+)<', answer.content.decode())
        assert found
        return found[1].replace(" ", "")

    def prove(self, page: str) -> HttpResponse:
        """Open a page that asks for a code first."""
        return self.client.post(f"{PROOF_BY_CODE}?next={page}", {"code": totp(self.secret), "next": page}, follow=True)

    def recovery_codes(self) -> list[str]:
        return re.findall(r"<li>(\d{8})</li>", self.client.get(CODES).content.decode())

    def session_key(self) -> str:
        return self.client.cookies[settings.SESSION_COOKIE_NAME].value

    def elsewhere(self) -> "Person":
        """The same person at another browser."""
        return Person(self.user, self.secret)

    def is_inside(self) -> bool:
        return self.client.get(FACTOR).status_code == 200
