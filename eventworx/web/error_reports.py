"""What an error page in debug mode, or a mail to the server's administrators, shows of us (security.md §1)."""

import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest, QueryDict
from django.views.debug import SafeExceptionReporterFilter


class NothingSecretFilter(SafeExceptionReporterFilter):
    """The place and the error, and never the variables of a frame: somewhere among them lie keys and plain texts.

    Django hides what it is told to hide, and only without DEBUG; a forgotten name would be enough. Of forms the names
    of the fields are left, of settings and headers what carries no password, also not within an address.
    """

    hidden_settings = re.compile(
        "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|COOKIE|URL|URI|DSN|LOCATION|ANYMAIL|BROKER|BACKEND", re.IGNORECASE
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_traceback_frame_variables(self, request: Any, tb_frame: FrameType) -> ItemsView[str, Any]:
        return {}.items()

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        sent = request.POST if request is not None else QueryDict()
        return dict.fromkeys(sent, self.cleansed_substitute)
