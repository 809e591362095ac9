"""Which of our own articles is a partner's article? (mission J4)

`evidence` is pure and says why two could be the same; a person decides, unless the two are linked already.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from enum import IntEnum
from typing import Any

from django.db import transaction
from django.db.models import Case, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import OrderBy
from django.db.models.fields.json import KT
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant
from eventworx.text import fold
from inventory.articles import create_article
from inventory.models import Article, ArticleKind
from inventory.search import find_articles
from inventory.spelling import SHUFFLED, compact, keys_of
from partners.models import ArticleLink
from partners.protocol.wire import Listing

MAX_CANDIDATES = 8
LOOKED_AT = 60
RANKED = 3_000  # articles at most that are ranked by the words they share
SAMPLE = 1_000  # articles that tell how frequent words are
_SIMILAR = 0.72
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
# What a company adds to a manufacturer's name and another leaves away.
_COMPANY_WORDS = frozenset({"gmbh", "ag", "inc", "ltd", "llc", "kg", "co", "corp", "professional", "lighting", "audio"})


class Reason(IntEnum):
    """Why two articles could be the same; the greatest counts most."""

    SIMILAR_NAME = 1
    SAME_MODEL = 2
    SAME_PART_NUMBER = 3
    SAME_GTIN = 4

    @property
    def sentence(self) -> str:
        return str(_SENTENCES[self])


_SENTENCES = {
    Reason.SIMILAR_NAME: _("similar name"),
    Reason.SAME_MODEL: _("same manufacturer and model"),
    Reason.SAME_PART_NUMBER: _("same manufacturer and part number"),
    Reason.SAME_GTIN: _("same GTIN"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What articles are compared by, from either side."""

    name: str
    manufacturer: str = ""
    manufacturer_part_number: str = ""
    gtin: str = ""

    @classmethod
    def of(cls, described: object) -> "Traits":
        """The traits of a listing or an article: both call them the same."""
        return cls(**{field.name: getattr(described, field.name) for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of our articles that could be the partner's, with every reason, the strongest first."""

    article: Article
    reasons: tuple[Reason, ...]
    likeness: float


class AlreadyLinked(BusinessError):
    code = "already-linked"
    status = 409
    message = _("This partner article is connected with %(article)s already. Release the link first.")


def evidence(theirs: Traits, ours: Traits) -> tuple[Reason, ...]:
    """Why the two could be the same article, the strongest reason first; empty where nothing speaks for it."""
    checks = (
        (Reason.SAME_GTIN, _same_gtin(theirs.gtin, ours.gtin)),
        (Reason.SAME_PART_NUMBER, _same_maker(theirs, ours) and _same_part_number(theirs, ours)),
        (Reason.SAME_MODEL, _same_maker(theirs, ours) and _model(theirs) == _model(ours)),
        (Reason.SIMILAR_NAME, likeness(theirs, ours) >= _SIMILAR or _says_more(theirs, ours)),
    )
    return tuple(reason for reason, holds in checks if holds)


def likeness(theirs: Traits, ours: Traits) -> float:
    """How alike the names are, 0 to 1, whatever the order of the words; different numbers in them part them."""
    one, other = _model(theirs), _model(ours)
    if _numbers(one) != _numbers(other):
        return 0.0
    return SequenceMatcher(None, " ".join(one), " ".join(other), autojunk=False).ratio()


def _says_more(one: Traits, other: Traits) -> bool:
    """Whether one of the two names what the other does and adds a description: "MAC Aura" and "MAC-Aura LED Wash"."""
    models = _model(one), _model(other)
    shorter, longer = sorted((set(model) for model in models), key=len)
    alike = len(shorter) > 1 and shorter <= longer and _numbers(models[0]) == _numbers(models[1])
    return alike and _same_maker(one, other)


def linked_article(*, contact: Contact, partner_article_id: str) -> Article | None:
    """The article that somebody connected with the partner's; None where nobody did or it is archived."""
    link = contact.article_links.standing(partner_article_id).select_related("article__tenant").first()
    return link.article if link else None


def find_candidates(*, tenant: Tenant, listing: object) -> list[Candidate]:
    """Our articles that could be the listing's, the best first; three queries, however large the catalogue."""
    theirs = Traits.of(listing)
    looked_at = _worth_looking_at(tenant, theirs)
    judged = [(article, Traits.of(article)) for article in looked_at]
    found = [Candidate(article, evidence(theirs, ours), likeness(theirs, ours)) for article, ours in judged]
    found = [candidate for candidate in found if candidate.reasons]
    return sorted(found, key=lambda found: (found.reasons, found.likeness), reverse=True)[:MAX_CANDIDATES]


def candidates_by_hand(*, tenant: Tenant, query: str) -> tuple[list[Candidate], int]:
    """Our articles that somebody searches himself, because none that we proposed is it, and after how many of them the
    list ends although there are more (0 where it holds all)."""
    found = find_articles(tenant=tenant, scope=tenant.articles.active(), query=query, limit=MAX_CANDIDATES + 1)
    listed = [Candidate(article, (), 0.0) for article in found[:MAX_CANDIDATES]]
    return listed, len(listed) if len(found) > MAX_CANDIDATES else 0


@transaction.atomic
def link_article(
    *, tenant: Tenant, contact: Contact, partner_article_id: str, article: Article, actor: Actor
) -> ArticleLink:
    """Remember for good that the partner's article is ours ("Verbinden"). Raises AlreadyLinked for another of ours.

    A link to an article that was archived since gives way.
    """
    person = actor.user.pk if actor.user else None
    link, created = tenant.article_links.select_for_update().get_or_create(
        contact=contact,
        partner_article_id=partner_article_id,
        defaults={"tenant": tenant, "article": article, "created_by_id": person},
    )
    if link.article_id != article.pk:
        if link.article.archived_at is None:
            raise AlreadyLinked(article=link.article)
        link.article, created = article, True
        link.save(update_fields=["article"])
    if created:
        record(tenant=tenant, actor=actor, action="partner.article_linked", target=contact, link=str(link))
    return link


@transaction.atomic
def unlink_article(*, link: ArticleLink, actor: Actor) -> None:
    """Forget a link ("Verknüpfung lösen"): the next pick asks again. What was ordered by it stays."""
    record(tenant=link.tenant, actor=actor, action="partner.article_unlinked", target=link.contact, link=str(link))
    link.delete()


@transaction.atomic
def create_article_from_listing(
    *, tenant: Tenant, contact: Contact, listing: Listing, actor: Actor, **fields: Any
) -> Article:
    """A new article of ours for the partner's, linked at once ("Neuen Artikel anlegen"); we own none of it.

    `fields` are what the person saw and completed; description, weight and kind come from the listing.
    """
    article = create_article(
        tenant=tenant,
        description=listing.description,
        weight_kg=listing.weight_kg,
        kind=ArticleKind.SALE if listing.kind == ArticleKind.SALE else ArticleKind.RENTAL,
        **fields,
    )
    link_article(tenant=tenant, contact=contact, partner_article_id=listing.id, article=article, actor=actor)
    return article


def links_of(*, tenant: Tenant, query: str = "") -> QuerySet[ArticleLink]:
    """The ledger: every link whose article or partner matches, by article, with what the partner calls it."""
    found = tenant.article_links.filter(article__in=tenant.articles.matching(query)) if query else tenant.article_links
    theirs = tenant.partner_listings.filter(
        contact=OuterRef("contact"), partner_article_id=OuterRef("partner_article_id")
    )
    named = found.annotate(
        partner_number=Subquery(theirs.values(text=KT("document__number"))[:1]),
        partner_name=Subquery(theirs.values(text=KT("document__name"))[:1]),
    )
    return named.select_related("article", "contact", "created_by").order_by("article__sort_key", "pk")


def _worth_looking_at(tenant: Tenant, theirs: Traits) -> list[Article]:
    """The articles with the partner's GTIN, part number or name, and those that share most words with his: few enough
    to judge one by one, and found through indexes."""
    articles = tenant.articles.active().select_related("tenant")
    texts = f"{theirs.name} {theirs.manufacturer_part_number}"
    words = sorted({word if len(word) > 2 else f" {word}" for word in _words(texts) if len(word) > 1})
    named = articles.filter(_named_alike(theirs)).order_by(*_surest_first(theirs), "pk")[:LOOKED_AT]
    sharing = articles.filter(pk__in=articles.filter(_telling(tenant, words)).values("pk")[:RANKED])
    shared: Any = sum((_one_if(Q(search_key__contains=word)) for word in words), start=Value(0))
    return list({*named, *sharing.order_by(shared.desc(), "pk")[:LOOKED_AT]})


def _named_alike(theirs: Traits) -> Q:
    """The same in what stands for an article as a whole."""
    alike = _same_name(theirs)
    if theirs.gtin:
        alike |= Q(gtin__in=_gtin_spellings(theirs.gtin))
    number = compact(theirs.manufacturer_part_number)
    return alike | Q(search_key__contains=f" {number} ") if number else alike


def _surest_first(theirs: Traits) -> list[OrderBy]:
    """A short part number is a word in the names of many others, which must not come before what surely is the same."""
    sure = [_same_name(theirs), Q(manufacturer_part_number__iexact=theirs.manufacturer_part_number)]
    if theirs.gtin:
        sure.insert(0, Q(gtin__in=_gtin_spellings(theirs.gtin)))
    return [_one_if(condition).desc() for condition in sure]


def _same_name(theirs: Traits) -> Q:
    return Q(sort_key=keys_of(["", theirs.name])["sort_key"])


def _telling(tenant: Tenant, words: Sequence[str]) -> Q:
    """One of those words that few articles hold, as a fair sample tells; all of them where each is in many."""
    sample = list(tenant.articles.active().order_by("shuffle", "pk").values_list("shuffle", "search_key")[:SAMPLE])
    articles = len(sample) if len(sample) < SAMPLE else SAMPLE * SHUFFLED / max(sample[-1][0], 1)
    counts = {word: sum(word in key for _place, key in sample) for word in words}
    told, left = list[str](), float(RANKED)
    for word in sorted(words, key=lambda word: counts[word]):
        left -= counts[word] * articles / max(len(sample), 1)
        if left >= 0:
            told.append(word)
    parts = [Q(search_key__contains=word) for word in told or words]
    return Q(*parts, _connector=Q.OR if told else Q.AND) if parts else Q(pk__in=())


def _one_if(condition: Q) -> Case:
    return Case(When(condition, then=Value(1)), default=Value(0), output_field=IntegerField())


def _gtin_spellings(gtin: str) -> set[str]:
    bare = gtin.lstrip("0")
    return {bare.zfill(digits) for digits in (8, 12, 13, 14)} | {gtin}


def _same_gtin(one: str, other: str) -> bool:
    return bool(one.lstrip("0")) and one.lstrip("0") == other.lstrip("0")


def _same_part_number(one: Traits, other: Traits) -> bool:
    """Part numbers alike but for blanks and dashes, and not empty."""
    number = _joined(one.manufacturer_part_number)
    return bool(number) and number == _joined(other.manufacturer_part_number)


def _same_maker(one: Traits, other: Traits) -> bool:
    makers = _maker(one), _maker(other)
    return bool(makers[0]) and makers[0] == makers[1]


def _maker(traits: Traits) -> frozenset[str]:
    return frozenset(_words(traits.manufacturer)) - _COMPANY_WORDS


def _model(traits: Traits) -> tuple[str, ...]:
    """The words of the name in order of the alphabet, without those of the manufacturer."""
    return tuple(sorted(set(_words(traits.name)) - set(_words(traits.manufacturer))))


def _numbers(words: tuple[str, ...]) -> list[str]:
    """The figures in a name: a PAR 56 is no PAR 64, however alike they are written."""
    return sorted("".join(re.findall(r"\d+", word)) for word in words if any(c.isdigit() for c in word))


def _words(text: str) -> list[str]:
    return _NOT_A_WORD.sub(" ", fold(text)).split()


def _joined(text: str) -> str:
    return _NOT_A_WORD.sub("", fold(text))
