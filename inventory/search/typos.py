"""What somebody meant who made a small mistake: the nearest words of the catalogue (mission J3).

Asked only where nothing was found. The words of a catalogue stay few however many articles it has, so that the
nearest are found quickly; the search then runs as ever, with them. Only words of articles that who asks may see come
into question: nobody learns from a correction that another word exists, and none takes the place of one that he sees.
Of a word that is made of several (8-Kanal) each is corrected by itself, digits never.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from inventory.search.dialects import SPELT
from inventory.search.statements import Sql, sql
from inventory.spelling import Wanted

SHORTEST, LONGEST = 4, 40  # letters of a word that can be corrected
FORGIVING = 8  # from so many letters on two mistakes are forgiven, else one
SHORT = 6  # up to so many letters two that changed places leave too little alike
LIKENESS = 0.2  # of the trigrams of a word, those that have to be there: where it is a part of another, few are
MOST = 8  # words that one is corrected to
NEAREST = 24  # words of the scope that are looked at
ASKED = 100  # words of which it is asked whether they are of it, so that no search is long
EACH = 1000  # articles with a word of which it is asked whether they are of it
SAMPLE = 200  # articles that tell most of the words that are seen

# Where the scope has few articles, their own words are all there is. Where it has many, whether a word is seen is asked
# word by word, the nearest first, until there are enough: first of a fair sample of the articles, which has most words,
# then of those that the index of parts finds, which are few for the others.
_NEAREST = """
    SELECT word FROM (
        SELECT known.word, word_similarity(typed.word, known.word) AS likeness
        FROM {known} known WHERE typed.word <%% known.word
        UNION ALL
        SELECT known.word, 1 FROM unnest({swapped}::text[], {of}::text[]) AS otherwise (swapped, word)
        JOIN {known} known ON known.word LIKE otherwise.swapped WHERE otherwise.word = typed.word
    ) known GROUP BY word ORDER BY MAX(likeness) DESC, word
"""
_IN_CATALOGUE = "(SELECT word FROM inventory_catalogueword WHERE tenant_id = {tenant})"
_OF_MANY = """
    SELECT set_config('pg_trgm.word_similarity_threshold', {likeness}, false);
    WITH sample AS MATERIALIZED (
        SELECT id, search_key FROM inventory_article WHERE id IN (
            SELECT id FROM inventory_article WHERE tenant_id = {tenant} AND archived_at IS NULL
            ORDER BY shuffle, id LIMIT {sample}
        )
    )
    SELECT typed.word, near.word FROM unnest({typed}::text[]) AS typed (word) CROSS JOIN LATERAL (
        SELECT word FROM ({nearest} LIMIT {asked}) known
        WHERE EXISTS (
            SELECT 1 FROM (
                SELECT id FROM sample WHERE {holds}
                UNION ALL
                SELECT unnest((ARRAY(
                    SELECT id FROM inventory_article WHERE tenant_id = {tenant} AND {holds}
                ))[:{each}])
            ) holding JOIN inventory_article ON inventory_article.id = holding.id WHERE {scope}
        ) LIMIT {most}
    ) near
"""
_OF_FEW = """
    SELECT set_config('pg_trgm.word_similarity_threshold', {likeness}, false);
    WITH own AS MATERIALIZED (
        SELECT DISTINCT spelt.word FROM inventory_article, {spelt}
        AND inventory_article.id = ANY({few}) AND {scope}
    )
    SELECT typed.word, near.word
    FROM unnest({typed}::text[]) AS typed (word) CROSS JOIN LATERAL ({nearest} LIMIT {most}) near
"""
_SPELT = Sql(SPELT.format(written="inventory_article"))
# As a word of the article, not as one that the search key joins of several.
_HOLDS = Sql(
    "search_key LIKE '%% ' || known.word || ' %%' AND split_part(search_key, '|', 1) LIKE '%% ' || known.word || ' %%'"
)


def corrected(*, tenant_id: int, scope: Sql, wanted: Wanted, few: Sequence[int] | None = None) -> Wanted | None:
    """The same with the nearest words that the articles of `scope` hold in the place of those that none of them does;
    None where nothing is near. `few`: the ids among which all of these articles are; no others are looked at."""
    typed = {piece for piece in chain(*wanted.pieces) if SHORTEST <= len(piece) <= LONGEST and piece.isalpha()}
    near = _near(tenant_id, scope, sorted(typed), few) if typed else {}
    unknown = {word: words for word, words in near.items() if not any(word in other for other in words)}
    meant = {word: _meant(word, words) for word, words in unknown.items()}
    if not any(meant.values()):
        return None
    known = zip(wanted.pieces, wanted.words, strict=True)
    return replace(wanted, words=tuple((*_otherwise(pieces, meant), *spellings) for pieces, spellings in known))


def mistakes(typed: str, word: str) -> int:
    """How many letters are missing, too many, wrong or swapped in `typed` for the nearest part of `word`."""
    before: list[int] = []
    row = [0] * (len(word) + 1)
    for i, letter in enumerate(typed, 1):
        before, above, row = row, before, [i]
        for j, other in enumerate(word, 1):
            least = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and other == typed[i - 2]:
                least = min(least, above[j - 2] + 1)
            row.append(least)
    return min(row)


def _otherwise(pieces: Sequence[str], meant: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A word with one of its pieces corrected."""
    for place, piece in enumerate(pieces):
        for word in meant.get(piece, ()):
            yield "".join((*pieces[:place], word, *pieces[place + 1 :]))


def _meant(typed: str, words: Iterable[str]) -> list[str]:
    """Of words those with the fewest mistakes, the most alike in length first; none with too many."""
    found = defaultdict(list)
    for word in sorted(words, key=lambda word: (abs(len(word) - len(typed)), word)):
        found[mistakes(typed, word)].append(word)
    forgiven = range(1, 3 if len(typed) >= FORGIVING else 2)
    return next((found[count][:MOST] for count in forgiven if count in found), [])


def _near(tenant_id: int, scope: Sql, typed: list[str], few: Sequence[int] | None) -> dict[str, set[str]]:
    """For each word that was typed the words of the articles of `scope` that come into question."""
    swaps = [(swapped, word) for word in typed if len(word) <= SHORT for swapped in _swapped(word)]
    found: dict[str, set[str]] = {word: set() for word in typed}
    nearest = sql(
        _NEAREST,
        known=sql(_IN_CATALOGUE, tenant=tenant_id) if few is None else Sql("own"),
        swapped=[f"%{swapped}%" for swapped, _word in swaps],
        of=[word for _swapped, word in swaps],
    )
    asked = {"likeness": str(LIKENESS), "typed": typed, "nearest": nearest, "scope": scope, "most": NEAREST}
    many = {"tenant": tenant_id, "sample": SAMPLE, "holds": _HOLDS, "asked": ASKED, "each": EACH}
    found_by = sql(_OF_MANY, **asked, **many) if few is None else sql(_OF_FEW, **asked, few=few, spelt=_SPELT)
    for word, other in found_by.rows:
        found[word].add(other)
    return found


def _swapped(word: str) -> Iterator[str]:
    """The word with two neighbours in each other's place."""
    for place in range(len(word) - 1):
        yield word[:place] + word[place + 1] + word[place] + word[place + 2 :]
