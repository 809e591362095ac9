"""Pictures of things, ours and those that partners send: never shown as they came (protocol §4 "Pictures").

Whatever is handed in is decoded under limits and encoded anew, small and without what a camera or an attacker
put beside the pixels. Formats other than jpeg, png and webp, and SVG above all, are never even looked at.
"""

import struct
import threading
from io import BytesIO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from eventworx.errors import BusinessError
from inventory.models import Article

CONTENT_TYPE = "image/webp"
MEDIA_TYPES = frozenset({"image/jpeg", "image/png", CONTENT_TYPE})
MAX_UPLOAD_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 25_000_000
SIDE = 800
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 80
# Decoding needs up to 4 bytes a pixel: however many ask at once, two are at it.
_decoding = threading.BoundedSemaphore(2)
# What Pillow raises for files that are damaged or made to hurt.
_UNREADABLE = (
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    EOFError,
    IndexError,
    OSError,
    OverflowError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)


class NotAPicture(BusinessError):
    code = "picture"
    message = _("This is no picture that we can read. JPEG, PNG and WebP are possible.")
    field = "picture"


class PictureTooLarge(BusinessError):
    code = "picture-too-large"
    message = _("The picture is too large: up to 12 MB and 25 million pixels are possible.")
    field = "picture"


def encoded(data: bytes) -> bytes:
    """The picture as WebP of at most 800 × 800 pixels, upright and without metadata.

    Raises NotAPicture, PictureTooLarge.
    """
    if len(data) > MAX_UPLOAD_BYTES:
        raise PictureTooLarge
    written = BytesIO()
    with _decoding:
        _decoded(data).save(written, "WEBP", quality=_QUALITY, alpha_quality=_QUALITY)
    return written.getvalue()


def _decoded(data: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as found:
            if found.width * found.height > MAX_PIXELS:
                raise PictureTooLarge
            found.draft(None, (2 * SIDE, 2 * SIDE))
            upright = ImageOps.exif_transpose(found)
            small = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except _UNREADABLE as error:
        raise NotAPicture from error
    small.thumbnail((SIDE, SIDE))
    return small


def replace_picture(*, article: Article, content: bytes | None) -> None:
    """Set the article's picture to what `encoded` made, or to none; the caller holds the article and saves it."""
    before = article.picture_id
    article.picture = article.tenant.pictures.create(content=content) if content else None
    if before:
        article.tenant.pictures.filter(pk=before).delete()
