"""Is the partner's article one of ours? (mission J4)"""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from eventworx.audit import Actor
from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from inventory.models import Article
from partners import matching
from partners.matching import (
    AlreadyLinked,
    Reason,
    Traits,
    evidence,
    find_candidates,
    link_article,
    linked_article,
    unlink_article,
)
from tests.factories import make_article, make_contact

SALES = Actor(label="Anna Angebot")
THEIRS = Traits(name="MAC Aura XB", manufacturer="Martin", manufacturer_part_number="90232010", gtin="05706681229042")


@pytest.fixture
def supplier(aurora: Tenant) -> Contact:
    return make_contact(aurora, "Bassline Rental", is_supplier=True)


@pytest.mark.parametrize(
    ("ours", "reasons"),
    [
        (Traits(name="Waschlicht", gtin="5706681229042"), (Reason.SAME_GTIN,)),
        (
            Traits(name="Waschlicht", manufacturer="MARTIN", manufacturer_part_number="9023-2010"),
            (Reason.SAME_PART_NUMBER,),
        ),
        (
            Traits(name="Martin Aura MAC XB", manufacturer="Martin Professional GmbH"),
            (Reason.SAME_MODEL, Reason.SIMILAR_NAME),
        ),
        (Traits(name="Mac-Aura XB LED"), (Reason.SIMILAR_NAME,)),
        # The same number at another manufacturer is another thing.
        (Traits(name="Waschlicht", manufacturer="Robe", manufacturer_part_number="90232010"), ()),
        (Traits(name="Waschlicht", manufacturer_part_number="90232010"), ()),
        (Traits(name="SM58", manufacturer="Shure"), ()),
    ],
)
def test_what_speaks_for_the_same_article(ours: Traits, reasons: tuple[Reason, ...]) -> None:
    assert evidence(THEIRS, ours) == reasons


@pytest.mark.parametrize(
    ("one", "other"),
    [("PAR 64", "PAR 56"), ("XLR-Kabel 5 m", "XLR-Kabel 10 m"), ("Traverse F34 2 m", "Traverse F34 3 m")],
)
def test_names_with_other_figures_are_other_articles(one: str, other: str) -> None:
    assert evidence(Traits(name=one), Traits(name=other)) == ()


def test_a_name_that_only_adds_a_description_is_similar_for_one_maker() -> None:
    bare = Traits(name="MAC Aura", manufacturer="Martin")
    assert evidence(Traits(name="MAC-Aura LED Wash", manufacturer="Martin Professional"), bare) == (
        Reason.SIMILAR_NAME,
    )
    assert evidence(Traits(name="MAC-Aura LED Wash", manufacturer="Robe"), bare) == ()
    assert evidence(Traits(name="MAC-Aura 2 LED Wash", manufacturer="Martin"), bare) == ()


def test_empty_traits_never_match() -> None:
    nameless = Traits(name="A", manufacturer="", manufacturer_part_number="", gtin="")
    assert evidence(nameless, Traits(name="B")) == ()
    assert evidence(Traits(name="A", gtin="0000"), Traits(name="B", gtin="0000")) == ()


def test_umlauts_are_spelt_either_way() -> None:
    assert Reason.SIMILAR_NAME in evidence(Traits(name="Bühnenpodest 2 m"), Traits(name="BUEHNENPODEST 2 m"))


def test_candidates_come_with_reasons_best_first(aurora: Tenant, cymbal: Tenant) -> None:
    similar = make_article(aurora, "MAC Aura XB 2")
    same_name = make_article(aurora, "Aura XB MAC", manufacturer="Martin")
    by_gtin = make_article(aurora, "LED-Wash", gtin="5706681229042")
    make_article(aurora, "Kabelbrücke")
    make_article(aurora, "MAC Aura XB", archived_at="2026-01-01T00:00:00Z")
    make_article(cymbal, "MAC Aura XB", manufacturer="Martin")
    found = find_candidates(tenant=aurora, listing=THEIRS)
    assert [candidate.article for candidate in found] == [by_gtin, same_name]
    assert similar not in [candidate.article for candidate in found]
    assert found[0].reasons == (Reason.SAME_GTIN,)
    assert "SAME_MODEL" in [reason.name for reason in found[1].reasons]


@pytest.mark.parametrize("size", [1, 3, 300])
def test_any_catalogue_is_searched_in_three_queries(aurora: Tenant, size: int) -> None:
    for number in range(size):
        make_article(aurora, f"MAC Aura {number}")
    with CaptureQueriesContext(database) as queries:
        find_candidates(tenant=aurora, listing=THEIRS)
    assert len(queries) == 3


def test_in_a_large_catalogue_only_what_words_tell_apart_is_ranked(
    aurora: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words of every second article are left out, unless there are no others; the same GTIN, part number or name is
    found whatever else is."""
    for bound, few in (("SAMPLE", 20), ("RANKED", 5), ("LOOKED_AT", 5)):
        monkeypatch.setattr(matching, bound, few)
    for number in range(40):
        make_article(aurora, f"LED Wash {number}")
    same = make_article(aurora, "Robin LED Wash")
    number = make_article(aurora, "LED Wash 41", manufacturer="Robe", manufacturer_part_number="10-20")
    often = make_article(aurora, "LED Wash")

    def found(**theirs: str) -> list[Article]:
        return [one.article for one in find_candidates(tenant=aurora, listing=Traits(**theirs))]

    assert found(name="LED Wash Robin") == [same]
    assert often in found(name="LED Wash")
    assert number in found(name="Anders", manufacturer="Robe", manufacturer_part_number="1020")
    with CaptureQueriesContext(database) as queries:
        found(name="LED Wash Robin")
    assert "%wash%" not in queries[-1]["sql"].partition("LIMIT")[0].lower()


def test_a_number_that_many_names_hold_hides_nothing_surer(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "LOOKED_AT", 5)
    for number in range(20):
        make_article(aurora, f"Kabel 100 Nr. {number}")
    named = make_article(aurora, "Ganz anders", manufacturer="Robe", manufacturer_part_number="100")
    coded = make_article(aurora, "Noch anders", gtin="5706681229042")
    asked = {"manufacturer": "Robe", "manufacturer_part_number": "100", "gtin": "5706681229042"}
    found = find_candidates(tenant=aurora, listing=Traits(name="Leuchte", **asked))
    assert [one.article for one in found] == [coded, named]


@pytest.mark.postgres
def test_candidates_are_found_through_indexes(aurora: Tenant) -> None:
    cables = [Article(tenant=aurora, number=f"K-{number}", name=f"Kabel {number}") for number in range(5_000)]
    for cable in cables:
        cable.fill_keys()
    Article.objects.bulk_create(cables)
    make_article(aurora, "MAC Aura XB")
    with database.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('articles_by_parts'); ANALYZE inventory_article")
        with CaptureQueriesContext(database) as queries:
            find_candidates(tenant=aurora, listing=THEIRS)
        plans = []
        for query in queries[1:]:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    assert "LIMIT 1000" in queries[0]["sql"]
    assert all("articles_by_parts" in plan for plan in plans), plans


def test_a_link_is_remembered_until_it_is_released(aurora: Tenant, supplier: Contact) -> None:
    article = make_article(aurora, "Aura")
    link = link_article(tenant=aurora, contact=supplier, partner_article_id="7", article=article, actor=SALES)
    assert linked_article(contact=supplier, partner_article_id="7") == article
    assert linked_article(contact=supplier, partner_article_id="8") is None
    unlink_article(link=link, actor=SALES)
    assert linked_article(contact=supplier, partner_article_id="7") is None
    actions = list(aurora.audit_entries.order_by("pk").values_list("action", flat=True))
    assert actions == ["partner.article_linked", "partner.article_unlinked"]


def test_linking_twice_is_one_link_and_another_article_is_refused(aurora: Tenant, supplier: Contact) -> None:
    article, other = make_article(aurora, "Aura"), make_article(aurora, "Beam")
    for _click in range(2):
        link_article(tenant=aurora, contact=supplier, partner_article_id="7", article=article, actor=SALES)
    with pytest.raises(AlreadyLinked, match="Aura"):
        link_article(tenant=aurora, contact=supplier, partner_article_id="7", article=other, actor=SALES)
    assert linked_article(contact=supplier, partner_article_id="7") == article
    assert aurora.article_links.count() == aurora.audit_entries.count() == 1


def test_a_link_to_an_archived_article_asks_again(aurora: Tenant, supplier: Contact) -> None:
    gone, other = make_article(aurora, "Aura"), make_article(aurora, "Beam")
    link_article(tenant=aurora, contact=supplier, partner_article_id="7", article=gone, actor=SALES)
    gone.archived_at = "2026-01-01T00:00:00Z"
    gone.save()
    assert linked_article(contact=supplier, partner_article_id="7") is None
    link_article(tenant=aurora, contact=supplier, partner_article_id="7", article=other, actor=SALES)
    assert linked_article(contact=supplier, partner_article_id="7") == other
