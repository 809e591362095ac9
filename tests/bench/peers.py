"""What a user would pick instead, at the same work on the same PostgreSQL (figures F2 and F5).

Tryton, an ERP, searches 100,000 products and says what will be in store; pretix counts what is left of 50 quotas with
10,000 orders each. Both are installed from the package index into a folder that is thrown away, fill a database of
their own and are asked through their own functions, without a request around them; beside them stands our whole signed
one. InvenTree is in no package index; NetBox knows no stock, and runs on newer Pythons alone.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from django.db import connection

from eventworx.limits import Limit
from eventworx.periods import Period
from inventory.availability import stock_of
from partners.api import rates
from tests.bench.catalogue import Market, Scale
from tests.bench.copying import tidy, unhindered
from tests.bench.flat_history import ARTICLES, FIRST_FRIDAY, WEEKEND, made_store
from tests.bench.rows import Figures, Row
from tests.bench.searching import QUERIES, Asked
from tests.bench.side_by_side import interleaved, timed
from tests.factories import make_tenant

ONLY_ON = "postgresql"
MARK = "ms:"  # before what is meant for us; a peer says other things, too
Ask = Callable[[str], float]  # milliseconds that the question took


class Peer(NamedTuple):
    """Its script is run by a Python that has these packages, and told what to fill its database with."""

    script: str
    packages: Sequence[str]


TRYTON = Peer("in_tryton", ["trytond==8.2.1", "trytond-stock==8.2.1", "psycopg[binary]", "psycopg_pool"])
PRETIX = Peer("in_pretix", ["pretix==2026.8.0"])


def measure(markets: Sequence[Market], scale: Scale, *, rounds: int, runs: int) -> Figures:
    rates.PER_CONNECTION |= {name: Limit(name, 10**9, 60) for name in rates.PER_CONNECTION}
    with TemporaryDirectory(prefix="eventworx-peers-") as home:
        searched = _searched(markets[1], Path(home), rounds=rounds, runs=runs)
        counted = _counted(scale.histories[-1], Path(home), rounds=rounds, runs=runs)
    return Figures([searched, counted])


def _searched(market: Market, home: Path, *, rounds: int, runs: int) -> Row:
    lines = home / "articles.tsv"
    rows = market.lender.tenant.articles.order_by("pk").values_list("number", "name", "owned")
    lines.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    ours = Asked(market)
    with _running(TRYTON, home, str(lines)) as ask:
        asks: dict[str, Ask] = {"ours": lambda query: ours.ask(query).milliseconds, "Tryton": ask}
        p50 = _medians(asks, QUERIES, rounds=rounds, runs=runs)
    return Row("F2", f"Tryton: search, {ours.size}", p50["Tryton"], p50["ours"], "our signed search", "≥ 150")


def _counted(reservations: int, home: Path, *, rounds: int, runs: int) -> Row:
    with unhindered("inventory_reservation"):
        articles = made_store(make_tenant("beside-pretix"), reservations)
    tidy()
    weekend = Period(FIRST_FRIDAY, FIRST_FRIDAY + WEEKEND)
    with _running(PRETIX, home, f"{ARTICLES} {reservations}") as ask:
        asks: dict[str, Ask] = {
            "ours": lambda _question: timed(lambda: stock_of(articles=articles, period=weekend)),
            "pretix": ask,
        }
        p50 = _medians(asks, ["all"], rounds=rounds, runs=runs)
    what = f"pretix: {ARTICLES} quotas, {reservations:,} orders each"
    return Row("F5", what, p50["pretix"], p50["ours"], "ours for a weekend", "≥ 300")


def _medians(asks: dict[str, Ask], questions: Sequence[str], *, rounds: int, runs: int) -> dict[str, float]:
    def run(name: str, number: int) -> float:
        return asks[name](questions[number % len(questions)])

    times = interleaved(dict.fromkeys(asks, ()), run, rounds=rounds, runs=runs)
    return {name: median(some) for name, some in times.items()}


@contextmanager
def _running(peer: Peer, home: Path, told: str) -> Iterator[Ask]:
    """The peer, filled and ready to be asked."""
    folder = home / peer.script
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*pip, "install", *peer.packages], check=True)
    script = str(Path(__file__).with_name(f"{peer.script}.py"))
    command = [python, script, _own_database(peer.script), str(folder), told]
    with ExitStack() as ending:
        process = ending.enter_context(
            subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        ending.callback(process.kill)
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def ask(question: str) -> float:
            print(question, file=questions, flush=True)
            said = next((line for line in answers if line.startswith(MARK)), None)
            if said is None:
                raise RuntimeError(f"{peer.script} has ended")
            return float(said.removeprefix(MARK))

        yield ask


def _own_database(name: str) -> str:
    """URL of an empty database beside ours."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    chosen = connection.get_connection_params()
    return f"postgresql://{chosen['user']}:{chosen['password']}@{chosen['host']}:{chosen['port']}/{name}"
