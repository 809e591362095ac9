"""Real luminaires as rows of a rental catalogue: `data/fixtures.csv` tells what a device is; what a rental company
adds (number, category, stock, price, codes) is derived here, always in the same way. Pure Python."""

import csv
import hashlib
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parent / "data"
# In this order: what a device is called by in the trade, its category here, day price (base, per watt).
TRADES = {
    "Moving Head": ("Moving Lights", Decimal(9), Decimal("0.055")),
    "Barrel Scanner": ("Scanner", Decimal(6), Decimal("0.03")),
    "Scanner": ("Scanner", Decimal(6), Decimal("0.03")),
    "Laser": ("Laser", Decimal(18), Decimal("0.12")),
    "Hazer": ("Nebel und Dunst", Decimal(16), Decimal("0.012")),
    "Smoke": ("Nebel und Dunst", Decimal(12), Decimal("0.012")),
    "Fan": ("Nebel und Dunst", Decimal(9), Decimal("0.02")),
    "Matrix": ("LED-Bars und Matrix", Decimal(6), Decimal("0.06")),
    "Pixel Bar": ("LED-Bars und Matrix", Decimal(6), Decimal("0.06")),
    "Strobe": ("Blinder und Stroboskope", Decimal(7), Decimal("0.018")),
    "Blinder": ("Blinder und Stroboskope", Decimal(7), Decimal("0.018")),
    "Flower": ("Lichteffekte", Decimal(6), Decimal("0.04")),
    "Stand": ("Lichteffekte", Decimal(8), Decimal("0.04")),
    "Color Changer": ("LED-Scheinwerfer", Decimal(4), Decimal("0.05")),
    "Dimmer": ("Weißlicht und Dimmer", Decimal(5), Decimal("0.05")),
    "Effect": ("Lichteffekte", Decimal(10), Decimal("0.03")),
    "Other": ("Lichtzubehör", Decimal(6), Decimal("0.04")),
}
# Manufacturers of whose devices a rental company owns many.
WORKHORSES = frozenset(
    ["Astera", "Ayrton", "cameo", "Chauvet Professional", "Clay Paky", "Elation", "ETC", "GLP", "Martin", "Robe"]
)
LOOKS_LIKE_A_PART_NUMBER = re.compile(r"[A-Z][A-Z0-9/-]{3,}[0-9A-Z]")


class CatalogueRow(NamedTuple):
    """An article as it stands in a data file; `category` is a path such as "Ton/Mikrofone"."""

    number: str
    name: str
    manufacturer: str
    part_number: str
    gtin: str
    category: str
    weight_kg: str
    price: str
    owned: str
    out_of_service: str
    description: str = ""


def read_table(name: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file of the demo, by column."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def luminaires() -> Iterator[CatalogueRow]:
    """Every device of `fixtures.csv`, numbered L-0001 onwards."""
    for serial, device in enumerate(read_table("fixtures.csv"), start=1):
        yield _as_catalogue_row(f"L-{serial:04}", {name: value.strip() for name, value in device.items()})


def _as_catalogue_row(number: str, device: dict[str, str]) -> CatalogueRow:
    name = f"{device['manufacturer']} {device['model']}"
    category, base, per_watt = _trade(device["categories"].split("|"))
    lot = _lot(name)
    price = round(2 * (base + per_watt * Decimal(device["power_w"] or 60))) / Decimal(2)
    return CatalogueRow(
        number=number,
        name=name,
        manufacturer=device["manufacturer"],
        part_number=device["short_name"] if LOOKS_LIKE_A_PART_NUMBER.fullmatch(device["short_name"]) else "",
        gtin=restricted_gtin(name) if lot % 3 else "",
        category=f"Licht/{category}",
        weight_kg=device["weight_kg"],
        price=str(price),
        owned=str(_stock(device["manufacturer"], lot)),
        out_of_service="1" if lot % 17 == 0 else "0",
        description=_description(device),
    )


def _trade(categories: list[str]) -> tuple[str, Decimal, Decimal]:
    return next(terms for word, terms in TRADES.items() if word in categories)


def _lot(name: str) -> int:
    """A number that looks thrown and is always the same for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])


def _stock(manufacturer: str, lot: int) -> int:
    """2 to 60 units, in the even numbers that are bought."""
    return 12 + lot % 25 * 2 if manufacturer in WORKHORSES else 2 + lot % 7 * 2


def restricted_gtin(name: str) -> str:
    """An invented GTIN-13 from the range that shops give to themselves (prefix 29), with its check digit."""
    return with_check_digit(f"29{_lot(name) % 10**10:010}")


def with_check_digit(digits: str) -> str:
    """GS1: weights 3 and 1 in turn from the right, up to the next multiple of ten."""
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return f"{digits}{-weighted % 10}"


def _description(device: dict[str, str]) -> str:
    sizes = [device[side] for side in ("width_mm", "height_mm", "depth_mm")]
    facts = [
        device["lamp_type"],
        f"{device['power_w']} W" if device["power_w"] else "",
        f"{' × '.join(sizes)} mm" if all(sizes) else "",
        f"DMX {device['connector']}" if device["connector"] else "",
    ]
    return ", ".join(fact for fact in facts if fact)
