"""A company is born by one command."""

import pytest
from django.core.management import CommandError, call_command

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role

pytestmark = pytest.mark.django_db


def test_a_company_with_its_first_administrator(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_tenant", "delta", "Delta Licht", "chef@delta.example")

    member = Tenant.objects.get(slug="delta").memberships.get()
    assert (member.user.email, member.role) == ("chef@delta.example", Role.ADMIN)
    assert not member.user.has_usable_password()
    assert "/accounts/password/reset/" in capsys.readouterr().out


@pytest.mark.parametrize("slug", ["api", "language", "delta", "Not A Slug"])
def test_a_name_that_cannot_be_is_refused_and_changes_nothing(slug: str) -> None:
    call_command("create_tenant", "delta", "Delta Licht", "chef@delta.example")

    with pytest.raises(CommandError):
        call_command("create_tenant", slug, "Andere", "chef@andere.example")

    assert list(Tenant.objects.values_list("slug", flat=True)) == ["delta"]
