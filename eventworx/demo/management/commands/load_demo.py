"""`manage.py load_demo aurora|bassline`: make a demo company, and say who may log in."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from eventworx.demo.companies import COMPANIES, load_company
from eventworx.demo.logins import Login, logins_file


class Command(BaseCommand):
    help = "Make a demo company (only once) and print its logins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("company", choices=COMPANIES)
        parser.add_argument("--json", action="store_true", help="print for machines")

    def handle(self, *args: Any, **options: Any) -> str:
        logins = load_company(name=options["company"], now=timezone.now())
        if not logins:
            raise CommandError(f"{options['company']} is there, but its logins are not in {logins_file()}.")
        if options["json"]:
            return json.dumps({"logins": [asdict(login) for login in logins]}, ensure_ascii=False)
        return "\n".join(_line(login) for login in logins)


def _line(login: Login) -> str:
    return f"{login.email:<28} {login.password:<18} {login.role_name}, {login.company}"
