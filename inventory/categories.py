"""The tree of categories."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant
from eventworx.text import fold
from inventory.articles import readable, save_or_refuse
from inventory.models import Category, CategoryQuerySet


@dataclass(frozen=True, slots=True)
class Branch:
    """A category in its place: `depth` is 0 at the top, `path` names the ones above it and itself."""

    category: Category
    depth: int
    path: str

    @property
    def indent(self) -> str:
        return "\N{EM SPACE}" * self.depth


class CategoryNameTaken(BusinessError):
    code = "category-name-taken"
    message = _("There is a category “%(name)s” at this place already.")
    field = "name"


class CategoryInItself(BusinessError):
    code = "category-circle"
    message = _("A category cannot lie below itself.")
    field = "parent"


@transaction.atomic
def create_category(*, tenant: Tenant, name: str, parent: Category | None = None) -> Category:
    """A new category, below `parent` or at the top. Raises CategoryNameTaken, Unreadable."""
    return _save(Category(tenant=tenant, name=readable(name, field="name"), parent=parent))


@transaction.atomic
def create_path(*, tenant: Tenant, path: str) -> int:
    """The id of "Licht > Moving Heads", with all on the way to it that is not there yet, whatever case it is in."""
    parent: Category | None = None
    for name in path.split(" > "):
        siblings = {fold(category.name): category for category in tenant.categories.filter(parent=parent)}
        parent = siblings.get(fold(name)) or create_category(tenant=tenant, name=name, parent=parent)
    return parent.pk if parent else 0


class CategoryChanges(TypedDict, total=False):
    name: str
    parent: Category | None


@transaction.atomic
def update_category(*, category: Category, **changes: Unpack[CategoryChanges]) -> Category:
    """Rename or move a category with all below it; what is not named stays as others have it by now.

    Raises CategoryNameTaken, CategoryInItself, Unreadable.
    """
    known = _locked(category.tenant)
    category, parent = known[category.pk], changes.get("parent")
    if parent and parent.pk in _below({pk: each.parent_id for pk, each in known.items()}, category.pk):
        raise CategoryInItself
    if "name" in changes:
        category.name = readable(changes["name"], field="name")
    if "parent" in changes:
        category.parent = parent
    return _save(category)


def descendants(tenant: Tenant, category_id: int) -> list[int]:
    """Ids of a category and of everything below it, one query; none for an id that is not the tenant's."""
    return _below(dict(tenant.categories.values_list("pk", "parent")), category_id)


def tree(categories: CategoryQuerySet) -> list[Branch]:
    """All the categories of a tenant, each below the one it belongs to; one query."""
    children: defaultdict[int | None, list[Category]] = defaultdict(list)
    for category in categories.by_name():
        children[category.parent_id].append(category)
    return list(_grown(children, None, 0, ""))


def counted_tree(tenant: Tenant) -> list[tuple[Branch, int]]:
    """The tree with the number of active articles in each category and below it; one query."""
    branches = tree(tenant.categories.with_article_count())
    totals = Counter({branch.category.pk: branch.category.article_count for branch in branches})
    for branch in reversed(branches):
        if branch.category.parent_id:
            totals[branch.category.parent_id] += totals[branch.category.pk]
    return [(branch, totals[branch.category.pk]) for branch in branches]


def _grown(
    children: dict[int | None, list[Category]], parent_id: int | None, depth: int, above: str
) -> Iterator[Branch]:
    for category in children.get(parent_id, ()):
        path = f"{above} › {category.name}" if above else category.name
        yield Branch(category, depth, path)
        yield from _grown(children, category.pk, depth + 1, path)


def _save(category: Category) -> Category:
    taken = category.tenant.categories.filter(parent=category.parent, name=category.name)
    save_or_refuse(category, taken=taken, refusal=CategoryNameTaken(name=category.name))
    return category


def _locked(tenant: Tenant) -> dict[int, Category]:
    """Every category, locked: two moves at once could close a circle that neither sees."""
    return tenant.categories.order_by("pk").select_for_update(no_key=True).in_bulk()


def _below(parents: dict[int, int | None], root: int) -> list[int]:
    branch = [root] if root in parents else []
    for known in branch:
        branch += [pk for pk, parent in parents.items() if parent == known]
    return branch
