"""The partner network: connections and their keys, what is released, what goes back and forth."""

from partners.models.articles import ArticleLink, ArticleLinkQuerySet, PartnerListing, Release
from partners.models.brakes import Brake
from partners.models.connections import ConnectionQuerySet, PartnerConnection
from partners.models.deliveries import Delivery, DeliveryQuerySet, DeliveryState, SeenNonce, StoredAnswer
from partners.models.gathered import GatheredAnswer
from partners.models.keys import ConnectionKey, KeySide, KeyState, proving, public_halves, signing
from partners.models.orders import Direction, PartnerOrder
from partners.models.refusals import Refusal

__all__ = [
    "ArticleLink",
    "ArticleLinkQuerySet",
    "Brake",
    "ConnectionKey",
    "ConnectionQuerySet",
    "Delivery",
    "DeliveryQuerySet",
    "DeliveryState",
    "Direction",
    "GatheredAnswer",
    "KeySide",
    "KeyState",
    "PartnerConnection",
    "PartnerListing",
    "PartnerOrder",
    "Refusal",
    "Release",
    "SeenNonce",
    "StoredAnswer",
    "proving",
    "public_halves",
    "signing",
]
