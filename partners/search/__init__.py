"""The search for partner material, both ends: `asking` in our job, `answering` a partner (mission J1, protocol §4)."""

from partners.search.answering import (
    Question,
    answer_availability,
    describe_article,
    find_listings,
    list_categories,
    parse_article_question,
    parse_question,
)
from partners.search.asking import (
    AtPartner,
    SearchAnswer,
    add_partner_position,
    askable,
    changed_since,
    fetch_listing,
    is_orderable,
    pick_listing,
    picked_listing,
    price_in,
    search_for_person,
    search_partner,
    sources,
)
from partners.search.covering import Choice, Offers, TooManyOffersAsked, offers_for, take_into_job, take_offers
from partners.search.gathering import TooManyQuestions, Wanted, gather, gather_further
from partners.search.merging import Hit, Order, merged
from partners.search.pictures import article_picture, partner_picture
from partners.search.proving import can_be_proved, prove_at_partner
from partners.search.replies import Gathered, Reply, Standing, gathered, news_of
from partners.search.shown_prices import OffersHaveChanged

__all__ = [
    "AtPartner",
    "Choice",
    "Gathered",
    "Hit",
    "Offers",
    "OffersHaveChanged",
    "Order",
    "Question",
    "Reply",
    "SearchAnswer",
    "Standing",
    "TooManyOffersAsked",
    "TooManyQuestions",
    "Wanted",
    "add_partner_position",
    "answer_availability",
    "article_picture",
    "askable",
    "can_be_proved",
    "changed_since",
    "describe_article",
    "fetch_listing",
    "find_listings",
    "gather",
    "gather_further",
    "gathered",
    "is_orderable",
    "list_categories",
    "merged",
    "news_of",
    "offers_for",
    "parse_article_question",
    "parse_question",
    "partner_picture",
    "pick_listing",
    "picked_listing",
    "price_in",
    "prove_at_partner",
    "search_for_person",
    "search_partner",
    "sources",
    "take_into_job",
    "take_offers",
]
