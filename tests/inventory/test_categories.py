"""The tree of categories: no circles, nothing twice at one place."""

from collections.abc import Callable

import pytest

from eventworx.tenants.models import Tenant
from inventory.categories import (
    CategoryInItself,
    CategoryNameTaken,
    counted_tree,
    create_category,
    descendants,
    tree,
    update_category,
)
from inventory.models import Category
from tests.factories import make_article


@pytest.fixture
def branches(aurora: Tenant) -> dict[str, Category]:
    """Ton, and Äste › Licht › Spots."""
    made: dict[str, Category] = {}
    for name, parent in (("Ton", None), ("Äste", None), ("Licht", "Äste"), ("Spots", "Licht")):
        made[name] = create_category(tenant=aurora, name=name, parent=made[parent] if parent else None)
    return made


def test_the_tree_is_in_order_and_counts_what_is_active_below(aurora: Tenant, branches: dict[str, Category]) -> None:
    for name in ("Licht", "Spots", "Spots"):
        make_article(aurora, category=branches[name])
    make_article(aurora, category=branches["Licht"], archived_at="2027-07-01T00:00Z")
    assert [(branch.depth, branch.path, count) for branch, count in counted_tree(aurora)] == [
        (0, "Äste", 3),
        (1, "Äste › Licht", 3),
        (2, "Äste › Licht › Spots", 2),
        (0, "Ton", 0),
    ]


def test_everything_below_in_one_query(
    aurora: Tenant, branches: dict[str, Category], django_assert_num_queries: Callable[..., object]
) -> None:
    with django_assert_num_queries(1):
        found = descendants(aurora, branches["Äste"].pk)
    assert set(found) == {branches[name].pk for name in ("Äste", "Licht", "Spots")}
    assert descendants(aurora, branches["Ton"].pk) == [branches["Ton"].pk]


def test_another_tenants_category_has_nothing_below(bassline: Tenant, branches: dict[str, Category]) -> None:
    assert descendants(bassline, branches["Äste"].pk) == []


@pytest.mark.parametrize("below", ["Äste", "Licht", "Spots"])
def test_no_circle(branches: dict[str, Category], below: str) -> None:
    with pytest.raises(CategoryInItself):
        update_category(category=branches["Äste"], name="Äste", parent=branches[below])


def test_a_branch_moves_with_all_below_it(aurora: Tenant, branches: dict[str, Category]) -> None:
    update_category(category=branches["Licht"], name="Beleuchtung", parent=branches["Ton"])
    assert [branch.path for branch in tree(aurora.categories.all())] == [
        "Äste",
        "Ton",
        "Ton › Beleuchtung",
        "Ton › Beleuchtung › Spots",
    ]


def test_a_name_stands_once_at_a_place(aurora: Tenant, bassline: Tenant, branches: dict[str, Category]) -> None:
    create_category(tenant=bassline, name="Ton")
    create_category(tenant=aurora, name="Ton", parent=branches["Licht"])
    with pytest.raises(CategoryNameTaken, match="Ton"):
        create_category(tenant=aurora, name="Ton")
    with pytest.raises(CategoryNameTaken):
        update_category(category=branches["Spots"], name="Ton", parent=None)
