"""What each database has for finding parts of words; the one place of the search that knows them apart.

PostgreSQL has an index over the trigrams of all search keys, and keeps the words of each catalogue, to which typos
are corrected. SQLite, the embedded default, reads the keys of a catalogue one after the other; the hits are the same,
and a typo finds nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# Both extensions are trusted: the owner of a database may create them.
_INDEXES = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    "CREATE INDEX IF NOT EXISTS articles_by_parts ON inventory_article USING gin (tenant_id, search_key gin_trgm_ops)",
)

# The words of an article, as they are written down: what follows a FROM with a comma.
SPELT = """
    unnest(string_to_array(split_part({written}.search_key, '|', 1), ' ')) AS spelt (word)
    WHERE length(spelt.word) BETWEEN 4 AND 60 AND spelt.word !~ '[0-9]'
"""

# Statement by statement, so that an import pays once. Nothing is locked or unique: two who write the same new word at
# the same time do not wait for each other, and it stands there twice.
_NOTE_WORDS = """
    INSERT INTO inventory_catalogueword (tenant_id, word)
    SELECT DISTINCT written.tenant_id, spelt.word
    FROM {written}, {spelt} AND NOT EXISTS (
        SELECT 1 FROM inventory_catalogueword known
        WHERE known.tenant_id = written.tenant_id AND known.word = spelt.word
    )
""".replace("{spelt}", SPELT.format(written="written"))
_CHANGED = "written JOIN former ON former.id = written.id AND former.search_key <> written.search_key"
_TRIGGER = """
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {note_words}; RETURN NULL; END $$;
    CREATE TRIGGER {name} AFTER {event} FOR EACH STATEMENT EXECUTE FUNCTION {name}()
"""
_WORDS = (
    _NOTE_WORDS.format(written="inventory_article written"),
    _TRIGGER.format(
        name="words_of_new_articles",
        note_words=_NOTE_WORDS.format(written="written"),
        event="INSERT ON inventory_article REFERENCING NEW TABLE AS written",
    ),
    _TRIGGER.format(
        name="words_of_changed_articles",
        note_words=_NOTE_WORDS.format(written=_CHANGED),
        event="UPDATE ON inventory_article REFERENCING OLD TABLE AS former NEW TABLE AS written",
    ),
    "CREATE INDEX catalogue_words_by_parts ON inventory_catalogueword USING gin (tenant_id, word gin_trgm_ops)",
)
_NO_WORDS = (
    "DROP INDEX catalogue_words_by_parts",
    "DROP FUNCTION words_of_changed_articles() CASCADE",
    "DROP FUNCTION words_of_new_articles() CASCADE",
)


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
    return POSTGRES if _is_postgres(connection) else SQLITE


class OnPostgres(Operation):
    """Migration operation: statements of which the models know nothing, run on PostgreSQL alone."""

    reversible = True

    def __init__(self, purpose: str, forwards: Sequence[str], backwards: Sequence[str]) -> None:
        self.purpose, self.forwards, self.backwards = purpose, forwards, backwards

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models do not know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        self._run(schema_editor, self.forwards)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        self._run(schema_editor, self.backwards)

    def describe(self) -> str:
        return self.purpose

    def _run(self, schema_editor: BaseDatabaseSchemaEditor, statements: Sequence[str]) -> None:
        for statement in statements if _is_postgres(schema_editor.connection) else ():
            schema_editor.execute(statement)


def index_parts_of_words() -> Operation:
    return OnPostgres("Index the parts of words", _INDEXES, ("DROP INDEX IF EXISTS articles_by_parts",))


def note_words() -> Operation:
    return OnPostgres("Write down the words of articles with them", _WORDS, _NO_WORDS)


def _is_postgres(connection: Any) -> bool:
    return bool(connection.vendor == "postgresql")
