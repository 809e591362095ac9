"""What each database has for finding parts of words; the one place of the search that knows them apart.

PostgreSQL has an index over the trigrams of all search keys, and keeps the words of each catalogue, to which typos
are corrected. SQLite, the embedded default, reads the keys of a catalogue one after the other; the hits are the same,
and a typo finds nothing.
"""

from dataclasses import dataclass

from django.db import connection

from eventworx.databases import is_postgresql

# The words of an article, as migration 0014 has them written down: what follows a FROM with a comma.
SPELT = """
    unnest(string_to_array(split_part({written}.search_key, '|', 1), ' ')) AS spelt (word)
    WHERE length(spelt.word) BETWEEN 4 AND 60 AND spelt.word !~ '[0-9]'
"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """SQL for a text that holds a part (and that begins with it), and the parameter made of the part.

    `has_parts`: whether parts are indexed and words of the catalogue known.
    """

    contains: str
    begins: str
    part: str
    beginning: str
    has_parts: bool


POSTGRES = Dialect(
    contains="{} LIKE %s",
    begins="{} LIKE %s",
    part="%{}%",
    beginning="{}%",
    has_parts=True,
)
SQLITE = Dialect(
    contains="instr({}, %s) > 0",
    begins="instr({}, %s) = 1",
    part="{}",
    beginning="{}",
    has_parts=False,
)


def dialect() -> Dialect:
    return POSTGRES if is_postgresql(connection) else SQLITE
