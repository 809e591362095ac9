"""`manage.py partner_conformance`: play the other side against any server that claims the partner protocol.

Exit codes: 0 everything that applies holds, 1 something failed, 2 the run could not begin. See docs/conformance.md.
"""

import contextlib
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from partners import conformance
from partners.conformance import Broken, Group, Identity, Options, Peer, Reception, Result, Verdict
from partners.protocol.pairing_code import CodeRefused
from partners.transport import Unreachable
from partners.transport.listening import listening

FAILED, NOT_BEGUN = 1, 2


class Command(BaseCommand):
    help = "Test a server of another vendor, or this one, against the partner protocol. Needs no database."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        code = verbs.add_parser("code", help="print the kit's own partner code; the first time, make its key")
        code.add_argument(
            "--state", type=Path, required=True, help="file with the kit's key; only its owner can read it"
        )
        code.add_argument("--origin", help="where the server under test reaches the kit, such as http://127.0.0.1:9999")
        run = verbs.add_parser("run", help="run cases and print what holds")
        run.add_argument("--state", type=Path, required=True, help="the file that `code` made")
        run.add_argument("--code", help="file with the code of the server under test, - for standard input")
        run.add_argument("--listen", metavar="HOST:PORT", help="where the kit listens; default: its own origin")
        run.add_argument("--no-listen", action="store_true", help="the server under test cannot reach the kit")
        run.add_argument("--unreleased", default="", metavar="ID", help="an article that exists and is not released")
        run.add_argument("--wait", type=float, default=600, help="seconds until the kit's code has to be entered there")
        run.add_argument("--patience", type=float, default=60, help="seconds in which a delivery has to come")
        run.add_argument("--json", action="store_true", dest="as_json", help="print for machines")
        for chooser in (run, verbs.add_parser("list", help="print the cases")):
            chooser.add_argument("--group", action="append", choices=list(Group), help="these groups only")
            chooser.add_argument("--only", default="", metavar="PREFIX", help="cases whose id begins so")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        {"code": self._code, "run": self._run, "list": self._list}[verb](options)

    def _list(self, options: dict[str, Any]) -> None:
        groups = [Group(name) for name in options["group"] or Group]
        for found in conformance.chosen(groups, options["only"]):
            self.stdout.write(conformance.listed(found))

    def _code(self, options: dict[str, Any]) -> None:
        path: Path = options["state"]
        identity = conformance.load(path) if path.exists() else Identity.new(options["origin"] or "", timezone.now())
        if options["origin"] not in {None, identity.origin}:
            raise CommandError(f"{path} was made for {identity.origin}.", returncode=NOT_BEGUN)
        try:
            text = identity.code_text()
        except ValueError as error:
            raise CommandError("Please name by --origin where the kit is reached.", returncode=NOT_BEGUN) from error
        conformance.save(identity, path)
        self.stdout.write(text)

    def _run(self, options: dict[str, Any]) -> None:
        identity = self._identity(options)
        results: list[Result] = []
        try:
            with self._peer(identity, options) as peer:
                for result in self._results(peer, options):
                    results.append(result)
                    if not options["as_json"]:
                        self.stdout.write(conformance.table_row(result))
        except (Broken, Unreachable) as error:
            raise CommandError(f"The pair does not come about: {error}", returncode=NOT_BEGUN) from error
        self._conclude(results, as_json=options["as_json"])

    def _results(self, peer: Peer, options: dict[str, Any]) -> Iterator[Result]:
        is_asked = not options["group"] and sys.stdin.isatty()
        groups = [Group(name) for name in options["group"] or (Group if is_asked else [Group.CONNECTED])]
        return conformance.run_groups(
            peer,
            groups,
            prefix=options["only"],
            is_ready=self._ask if is_asked else lambda _group: True,
            wait=options["wait"],
        )

    def _ask(self, group: Group) -> bool:
        answer = input(f"\n{group}: {conformance.REQUESTS[group]}\nThen press Enter; s leaves this group out. ")
        return answer.strip().lower() != "s"

    def _conclude(self, results: list[Result], *, as_json: bool) -> None:
        self.stdout.write(
            json.dumps(conformance.as_json(results), indent=2, ensure_ascii=False)
            if as_json
            else f"\n{conformance.summary(results)}"
        )
        verdicts = {result.verdict for result in results}
        if Verdict.FAILED in verdicts or Verdict.HELD not in verdicts:
            raise CommandError("Not everything holds.", returncode=FAILED)

    def _identity(self, options: dict[str, Any]) -> Identity:
        path: Path = options["state"]
        if not path.exists():
            raise CommandError(f"{path} is not there: `code` makes it.", returncode=NOT_BEGUN)
        identity = conformance.load(path)
        if options["code"]:
            text = sys.stdin.read() if options["code"] == "-" else Path(options["code"]).read_text(encoding="utf-8")
            try:
                identity.enter(text, timezone.now())
            except CodeRefused as refused:
                raise CommandError(f"The code is refused: {refused}.", returncode=NOT_BEGUN) from refused
            conformance.save(identity, path)
        if identity.partner is None:
            raise CommandError("Please give the code of the server under test by --code.", returncode=NOT_BEGUN)
        return identity

    @contextlib.contextmanager
    def _peer(self, identity: Identity, options: dict[str, Any]) -> Iterator[Peer]:
        def save() -> None:
            conformance.save(identity, options["state"])

        told = Options(patience=options["patience"], unreleased=options["unreleased"])
        if options["no_listen"]:
            yield Peer(identity=identity, options=told, save=save)
            return
        reception = Reception(identity, save)
        host, port = _address(options["listen"] or urlsplit(identity.origin).netloc)
        with listening(host, port, reception.answer):
            yield Peer(identity=identity, reception=reception, options=told, save=save)


def _address(text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise CommandError("Please say by --listen HOST:PORT where the kit listens.", returncode=NOT_BEGUN)
    return host.strip("[]"), int(port)
