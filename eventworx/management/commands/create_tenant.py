"""`manage.py create_tenant`: the first step of an operator after the installation."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from eventworx.audit import Actor
from eventworx.errors import BusinessError
from eventworx.tenants.tenants import create_tenant


class Command(BaseCommand):
    help = "Create a company (tenant) with its first administrator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="short name in addresses, such as aurora")
        parser.add_argument("name", help="name of the company; partners see it")
        parser.add_argument("admin_email", help="e-mail address of the first administrator")

    def handle(self, *args: Any, slug: str, name: str, admin_email: str, **options: Any) -> None:
        actor = Actor("manage.py create_tenant")
        try:
            membership = create_tenant(slug=slug, name=name, admin_email=admin_email, actor=actor)
        except (BusinessError, ValidationError) as error:
            raise CommandError(str(error)) from error
        way_in = settings.EWX_ORIGIN + reverse("account_reset_password")
        self.stdout.write(f"{membership.tenant.name} is created. {admin_email} sets a password at {way_in}")
