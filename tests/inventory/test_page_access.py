"""Who reaches which page of articles: strangers none, members by role (mission E1, P7)."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.models import StockMovementKind
from inventory.scales import create_scale
from inventory.stock import add_movement
from tests.factories import SUMMER, make_article, make_category

LogIn = Callable[..., Client]
READ = ["articles", "article", "categories", "scales"]
WRITE = ["article_create", "article_edit", "movement_create", "category_create", "category_edit", "scale_create"]
WRITE += ["scale_edit"]
POST_ONLY = ["article_archive", "movement_delete"]


@pytest.fixture
def urls(bassline: Tenant) -> dict[str, list[int]]:
    """What stands in the paths of bassline's pages."""
    article = make_article(bassline)
    movement = add_movement(article=article, kind=StockMovementKind.ADDITION, quantity=1, start=SUMMER.start)
    scale = create_scale(tenant=bassline, name="Licht", steps=[(1, Decimal(1))], extra_day_factor=Decimal(1))
    return {
        **{name: [article.pk] for name in ("article", "article_edit", "article_archive", "movement_create")},
        "movement_delete": [article.pk, movement.pk],
        "category_edit": [make_category(bassline).pk],
        "scale_edit": [scale.pk],
    }


@pytest.mark.parametrize("name", [*READ, *WRITE, *POST_ONLY])
def test_only_the_tenants_own_members_reach_a_page(
    aurora: Tenant, bassline: Tenant, urls: dict[str, list[int]], log_in: LogIn, name: str
) -> None:
    pks, ask = urls.get(name, []), "post" if name in POST_ONLY else "get"
    stranger = log_in(aurora)
    assert getattr(stranger, ask)(bassline.url(f"inventory:{name}", *pks)).status_code == 404
    if pks:
        assert getattr(stranger, ask)(aurora.url(f"inventory:{name}", *pks)).status_code == 404
    assert bassline.stock_movements.exists()
    owner = getattr(log_in(bassline), ask)(bassline.url(f"inventory:{name}", *pks))
    assert owner.status_code == (302 if name in POST_ONLY else 200)


@pytest.mark.parametrize("name", [*WRITE, *POST_ONLY])
@pytest.mark.parametrize(("role", "refused"), [(Role.READ_ONLY, True), (Role.WAREHOUSE, False), (Role.SALES, False)])
def test_writing_needs_the_permission(
    bassline: Tenant, urls: dict[str, list[int]], log_in: LogIn, name: str, role: Role, refused: bool
) -> None:
    answer = log_in(bassline, role).post(bassline.url(f"inventory:{name}", *urls.get(name, [])), {"archived": "1"})
    assert (answer.status_code == 403) == refused
    if refused:
        assert bassline.articles.active().exists()
        assert bassline.stock_movements.exists()


@pytest.mark.parametrize("name", READ)
def test_every_member_may_read(bassline: Tenant, urls: dict[str, list[int]], log_in: LogIn, name: str) -> None:
    url = bassline.url(f"inventory:{name}", *urls.get(name, []))
    assert log_in(bassline, Role.READ_ONLY).get(url).status_code == 200


@pytest.mark.parametrize("name", POST_ONLY)
def test_deeds_are_not_done_by_looking(bassline: Tenant, urls: dict[str, list[int]], log_in: LogIn, name: str) -> None:
    assert log_in(bassline).get(bassline.url(f"inventory:{name}", *urls[name])).status_code == 405
