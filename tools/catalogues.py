"""The German catalogues: extract, check and compile without the gettext programs.

A message belongs to the catalogue of the app whose code or templates use it: `templates/<app>/` goes to
`<app>`, everything shared to `eventworx`. A catalogue holds exactly what is used today: no obsolete entries,
no fuzzy guesses, no line numbers, sorted by id, so that a diff shows wording and nothing else.

    python -m tools.catalogues update [app …] | compile | check
"""

from __future__ import annotations

import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

APPS = ("eventworx", "inventory", "jobs", "partners")
LANGUAGE = "de"
HEADER = """\
msgid ""
msgstr ""
"Language: de\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
SINGULAR, PLURAL = None, (1, 2)
CONTEXT, CONTEXT_PLURAL = ((1, "c"), 2), ((1, "c"), 2, 3)
KEYWORDS = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"], SINGULAR),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], PLURAL),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], CONTEXT),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], CONTEXT_PLURAL),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}")

Key = tuple[str | None, str]
"""Context and message id (of a plural: its singular)."""


def catalogue_path(home: Path) -> Path:
    return home / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def homes(root: Path) -> list[Path]:
    """Directories with a catalogue of their own: the four apps, and packages within them that have one."""
    apps = [root / app for app in APPS if (root / app).is_dir()]
    inner = [found.parents[3] for app in apps for found in app.glob("*/locale/de/LC_MESSAGES/django.po")]
    return sorted({*apps, *inner})


def sources(root: Path) -> Iterator[Path]:
    """Every file of the product that may use a message."""
    for app in APPS:
        yield from sorted((root / app).rglob("*.py"))
    for folder in (root / "templates", *(root / app for app in APPS)):
        yield from sorted(path for path in folder.rglob("*") if _is_template(path))


def _is_template(path: Path) -> bool:
    return "templates" in path.parts and path.suffix in {".html", ".txt", ".svg"}


def home_of(source: Path, root: Path, candidates: Iterable[Path]) -> Path:
    """The directory whose catalogue holds the messages of this file."""
    parts = source.relative_to(root).parts
    if parts[0] == "templates":
        return next((home for home in candidates if home.name == parts[1]), root / APPS[0])
    return max((home for home in candidates if home in source.parents), key=lambda home: len(home.parts))


def used_messages(root: Path) -> dict[Path, Catalog]:
    """What code and templates use today, as one untranslated catalogue per home."""
    used = {home: Catalog(locale=LANGUAGE) for home in homes(root)}
    for source in sources(root):
        catalogue = used[home_of(source, root, used)]
        for _line, message, comments, context in _extract(source):
            catalogue.add(message, context=context, auto_comments=comments)
    return used


def _extract(source: Path) -> Iterable[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    text = source.read_text(encoding="utf-8")
    if source.suffix != ".py":
        # The tokenizer would stumble over the indentation of what is no Python at all.
        text = "\n".join(line.lstrip() for line in templatize(text, origin=str(source)).splitlines())
    return extract("python", io.BytesIO(text.encode()), KEYWORDS, ["Translators:"], {"encoding": "utf-8"})


def read_catalogue(home: Path) -> Catalog:
    path = catalogue_path(home)
    if not path.exists():
        return Catalog(locale=LANGUAGE)
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE, abort_invalid=True)


def entries(catalogue: Catalog) -> dict[Key, Message]:
    return {(entry.context, _singular(entry)): entry for entry in catalogue if entry.id}


def _singular(entry: Message) -> str:
    return str(entry.id) if isinstance(entry.id, str) else str(entry.id[0])


def _forms(value: str | Iterable[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ("",))


def update(root: Path, *names: str) -> list[str]:
    """Bring the catalogues (or only those of the named apps) in line with the sources.

    Returns what has to be translated now, in all of them."""
    for home, used in used_messages(root).items():
        if names and home.name not in names:
            continue
        known = entries(read_catalogue(home))
        for key, entry in entries(used).items():
            before = known.get(key)
            if before is not None and entry.pluralizable == before.pluralizable:
                entry.string, entry.user_comments = before.string, before.user_comments
        if entries(used):
            _write(used, catalogue_path(home))
    return problems(root)


def _write(catalogue: Catalog, path: Path) -> None:
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=110, no_location=True, omit_header=True, sort_output=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + buffer.getvalue().decode().strip() + "\n", encoding="utf-8")


def compile_all(root: Path) -> None:
    """Write the .mo beside every .po, whole or not at all: a server may be reading it."""
    for home in homes(root):
        path = catalogue_path(home)
        if path.exists():
            fresh = path.with_suffix(".mo.new")
            with fresh.open("wb") as file:
                write_mo(file, read_catalogue(home))
            fresh.replace(path.with_suffix(".mo"))


def problems(root: Path) -> list[str]:
    """One sentence for everything that a German reader would notice, and for entries that nobody uses."""
    used = used_messages(root)
    kept = {home: read_catalogue(home) for home in used}
    found = [line for home in used for line in _problems_of(home.relative_to(root), used[home], kept[home])]
    return [*found, *_contradictions(root, kept)]


def _problems_of(home: Path, used: Catalog, kept: Catalog) -> Iterator[str]:
    wanted, present = entries(used), entries(kept)
    for key, entry in wanted.items():
        if key not in present or not all(_forms(present[key].string)):
            yield f"{home}: missing: {_quoted(key)}"
        elif entry.pluralizable != present[key].pluralizable:
            yield f"{home}: singular and plural do not agree: {_quoted(key)}"
    for key, entry in present.items():
        if key not in wanted:
            yield f"{home}: unused: {_quoted(key)}"
        if entry.fuzzy:
            yield f"{home}: fuzzy: {_quoted(key)}"
        if not _placeholders_agree(entry):
            yield f"{home}: placeholders differ: {_quoted(key)}"
    yield from (f"{home}: obsolete: {_quoted((None, str(entry)))}" for entry in kept.obsolete)


def _placeholders_agree(entry: Message) -> bool:
    """German uses what English uses; only a singular may leave the number out, as "one job" does."""
    english = [_placeholders(text) for text in _forms(entry.id)]
    german = [_placeholders(text) for text in _forms(entry.string)]
    if not all(_forms(entry.string)):
        return True
    return german[-1] == english[-1] and german[0] <= set.union(*english)


def _placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text.replace("%%", "")))


def _contradictions(root: Path, kept: dict[Path, Catalog]) -> Iterator[str]:
    wordings: dict[Key, dict[tuple[str, ...], Path]] = defaultdict(dict)
    for home, catalogue in kept.items():
        for key, entry in entries(catalogue).items():
            if all(_forms(entry.string)):
                wordings[key].setdefault(_forms(entry.string), home.relative_to(root))
    for key, versions in wordings.items():
        if len(versions) > 1:
            spelled = " / ".join(f"{home}: {forms[0]!r}" for forms, home in versions.items())
            yield f"translated differently: {_quoted(key)} ({spelled})"


def _quoted(key: Key) -> str:
    context, message = key
    return repr(message) if context is None else f"{message!r} ({context})"


def main(arguments: list[str]) -> int:
    root = Path(__file__).resolve().parent.parent
    action, *names = arguments
    if action == "compile":
        compile_all(root)
        return 0
    found = update(root, *names) if action == "update" else problems(root)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
