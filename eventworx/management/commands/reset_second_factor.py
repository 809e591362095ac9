"""`manage.py reset_second_factor`: for whoever lost device and recovery codes and has shown who they are."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventworx.accounts.second_factor import NoSecondFactor, reset_second_factor
from eventworx.audit import Actor
from eventworx.tenants.models import User


class Command(BaseCommand):
    help = "Take the second factor from a user who lost it, end their sessions and tell them by mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address that the user logs in with")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no user {email}.")
        try:
            reset_second_factor(user=user, actor=Actor("manage.py reset_second_factor"))
        except NoSecondFactor as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{user.email} logs in with the password alone now. Sessions are ended, a mail says so.")
