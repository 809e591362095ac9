"""Loading the demo companies: once and for all, with logins that are said."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from eventworx.demo.companies import load_company
from eventworx.demo.logins import PASSWORD
from eventworx.tenants.models import Tenant, User

NOW = datetime(2027, 6, 10, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def demo(settings: Settings, tmp_path: Path, db: None) -> None:
    settings.EWX_DEMO, settings.DATA_DIR = True, tmp_path


def load(name: str, now: datetime = NOW) -> Tenant:
    load_company(name=name, now=now)
    return Tenant.objects.get(slug=name)


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("load_demo", *arguments, stdout=out)
    return out.getvalue()


def counts(tenant: Tenant) -> dict[str, int]:
    return {
        name: getattr(tenant, name).count()
        for name in ("articles", "categories", "contacts", "jobs", "positions", "reservations", "memberships")
    }


@pytest.mark.parametrize("name", ["aurora", "bassline"])
def test_loading_twice_changes_nothing(name: str) -> None:
    first = command(name, "--json")
    tenant = Tenant.objects.get(slug=name)
    before = counts(tenant)
    assert command(name, "--json") == first
    assert counts(tenant) == before


def test_people_log_in_with_what_is_printed() -> None:
    logins = json.loads(command("aurora", "--json"))["logins"]
    roles = {login["role"]: login for login in logins if login["tenant"] == "aurora"}
    assert set(roles) == {"admin", "sales", "warehouse", "read_only"}
    for login in logins:
        user = User.objects.get(email=login["email"])
        assert user.check_password(login["password"])
        assert user.memberships.get(tenant__slug=login["tenant"]).role == login["role"]
    for line in command("aurora").splitlines():
        assert PASSWORD in line


def test_one_is_in_both_companies_and_the_stranger_in_one() -> None:
    load("aurora")
    tenants = {user.email: {m.tenant.slug for m in user.memberships.all()} for user in User.objects.all()}
    assert tenants["beide@cymbal.example"] == {"aurora", "cymbal"}
    assert tenants["admin@cymbal.example"] == {"cymbal"}


def test_passwords_are_secret_where_real_people_may_log_in(settings: Settings) -> None:
    settings.EWX_DEMO = False
    passwords = [login.password for login in load_company(name="bassline", now=NOW)]
    assert len({*passwords, PASSWORD}) == len(passwords) + 1


def test_lost_logins_are_said(tmp_path: Path) -> None:
    command("bassline")
    (tmp_path / "demo-logins.json").unlink()
    with pytest.raises(CommandError, match="logins"):
        command("bassline")


def test_the_same_day_gives_the_same_company(settings: Settings) -> None:
    def figures(tenant: Tenant) -> list[Any]:
        return list(tenant.articles.order_by("number").values_list("number", "name", "gtin", "rental_price", "owned"))

    first = figures(load("bassline"))
    Tenant.objects.all().update(slug="former")
    User.objects.all().delete()
    assert figures(load("bassline")) == first
