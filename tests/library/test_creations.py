"""Finding takes: filters, words, pages, looks and counts, the same on both databases."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, inspect, select, text, update
from tests.library.conftest import only_postgres, only_sqlite

from samecast.core.cast import Character
from samecast.core.consistency import Outcome, Score, ScoreVerdict, TakeScore, take_score_to_json
from samecast.core.errors import InvalidInput, MissingPart, NotFound
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe, TakeKind
from samecast.core.story import Shot, Take
from samecast.library import Library, open_library, schema
from samecast.library import wording as w
from samecast.library.creations import Creations, cursor_at
from samecast.library.looks_sqlite import PER_BLOCK, SqliteCodes
from samecast.ports.creations import Look, Tally, Wanted
from samecast.settings import Settings

MakeCharacter = Callable[..., Character]
NOON = datetime(2026, 5, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Films:
    """Makes takes that are done, an hour after each other, and finds them by their number."""

    library: Library
    made: int = 0

    def __post_init__(self) -> None:
        self.creations = Creations(database=self.library.database)

    def add(
        self,
        prompt: str,
        *who: str,
        verdict: ScoreVerdict | Sequence[ScoreVerdict] | None = "match",
        model: str = "storyboard",
        kind: TakeKind = "video",
        picked: bool = False,
        at: datetime | None = None,
        **changes: Any,
    ) -> str:
        """A shot of one take; returns the take's id. `who` are handles, with their verdicts."""
        self.made += 1
        shot, take = f"s{self.made}", f"s{self.made}-1"
        verdicts = [verdict] * len(who) if verdict is None or isinstance(verdict, str) else list(verdict)
        scores = [score(handle, one) for handle, one in zip(who, verdicts, strict=True) if one is not None]
        self.library.shots.add(
            Shot(
                id=shot,
                prompt=prompt,
                model=model,
                out=f"/films/{shot}",
                takes=(
                    Take(
                        id=take,
                        shot_id=shot,
                        number=1,
                        recipe=recipe(prompt, who, model, kind, self.made),
                        **{
                            "state": "done",
                            "asset": f"{self.made:064x}",
                            "score": take_score_to_json(TakeScore(characters=tuple(scores))),
                            "seconds": 2.0,
                            "cost": 40_000,
                            "made_at": at or NOON + self.made * HOUR,
                            **changes,
                        },
                    ),
                ),
                picked=take if picked else None,
                created_at=NOON,
                state="done",
            )
        )
        return take

    def found(self, words: str = "", **filters: Any) -> list[str]:
        page = self.creations.page(Wanted(words=words, **filters), limit=100)
        assert page.cursor is None
        return [one.take for one in page.creations]


def recipe(prompt: str, who: Sequence[str], model: str, kind: TakeKind, seed: int) -> Recipe:
    return Recipe(
        model=model,
        engine_version="1",
        kind=kind,
        prompt=prompt,
        brief=Brief(who=tuple(who)),
        members=tuple(
            Member(handle=handle, name=handle.title(), version=1, digest="d", references=("a" * 64,)) for handle in who
        ),
        width=720,
        height=1280,
        seed=seed,
        seconds=4.0 if kind == "video" else 0.0,
        fps=24 if kind == "video" else 0,
    )


def score(handle: str, verdict: ScoreVerdict, likeness: float = 0.9) -> Score:
    measured = likeness if verdict in ("match", "drift") else None
    return Score(handle=handle, verdict=verdict, p_same=measured, worst=measured, encoder="dlib", reason="So it is.")


@pytest.fixture
def films(library: Library, a_character: MakeCharacter) -> Films:
    library.cast.add(a_character("mira", name="Mira Tanaka", tags=("lead", "episode 1")))
    library.cast.add(a_character("jo", name="Jô Ünal", tags=("villain",)))
    return Films(library)


# --- filters ----------------------------------------------------------------------------------------------------


@pytest.fixture
def four(films: Films) -> dict[str, str]:
    return {
        "mira": films.add("@mira in the rain", "mira", picked=True),
        "jo": films.add("@jo in the rain", "jo", verdict="drift", kind="image", model="fal/flux:2 dev"),
        "both": films.add("@mira meets @jo", "mira", "jo", verdict=("match", "missing")),
        "nobody": films.add("an empty street", verdict=None, model="flux"),
    }


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["nobody", "both", "jo", "mira"]),
    ({"character": "mira"}, ["both", "mira"]),
    ({"character": "jo"}, ["both", "jo"]),
    ({"tag": "lead"}, ["both", "mira"]),
    ({"tag": "Episode 1"}, ["both", "mira"]),
    ({"tag": "episode"}, []),
    ({"tag": "villain"}, ["both", "jo"]),
    ({"model": "fal/flux:2 dev"}, ["jo"]),
    ({"model": "flux"}, ["nobody"]),
    ({"kind": "image"}, ["jo"]),
    ({"kind": "video"}, ["nobody", "both", "mira"]),
    ({"verdict": "match"}, ["mira"]),
    ({"verdict": "drift"}, ["jo"]),
    ({"verdict": "missing"}, ["both"]),
    ({"verdict": "not_measurable"}, []),
    ({"verdict": "match", "character": "mira"}, ["both", "mira"]),
    ({"verdict": "missing", "character": "mira"}, []),
    ({"picked": True}, ["mira"]),
    ({"picked": True, "kind": "image"}, []),
    ({"since": NOON + 2 * HOUR}, ["nobody", "both", "jo"]),
    ({"until": NOON + 2 * HOUR}, ["mira"]),
    ({"since": NOON + 2 * HOUR, "until": NOON + 4 * HOUR}, ["both", "jo"]),
    ({"words": "rain", "kind": "video"}, ["mira"]),
    ({"words": "rain", "tag": "villain", "verdict": "drift", "model": "fal/flux:2 dev"}, ["jo"]),
    ({"words": "rain", "until": NOON}, []),
]


def test_filters(films: Films, four: dict[str, str]) -> None:
    for filters, names in FILTERS:
        assert films.found(**filters) == [four[name] for name in names], filters


def test_a_creation_says_what_it_is(films: Films, four: dict[str, str]) -> None:
    newest, both, jo, mira = films.creations.page(Wanted(), limit=10).creations
    assert (both.who, both.verdict, both.likeness) == ((("mira", "match"), ("jo", "missing")), "missing", 0.9)
    assert (newest.who, newest.verdict, newest.likeness, newest.picked) == ((), None, None, False)
    assert (jo.kind, jo.length, jo.model, jo.width, jo.height) == ("image", 0.0, "fal/flux:2 dev", 720, 1280)
    assert (mira.shot, mira.number, mira.prompt, mira.made_at) == ("s1", 1, "@mira in the rain", NOON + HOUR)
    assert (mira.picked, mira.asset, mira.path, mira.seconds, mira.cost) == (True, f"{1:064x}", None, 2.0, 40_000)


def test_where_a_take_was_written_is_told_once_it_is(films: Films) -> None:
    take = films.add("rain")
    assert [one.path for one in films.creations.some([take])] == [None]
    films.library.shots.finish_take(replace(films.library.shots.get("s1").takes[0], path="/elsewhere/1.png"))
    assert [one.path for one in films.creations.some([take])] == ["/elsewhere/1.png"]


def test_somebody_nobody_ever_heard_of(films: Films, four: dict[str, str]) -> None:
    with pytest.raises(NotFound, match="no @miro") as caught:
        films.found(character="miro")
    assert "@mira" in caught.value.hint
    films.add("from elsewhere", "stranger")  # in a recipe, but never in this cast
    assert films.found(character="stranger") == ["s5-1"]
    assert films.found("strang") == ["s5-1"]


def test_only_takes_that_are_done(films: Films) -> None:
    for state in ("waiting", "failed"):
        films.add("rain", state=state)
    assert films.found() == films.found("rain") == []
    assert films.creations.stats().done == Tally()


def test_a_take_in_which_two_are_mixed_up_does_not_match(films: Films) -> None:
    mixed = TakeScore(
        characters=(score("mira", "match"), score("jo", "match")),
        outcomes=(Outcome(kind="swapped", handles=("mira", "jo"), start=0, end=1, frames=9, reason="Swapped."),),
    )
    films.add("rain", "mira", "jo", score=take_score_to_json(mixed))
    assert films.found(verdict="drift") == ["s1-1"]
    assert films.found(verdict="match") == []


# --- words ------------------------------------------------------------------------------------------------------


@pytest.fixture
def said(films: Films) -> Films:
    films.add("Slow tracking shot of @mira in a neon-lit alley, 35mm, f/1.4", "mira")
    films.add("Un café à Zürich, l'été 🌧 für @jo", "jo", verdict="drift")
    films.add("東京の路地 雨の夜", "mira", model="kling-2.1")
    films.add("Ночная Ёлка и ПЛОЩАДЬ", verdict=None)
    films.add("บ้านในป่า", verdict=None, kind="image")
    return films


WORDS: list[tuple[str, list[int]]] = [
    ("slow tracking", [1]),
    ("tracking slow", [1]),
    ("trac", [1]),
    ("trac slow", []),  # only the last word may be unfinished
    ("neon-lit", [1]),
    ("lit neon", [1]),
    ("NEON", [1]),
    ("35MM f/1.4", [1]),
    ("cafe", [2]),
    ("CAFÉ ete", [2]),
    ("zurich", [2]),
    ("🌧", [2]),
    ("für", [2]),
    ("雨", [3]),
    ("夜雨", [3]),
    ("東京", [3]),
    ("京都", []),
    ("ночная ёлка", [4]),
    ("площ", [4]),
    ("ป่า", [5]),
    ("@mira", [3, 1]),
    ("mira", [3, 1]),
    ("Tanaka", [3, 1]),
    ("tana", [3, 1]),
    ("unal", [2]),
    ("villain", [2]),
    ("episode 1", [3, 1]),
    ("kling", [3]),
    ("kling-2.1", [3]),
    ("drift", [2]),
    ("mira drift", []),
    ("jo drift cafe", [2]),
    ("slow mira", [1]),
    ("tanaka slow", [1]),
    ("s", [5, 4, 2, 1]),  # storyboard
    ("", [5, 4, 3, 2, 1]),
    ("   ", []),
    ("nowhere", []),
]


def test_words(said: Films) -> None:
    for words, numbers in WORDS:
        assert said.found(words) == [f"s{number}-1" for number in numbers], words


HOSTILE = [
    '"',
    "'",
    "rain*",
    "-rain",
    "NOT^rain",
    '"rain',
    "(rain",
    "rain:*",
    "^rain",
    "NEAR(rain)",
    "\\",
    "rain&!",
    "a|b",
    "<->",
    "''",
    "%",
    "_",
    "@",
    "=",
    "kind=video",
    "{words}:rain",
    'rain"',
    "🌧️",
    "👩\u200d🚀",
    "İ",
    "ǆ",
    "ﬁ",
]
HOSTILE += ["rain AND", "rain OR", "NOT rain", "\0", "\ud800", "e\u0301", "\u0301", "\u202erain", "\u0e00"]
HOSTILE += ["rain " * 5000, "x" * 10_000, "!" * 3000, "é" * 70]


def test_what_is_typed_is_never_an_error(said: Films) -> None:
    take = said.add("rain", verdict=None)
    for words in HOSTILE:
        assert (take in said.found(words)) == (set(w.words(words)) == {"rain"}), ascii(words[:20])
    said.add("x" * 10_000, verdict=None)
    assert said.found("x" * 10_000) == said.found("x" * 64) == ["s7-1"]


def test_operators_are_words(films: Films) -> None:
    films.add("rain and snow")
    films.add("rain")
    assert films.found("rain AND snow") == ["s1-1"]
    assert films.found("rain NOT snow") == []
    assert films.found("rain OR") == []
    assert films.found("rain*") == films.found('"rain"') == films.found("-rain") == ["s2-1", "s1-1"]


def test_no_search_fails_and_both_databases_agree_with_plain_python(films: Films) -> None:
    prompts = [
        "rain on neon",
        "Café NEAR the sea",
        "neon-lit 東京",
        "a 'quoted' \"thing\"",
        "100% _under_ score",
        "🌧 rain",
    ]
    for prompt in prompts:
        films.add(prompt, verdict=None, model="m")
    films.found()

    pieces = ["rain", "neon", "caf", "NEAR", "AND", "東", "*", '"', "'", "-", "(", "🌧", "unde", "%", "_", "thin"]

    @hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(st.text(max_size=12), st.lists(st.sampled_from(pieces), max_size=4).map(" ".join)))
    def search(typed: str) -> None:
        assert films.found(typed) == [f"s{n}-1" for n in by_hand(prompts, typed)]

    def by_hand(prompts: Sequence[str], typed: str) -> list[int]:
        asked = list(w.words(typed))[: w.MOST_LOOKED_FOR]
        kept = [{*w.words(prompt), "m"} for prompt in prompts]
        if typed and not asked:
            return []
        first, last = asked[:-1], asked[-1:]
        # The cast is Mira, Jo and their tags, and nobody of them is in these takes.
        return [
            number + 1
            for number, terms in reversed(list(enumerate(kept)))
            if set(first) <= terms
            and all(
                word in terms or (not w.stands_alone(word) and any(term.startswith(word) for term in terms))
                for word in last
            )
        ]

    search()


@pytest.mark.parametrize("typed", ["k", "ki", "kin", "kind", "mod", "model", "is", "pic", "picke", "vid", "yes"])
def test_no_beginning_meets_what_is_kept_for_filters(films: Films, typed: str) -> None:
    films.add("@mira in the rain", "mira", picked=True, model="storyboard")
    assert films.found(typed) == []
    assert films.found("mir") == films.found("rai") == films.found("matc") == ["s1-1"]


def test_a_beginning_that_very_many_words_have(films: Films) -> None:
    for start in range(0, 600, 100):
        films.add(" ".join(f"tower{number:03d}" for number in range(start, start + 100)))
    assert films.found("towe") == [f"s{number}-1" for number in range(6, 0, -1)]
    assert films.found("tower25") == ["s3-1"]


# --- what changes -----------------------------------------------------------------------------------------------


def test_a_new_name_and_new_tags_are_found_at_once(films: Films) -> None:
    films.add("rain", "mira")
    assert films.found("tanaka") == films.found(tag="lead") == ["s1-1"]
    films.library.cast.update("mira", name="Mirabel Okafor", tags=("extra",))
    assert films.found("okafor") == films.found("okaf") == films.found(tag="extra") == films.found("extra") == ["s1-1"]
    assert films.found("tanaka") == films.found(tag="lead") == films.found("lead") == []
    assert films.found("mira") == ["s1-1"]


def test_somebody_who_was_removed_is_still_found_in_takes(films: Films) -> None:
    films.add("rain", "mira")
    assert films.library.cast.remove("jo") is True
    with pytest.raises(NotFound):
        films.found(character="jo")
    films.library.cast.remove("mira")
    assert films.found(character="mira") == films.found("tanaka") == ["s1-1"]
    assert films.creations.stats().characters in (0, 1)  # of a recipe alone nobody is pinned, so nothing is left


def test_a_take_scored_again(films: Films) -> None:
    take = films.add("rain", "mira", verdict="drift")
    assert films.found(verdict="drift") == films.found("drift") == [take]
    shot = films.library.shots.get("s1")
    again = take_score_to_json(TakeScore(characters=(score("mira", "match"),)))
    films.library.shots.finish_take(replace(shot.takes[0], score=again))
    assert films.found(verdict="drift") == films.found("drift") == []
    assert films.found(verdict="match", character="mira") == [take]
    assert films.creations.stats().cast == {"mira": Tally(takes=1, judged=1, matched=1, seconds=2.0, cost=40_000)}
    for column, value in (("score", None), ("cost", 7), ("seconds", 3.0)):
        with films.library.database.write() as connection:
            connection.execute(update(schema.takes).values({column: value}))
        films.creations.catch_up()
    assert films.found(verdict="match") == []
    assert films.creations.stats().cast == {"mira": Tally(takes=1, judged=0, matched=0, seconds=3.0, cost=7)}


def test_a_pick_that_moves(films: Films) -> None:
    films.add("rain", picked=True)
    films.add("snow")
    assert films.found(picked=True) == ["s1-1"]
    films.library.shots.pick("s1", None, "None is good enough.")
    films.library.shots.pick("s2", "s2-1", "It holds.")
    assert films.found(picked=True) == ["s2-1"]
    assert films.creations.page(Wanted(), limit=1).creations[0].picked


def test_takes_that_are_removed(films: Films) -> None:
    films.add("rain", "mira", picked=True)
    films.add("rain", "jo")
    assert len(films.found()) == 2
    with films.library.database.write() as connection:
        connection.execute(delete(schema.shots).where(schema.shots.c.id == "s1"))
    assert films.found() == films.found("rain") == ["s2-1"]
    assert films.found("mira") == films.found(picked=True) == []
    assert set(films.creations.stats().cast) == {"jo"}


def test_a_library_of_before_is_taken_in(films: Films, settings: Settings) -> None:
    """What revision 0003 does to takes that were there."""
    films.add("rain", "mira")
    films.found()
    with films.library.database.write() as connection:
        for table in ("creations", "creation_words", "creation_tallies"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("INSERT INTO creation_queue (take_id) SELECT id FROM takes WHERE state = 'done'"))
    told: list[tuple[int, int]] = []
    films.creations.catch_up(lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]
    assert films.found("rain") == ["s1-1"]
    films.creations.catch_up(lambda done, total: told.append((done, total)))
    assert told == [(1, 1)], "there is nothing more to take in"


def test_the_triggers_are_there(library: Library) -> None:
    """A later revision that alters these tables in batch mode on SQLite would drop them without a word."""
    on_sqlite = library.database.engine.dialect.name == "sqlite"
    asked = "SELECT name FROM sqlite_master WHERE type = 'trigger'" if on_sqlite else "SELECT tgname FROM pg_trigger"
    with library.database.read() as connection:
        names = {name for name in connection.execute(text(asked)).scalars() if name.startswith("creations_of_")}
    takes = {f"creations_of_{which}_takes" for which in ("new", "changed", "gone")}
    picks = {f"creations_of_{which}_picks" for which in ("new", "changed", "replaced", "gone")}
    tags = {f"creations_of_{which}_tags" for which in ("new", "changed", "gone")}
    assert names == takes | picks | tags | {"creations_of_new_looks", "creations_of_changed_looks"}


def test_what_is_worked_out_is_in_no_copy(library: Library) -> None:
    with library.database.read() as connection:
        tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
    beyond = tables - set(schema.metadata.tables)
    assert {"creations", "creation_words", "creation_tallies", "creation_queue"} <= beyond
    assert all(name.startswith(schema.DERIVED_PREFIXES) for name in beyond)
    assert not any(name.startswith(schema.DERIVED_PREFIXES) for name in schema.metadata.tables)


# --- pages ------------------------------------------------------------------------------------------------------


def pages(films: Films, wanted: Wanted, size: int, between: Callable[[], object] = lambda: None) -> list[list[str]]:
    found, cursor = [], None
    while True:
        page = films.creations.page(wanted, limit=size, after=cursor)
        found.append([one.take for one in page.creations])
        if page.cursor is None:
            return found
        assert len(found) < 50, "it goes round in circles"
        cursor = page.cursor
        between()


@pytest.mark.parametrize("words", ["", "rain", "ra"])
def test_pages_hold_every_take_once(films: Films, words: str) -> None:
    for number in range(11):
        films.add("rain", at=NOON + (number // 3) * HOUR)  # three at a time in the very same moment
    whole = films.found(words)
    assert len(set(whole)) == 11
    for size in (1, 2, 4, 11, 100):
        cut = pages(films, Wanted(words=words), size)
        assert [take for page in cut for take in page] == whole
        assert [len(page) for page in cut[:-1]] == [size] * (len(cut) - 1)
        assert cut[-1], "no page is empty"


def test_pages_stay_while_takes_arrive_and_go(films: Films) -> None:
    for _ in range(9):
        films.add("rain")
    before = films.found("rain")
    cut = pages(films, Wanted(words="rain"), 2, between=lambda: films.add("rain"))
    assert [take for page in cut for take in page] == before

    def remove_the_newest() -> None:
        with films.library.database.write() as connection:
            newest = films.creations.page(Wanted(), limit=1).creations[0].shot
            connection.execute(delete(schema.shots).where(schema.shots.c.id == newest))

    before = films.found("rain")
    assert [take for page in pages(films, Wanted(words="rain"), 3, remove_the_newest) for take in page] == before


def test_a_take_that_arrives_late_takes_its_place_in_time(films: Films) -> None:
    films.add("rain", at=NOON)
    films.add("rain", at=NOON + 2 * HOUR)
    assert films.found("rain") == ["s2-1", "s1-1"]
    films.add("rain", at=NOON + HOUR)
    assert films.found("rain") == films.found() == ["s2-1", "s3-1", "s1-1"]


@pytest.mark.parametrize("token", ["", "x", "AAAA", "ééé", cursor_at(5)[:-1], "A" + cursor_at(5)[1:][::-1], "0; DROP"])
def test_a_cursor_that_is_none(films: Films, token: str) -> None:
    with pytest.raises(InvalidInput, match="no place to go on from"):
        films.creations.page(Wanted(), limit=5, after=token)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_of_no_size(films: Films, limit: int) -> None:
    with pytest.raises(InvalidInput):
        films.creations.page(Wanted(), limit=limit)


# --- figures ----------------------------------------------------------------------------------------------------


def test_figures(films: Films, four: dict[str, str]) -> None:
    films.add("waiting", "mira", state="waiting", score=None)
    stats = films.creations.stats()
    assert stats.characters == 2
    assert stats.shots == {"done": 5}
    assert stats.takes == {"done": 4, "waiting": 1}
    assert stats.done == Tally(takes=4, judged=3, matched=1, seconds=8.0, cost=160_000)
    assert stats.unlooked == 4
    assert stats.models == {
        "storyboard": Tally(takes=2, judged=2, matched=1, seconds=4.0, cost=80_000),
        "fal/flux:2 dev": Tally(takes=1, judged=1, matched=0, seconds=2.0, cost=40_000),
        "flux": Tally(takes=1, judged=0, matched=0, seconds=2.0, cost=40_000),
    }
    assert stats.cast["mira"] == Tally(takes=2, judged=2, matched=2, seconds=4.0, cost=80_000)
    assert stats.cast["jo"] == Tally(takes=2, judged=2, matched=0, seconds=4.0, cost=80_000)
    assert {name: tally.takes for name, tally in stats.verdicts.items()} == {"match": 1, "drift": 1, "missing": 1}
    assert list(stats.days) == ["2026-05-31"]


def test_counts_are_what_counting_anew_gives(films: Films) -> None:
    """However takes were added, judged again, picked and removed, in whatever order."""
    lots = random.Random(3)
    verdicts: tuple[ScoreVerdict, ...] = ("match", "drift", "missing", "not_measurable")
    for _ in range(25):
        films.add("rain", "mira", "jo", verdict=[lots.choice(verdicts) for _ in range(2)], picked=lots.random() < 0.5)
        other = f"s{lots.randint(1, films.made)}"
        with films.library.database.read() as connection:
            there = connection.execute(select(schema.shots.c.id).where(schema.shots.c.id == other)).scalar()
        match lots.randrange(4) if there else 3:
            case 0:
                with films.library.database.write() as connection:
                    connection.execute(delete(schema.shots).where(schema.shots.c.id == other))
            case 1:
                take = films.library.shots.get(other).takes[0]
                new = take_score_to_json(TakeScore(characters=(score("mira", lots.choice(verdicts)),)))
                films.library.shots.finish_take(replace(take, score=new))
            case 2:
                films.creations.catch_up()
            case _:
                pass
    kept = films.creations.stats()
    with films.library.database.write() as connection:
        for table in ("creations", "creation_words", "creation_tallies"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("INSERT INTO creation_queue (take_id) SELECT id FROM takes WHERE state = 'done'"))
    assert films.creations.stats() == kept


# --- looks ------------------------------------------------------------------------------------------------------


def look(lots: random.Random, *, near: Look | None = None, bits: int = 0, maker: str = "m") -> Look:
    """A look at random, or one whose code differs from another's in so many bits."""
    if near is None:
        return Look(maker=maker, vector=lots.randbytes(8), code=lots.randbytes(32))
    number = int.from_bytes(near.code)
    for bit in lots.sample(range(256), bits):
        number ^= 1 << bit
    return Look(maker=maker, vector=near.vector, code=number.to_bytes(32))


def test_the_nearest_codes_are_found(films: Films) -> None:
    lots = random.Random(5)
    wanted = look(lots)
    takes = {bits: films.add("rain") for bits in (0, 3, 9, 20, 40)}
    for bits, take in takes.items():
        films.creations.keep_look(take, look(lots, near=wanted, bits=bits))
    for _ in range(30):
        films.creations.keep_look(films.add("other"), look(lots))
    found = films.creations.nearest(wanted, 5)
    assert {take for take, _ in found} == set(takes.values())
    assert all(kept.vector == wanted.vector for _, kept in found)
    assert [take for take, _ in films.creations.nearest(wanted, 1)] == [takes[0]]
    assert len(films.creations.nearest(wanted, 100)) == 35
    opposite = look(lots, near=wanted, bits=256)
    assert takes[0] not in {take for take, _ in films.creations.nearest(opposite, 30)}


def test_a_look_that_is_made_again_replaces_the_first(films: Films) -> None:
    lots = random.Random(5)
    take, first, second = films.add("rain"), look(lots), look(lots)
    films.creations.keep_look(take, first)
    assert films.creations.nearest(first, 5) == [(take, first)]
    films.creations.keep_look(take, second)
    assert films.creations.nearest(first, 5) == [(take, second)]
    assert films.creations.look_of(take, "m") == second
    assert films.creations.look_of(take, "another maker") is None
    assert films.creations.nearest(replace(second, maker="another maker"), 5) == []


def test_takes_without_a_look(films: Films) -> None:
    takes = [films.add("rain") for _ in range(5)]
    films.add("never stored", asset=None)
    films.add("not done", state="waiting")
    films.creations.keep_look(takes[1], look(random.Random(1)))
    films.creations.keep_look(takes[2], look(random.Random(1), maker="of old"))
    films.creations.keep_look("gone", look(random.Random(1)))
    assert films.creations.count_without_look("m") == 4
    first = films.creations.without_look("m", limit=2)
    assert first == [("s1-1", f"{1:064x}"), ("s3-1", f"{3:064x}")]
    assert [take for take, _ in films.creations.without_look("m", after="s3-1")] == ["s4-1", "s5-1"]


def test_a_removed_take_looks_like_nothing(films: Films) -> None:
    lots = random.Random(5)
    wanted = look(lots)
    for _ in range(2):
        films.creations.keep_look(films.add("rain"), wanted)
    assert len(films.creations.nearest(wanted, 5)) == 2
    with films.library.database.write() as connection:
        connection.execute(delete(schema.shots).where(schema.shots.c.id == "s1"))
    assert [take for take, _ in films.creations.nearest(wanted, 5)] == ["s2-1"]


@only_sqlite
def test_codes_beyond_one_block(films: Films) -> None:
    lots = random.Random(5)
    codes, put = SqliteCodes(), [(f"t{n}", look(lots)) for n in range(PER_BLOCK + 10)]
    with films.library.database.write() as connection:
        for start in range(0, len(put), 500):
            codes.put(connection, put[start : start + 500])
        for number in (0, PER_BLOCK - 1, PER_BLOCK, len(put) - 1):
            assert codes.nearest(connection, put[number][1], 1) == [put[number]]
        assert dict(codes.nearest(connection, put[0][1], 10**6)) == dict(put)


@only_sqlite
def test_codes_that_others_keep_are_found_by_who_has_read_before(films: Films) -> None:
    """Each process holds what it read last, and reads what has changed since."""
    lots = random.Random(5)
    ours, theirs = SqliteCodes(), SqliteCodes()
    put = [(f"t{n}", look(lots)) for n in range(PER_BLOCK + 10)]
    with films.library.database.write() as connection:
        theirs.put(connection, put[:-2])
        assert ours.nearest(connection, put[0][1], 1) == [put[0]]
        theirs.put(connection, put[-2:])
        assert ours.nearest(connection, put[-1][1], 1) == [put[-1]]
        again = (put[3][0], look(lots))
        theirs.put(connection, [again])
        assert ours.nearest(connection, again[1], 1) == [again]
        theirs.remove(connection, [put[-1][0]])
        assert put[-1] not in ours.nearest(connection, put[-1][1], 10)
        new = ("new", look(lots))
        theirs.put(connection, [new])  # in the slot of the one that went
        assert ours.nearest(connection, new[1], 1) == [new]
        assert len(ours.nearest(connection, new[1], 10**6)) == len(put)


@only_sqlite
def test_what_is_not_kept_after_all_is_not_found(films: Films) -> None:
    lots = random.Random(5)
    codes, one, other = SqliteCodes(), ("one", look(lots)), ("other", look(lots))
    database = films.library.database
    with database.engine.connect() as connection:
        codes.put(connection, [one])
        assert codes.nearest(connection, one[1], 1) == [one]
        connection.rollback()
    with database.write() as connection:
        assert codes.nearest(connection, one[1], 1) == []
        codes.put(connection, [other])
    with database.read() as connection:
        assert codes.nearest(connection, other[1], 1) == [other]


@only_postgres
def test_codes_of_looks_from_before_anybody_searched(films: Films) -> None:
    lots = random.Random(5)
    wanted = look(lots)
    films.creations.keep_look(films.add("rain"), wanted)
    films.creations.catch_up()  # nothing to put codes into yet
    assert [take for take, _ in films.creations.nearest(wanted, 5)] == ["s1-1"]
    with films.library.database.read() as connection:
        index = connection.execute(text("SELECT indexdef FROM pg_indexes WHERE tablename = 'look_codes'")).scalars()
        assert any("hnsw" in one for one in index)


@only_postgres
def test_a_postgres_that_cannot_search_looks_says_so(films: Films, settings: Settings) -> None:
    films.creations.keep_look(films.add("rain"), look(random.Random(1)))
    with films.library.database.write() as connection:
        connection.execute(text("CREATE ROLE modest LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO modest"))
        connection.execute(text("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO modest"))
    assert settings.database_url is not None
    url = settings.database_url.replace("//postgres:@", "//modest:@")
    assert url != settings.database_url
    modest = open_library(replace(settings, database_url=url))
    try:
        with pytest.raises(MissingPart, match="pgvector") as caught:
            Creations(database=modest.database).nearest(look(random.Random(1)), 5)
        assert "CREATE EXTENSION vector" in caught.value.hint
        assert [c.take for c in Creations(database=modest.database).page(Wanted(), limit=5).creations] == ["s1-1"]
    finally:
        modest.close()
        with films.library.database.write() as connection:
            connection.execute(text("DROP OWNED BY modest; DROP ROLE modest"))


# --- many at once -----------------------------------------------------------------------------------------------

FILL = """
import sys
from samecast.library import open_library
from samecast.library.creations import Creations
from samecast.settings import load_settings
library = open_library(load_settings())
creations = Creations(database=library.database)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(40):
    creations.catch_up()
print(creations.stats().done.takes)
library.close()
"""


def test_four_processes_take_in_the_same_takes_at_once(films: Films, settings: Settings, python: Any) -> None:
    children = [python(FILL, settings) for _ in range(4)]
    for child in children:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    for number in range(40):
        films.add("rain", "mira", at=NOON + (number // 10) * HOUR)
    for child in children:
        _, err = child.communicate(timeout=120)
        assert (child.returncode, err) == (0, "")
    assert len(films.found("rain")) == 40
    assert films.creations.stats().cast["mira"].takes == 40
    with films.library.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(schema.creation_queue)).scalar() == 0
