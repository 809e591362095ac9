"""Run by a Python that has Tryton: fills products and moves, then takes for each line the time of searching for it.

in_tryton.py DATABASE_URL FOLDER FILE, the file with a line "number, name, owned" for each product.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

from trytond import config
from trytond.pool import Pool
from trytond.transaction import Transaction

NAME = "in_tryton"
SEASON, DAYS, END = date(2027, 1, 1), 365, date(2027, 7, 4)
HIRED = 1.8  # times a product is hired in the season
PRODUCTS = "product_product (id, template, code, suffix_code, active)"
TEMPLATES = "product_template (id, name, code, type, default_uom, active, consumable)"
MOVES = "stock_move (company, product, unit, quantity, internal_quantity, from_location, to_location, planned_date,"
MOVES += " effective_date, state)"


def main(url: str, folder: str, told: str) -> None:
    set_up(url, Path(folder))
    with Transaction().start(NAME, 0) as transaction:
        context = filled(transaction, Path(told))
        transaction.commit()
    with Transaction().start(NAME, 0, autocommit=True) as transaction:
        transaction.connection.cursor().execute("VACUUM ANALYZE")
    assert any(row["forecast_quantity"] for row in found(["spot"], context))
    for question in sys.stdin:
        print(f"ms:{milliseconds(question.split(), context)}", flush=True)


def set_up(url: str, folder: Path) -> None:
    settings, password = folder / "tryton.cfg", folder / "password"
    settings.write_text(f"[database]\nuri = {url.rpartition('/')[0]}/\n")
    password.write_text("a good long password\n")
    admin = [str(folder / "bin" / "trytond-admin"), "-c", str(settings), "-d", NAME]
    environment = os.environ | {"TRYTONPASSFILE": str(password)}
    for arguments in (["--all", "--email", "admin@example.org"], ["-u", "stock", "--activate-dependencies"]):
        subprocess.run([*admin, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    config.update_etc(str(settings))
    Pool.start()
    Pool(NAME).init()


def filled(transaction: Any, told: Path) -> dict[str, Any]:
    """What is asked with: company, store and user."""
    model = Pool(NAME).get
    [euro] = model("currency.currency").create([{"name": "Euro", "code": "EUR", "symbol": "€"}])
    [party] = model("party.party").create([{"name": "Aurora"}])
    [company] = model("company.company").create([{"party": party.id, "currency": euro.id}])
    [admin] = model("res.user").search([("login", "=", "admin")])
    model("res.user").write([admin], {"companies": [("add", [company.id])], "company": company.id})
    [unit] = model("product.uom").search([("symbol", "=", "u")])
    places = {kind: model("stock.location").search([("type", "=", kind)])[0].id for kind in ("storage", "customer")}
    supplier = model("stock.location").search([("type", "=", "supplier")])[0].id
    articles = [line.split("\t") for line in told.read_text().splitlines()]
    stock_up(transaction, articles, company.id, unit.id, supplier, *places.values())
    return {"user": admin.id, "company": company.id, "locations": [places["storage"]]}


def stock_up(
    transaction: Any, articles: list[list[str]], company: int, unit: int, supplier: int, store: int, customer: int
) -> None:
    """The products, bought long ago and hired out in the season."""
    kept = list(enumerate(articles, start=1))
    copied(transaction, TEMPLATES, ((key, row[1], row[0], "goods", unit, True, False) for key, row in kept))
    copied(transaction, PRODUCTS, ((key, key, row[0], "", True) for key, row in kept))
    bought = ((key, int(row[2]), supplier, store, SEASON - timedelta(400), "done") for key, row in kept)
    moves = (
        (company, key, unit, count, count, here, there, day, day if state == "done" else None, state)
        for key, count, here, there, day, state in chain(bought, hired(len(kept), store, customer))
    )
    copied(transaction, MOVES, moves)


def hired(products: int, store: int, customer: int) -> Iterator[tuple[int, int, int, int, date, str]]:
    """Out and back some days later."""
    random = Random(7)
    for _number in range(int(products * HIRED)):
        key, count, day = random.randint(1, products), random.randint(1, 10), SEASON + timedelta(random.randrange(DAYS))
        yield key, count, store, customer, day, "assigned"
        yield key, count, customer, store, day + timedelta(random.randint(1, 5)), "draft"


def copied(transaction: Any, table: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with transaction.connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def found(words: list[str], context: dict[str, Any]) -> list[dict[str, Any]]:
    """50 products that hold all words, with their number and what is in store at the end of the period."""
    asked = {"company": context["company"], "locations": context["locations"], "stock_date_end": END, "forecast": True}
    with Transaction().start(NAME, context["user"], readonly=True, context=asked):
        rows: list[dict[str, Any]] = (
            Pool(NAME)
            .get("product.product")
            .search_read(
                [("rec_name", "ilike", f"%{word}%") for word in words],
                limit=50,
                fields_names=["rec_name", "code", "list_price", "forecast_quantity"],
            )
        )
    return rows


def milliseconds(words: list[str], context: dict[str, Any]) -> float:
    begun = time.perf_counter()
    found(words, context)
    return (time.perf_counter() - begun) * 1e3


if __name__ == "__main__":
    main(*sys.argv[1:])
