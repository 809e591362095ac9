"""Everything we expect to go wrong, in one base class.

A use-case raises a subclass that stands beside it; one handler for pages
(`eventworx.web.errors`) and one for the partner API (`partners.api.errors`) turn it into
an answer. Anything else is a defect and crashes loudly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext


class BusinessError(Exception):
    """A refusal in the user's words.

    `code` is stable and for machines, `message` is a translatable sentence with
    %(named)s parameters, one of which may decide on the plural, `status` the HTTP status both handlers answer with.
    `field` names the form field the sentence belongs to, if any. `about` says which of several things it is about.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    message: ClassVar[str | Promise] = ""
    field: str | None = None
    about: str = ""

    def __init__(self, **params: Any) -> None:
        super().__init__(self.code)
        self.params = params

    def __str__(self) -> str:
        sentence = self.message % self.params if self.params else str(self.message)
        return (
            gettext("“%(thing)s”: %(problem)s") % {"thing": self.about, "problem": sentence} if self.about else sentence
        )


@contextmanager
def about(thing: object) -> Iterator[None]:
    """What is refused inside says which of several things it is about."""
    try:
        yield
    except BusinessError as error:
        error.about = str(thing)
        raise
