"""How each model fared with a character: the figures are those of a plain recount, whatever happened to the takes."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, event, text
from tests.library.conftest import only_sqlite
from tests.library.taking_back import NEWEST, to_revision_0006

from samecast.core.cast import Character
from samecast.core.consistency import Outcome, Score, ScoreVerdict, TakeScore, take_score_from_json, take_score_to_json
from samecast.core.errors import InvalidInput, NotFound
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe, TakeKind
from samecast.core.story import Shot, Take
from samecast.library import Library, migrations, open_library, schema
from samecast.ports.results import ModelResults
from samecast.settings import Settings

MakeCharacter = Callable[..., Character]
NOON = datetime(2026, 5, 31, 12, tzinfo=UTC)
HANDLES = ("mira", "jo", "stranger")
MODELS = ("storyboard", "fal/flux:2 dev", "万/wan 2.2", "it's 100%")
VERDICTS: tuple[ScoreVerdict, ...] = ("match", "drift", "missing", "not_measurable")


@dataclass
class Films:
    """Takes in all states, of all models, that show anybody, made and changed at random."""

    library: Library
    lots: random.Random
    made: int = 0
    there: set[str] = field(default_factory=set)

    def add(self, **changes: object) -> Shot:
        """A shot of one to three takes."""
        self.made += 1
        shot_id = f"s{self.made}"
        takes = tuple(self.take(shot_id, number, **changes) for number in range(1, self.lots.randint(1, 3) + 1))
        shot = Shot(id=shot_id, prompt="rain", model="m", out="/o", takes=takes, created_at=NOON, state="done")
        self.library.shots.add(shot)
        self.there.add(shot_id)
        return shot

    def take(self, shot_id: str, number: int, **changes: object) -> Take:
        who = self.lots.sample(HANDLES, self.lots.randint(0, len(HANDLES)))
        take = Take(
            id=f"{shot_id}-{number}",
            shot_id=shot_id,
            number=number,
            recipe=recipe(who, self.lots.choice(MODELS), self.lots.choice(["image", "video"]), number),
            made_at=NOON + timedelta(minutes=self.made),
        )
        return replace(self.outcome(take), **changes)  # type: ignore[arg-type]

    def outcome(self, take: Take) -> Take:
        """Whatever may come of it; half seconds, so that adding them up in any order is exact."""
        state = self.lots.choice(["done", "done", "done", "failed", "waiting"])
        return replace(
            take,
            state=state,  # type: ignore[arg-type]
            score=self.score(take) if state == "done" and self.lots.random() < 0.9 else None,
            cost=self.lots.randrange(3) * 40_000,
            seconds=self.lots.randrange(1, 9) / 2 if state == "done" or self.lots.random() < 0.3 else None,
            error="It broke." if state == "failed" else None,
        )

    def score(self, take: Take) -> str:
        """Of some of the recipe's characters, and at times of one that it does not name."""
        shown = [member.handle for member in take.recipe.members]
        scored = [handle for handle in shown if self.lots.random() < 0.9] or ["mira"]
        mixed = Outcome(kind="swapped", handles=tuple(scored), start=0, end=1, frames=9, reason="Swapped.")
        characters = tuple(
            Score(handle=handle, verdict=self.lots.choice(VERDICTS), p_same=0.9, encoder="dlib", reason="So it is.")
            for handle in scored
        )
        outcomes = (mixed,) if self.lots.random() < 0.2 else ()
        return take_score_to_json(TakeScore(characters=characters, outcomes=outcomes))

    def change(self) -> None:
        """Something that happens to a library."""
        if not self.there:
            return
        shot = self.library.shots.get(self.lots.choice(sorted(self.there)))
        take = self.lots.choice(shot.takes)
        match self.lots.randrange(5):
            case 0:
                self.library.shots.finish_take(self.outcome(take))
            case 1:
                self.library.work.queue_again(shot.id, failed=True, price=self.lots.randrange(2) * 7)
            case 2:
                self.library.shots.pick(shot.id, take.id, "It holds.")
            case 3:
                with self.library.database.write() as connection:
                    connection.execute(delete(schema.shots).where(schema.shots.c.id == shot.id))
                self.there.remove(shot.id)
            case _:
                self.library.creations.catch_up()


def recipe(who: list[str], model: str, kind: TakeKind, seed: int) -> Recipe:
    return Recipe(
        model=model,
        engine_version="1",
        kind=kind,
        prompt="rain",
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


def recounted(library: Library) -> dict[str, list[ModelResults]]:
    """From every take that is there, by nothing but what it says itself."""
    found: defaultdict[str, dict[tuple[str, TakeKind], ModelResults]] = defaultdict(dict)
    for take in (take for shot in library.shots.recent(10_000) for take in shot.takes):
        if take.state == "waiting":
            continue
        scores = take_score_from_json(take.score).characters if take.score else ()
        verdicts = {score.handle: score.verdict for score in scores} if take.state == "done" else {}
        for handle in {member.handle for member in take.recipe.members} | set(verdicts):
            key = (take.recipe.model, take.recipe.kind)
            so_far = found[handle].get(key, ModelResults(model=key[0], kind=key[1]))
            found[handle][key] = replace(
                so_far,
                takes=so_far.takes + (take.state == "done"),
                judged=so_far.judged + (verdicts.get(handle) in ("match", "drift", "missing")),
                matched=so_far.matched + (verdicts.get(handle) == "match"),
                failed=so_far.failed + (take.state == "failed"),
                seconds=so_far.seconds + (take.seconds or 0.0),
                cost=so_far.cost + take.cost,
            )
    return {
        handle: sorted(results.values(), key=lambda one: (-one.takes, one.model, one.kind))
        for handle, results in found.items()
    }


def told(library: Library) -> dict[str, list[ModelResults]]:
    found = {}
    for handle in HANDLES:
        try:
            found[handle] = library.results.by_model(handle)
        except NotFound:
            continue
    return {handle: results for handle, results in found.items() if results}


@pytest.fixture
def cast(library: Library, a_character: MakeCharacter) -> Library:
    for handle in ("mira", "jo"):
        library.cast.add(a_character(handle))
    return library


# --- against a recount ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_the_figures_are_those_of_a_recount(cast: Library, seed: int) -> None:
    films = Films(cast, random.Random(seed))
    for step in range(40):
        films.add()
        for _ in range(films.lots.randint(0, 2)):
            films.change()
        if step % 10 == 9:
            assert told(cast) == recounted(cast)
    counted = told(cast)
    assert set(counted) == set(HANDLES)
    every = [one for results in counted.values() for one in results]
    assert all(one.takes >= one.judged >= one.matched for one in every)
    assert any(one.takes > one.judged > one.matched > 0 for one in every), "the lots showed nothing"
    assert any(one.failed for one in every)


def test_they_add_up_to_what_the_library_says_of_a_character(cast: Library) -> None:
    films = Films(cast, random.Random(5))
    for _ in range(30):
        films.add(state="done", seconds=2.0)
    whole = cast.creations.stats().cast
    for handle in HANDLES:
        results = cast.results.by_model(handle)
        sums = [sum(getattr(one, name) for one in results) for name in ("takes", "matched", "seconds", "cost")]
        assert sums == [whole[handle].takes, whole[handle].matched, whole[handle].seconds, whole[handle].cost]
        assert sum(one.judged for one in results) < whole[handle].judged, "not measurable is judged nothing"


@pytest.fixture
def mira(cast: Library) -> Callable[..., None]:
    """Adds a take of hers."""
    numbers = iter(range(100))

    def add(model: str = "wan", *, kind: TakeKind = "image", **changes: object) -> None:
        shot_id = f"s{next(numbers)}"
        take = Take(id=f"{shot_id}-1", shot_id=shot_id, number=1, recipe=recipe(["mira"], model, kind, 1), made_at=NOON)
        take = replace(take, **changes)  # type: ignore[arg-type]
        cast.shots.add(Shot(id=shot_id, prompt="", model=model, out="", takes=(take,), created_at=NOON))

    return add


def scored(verdict: ScoreVerdict) -> str:
    one = Score(handle="mira", verdict=verdict, encoder="dlib", reason="So it is.")
    return take_score_to_json(TakeScore(characters=(one,)))


def test_what_a_take_that_failed_cost_is_counted_and_goes_where_it_is_tried_again(
    cast: Library, mira: Callable[..., None]
) -> None:
    for verdict in VERDICTS:
        mira(state="done", score=scored(verdict), seconds=2.0, cost=40)
    mira(state="failed", cost=70, error="It broke.")
    mira(state="failed", cost=0, seconds=1.5, error="It could not be scored.")
    mira(state="waiting", cost=1000)
    mira("flux", kind="video", state="failed", cost=5)
    mira("flux", state="done", seconds=None, cost=3)
    wan = ModelResults(model="wan", kind="image", takes=4, judged=3, matched=1, failed=2, seconds=9.5, cost=230)
    still = ModelResults(model="flux", kind="image", takes=1, cost=3)
    clip = ModelResults(model="flux", kind="video", failed=1, cost=5)
    assert cast.results.by_model("@mira") == [wan, still, clip]
    cast.work.queue_again("s4", failed=True, price=70)
    cast.work.queue_again("s7", failed=True)
    assert cast.results.by_model("mira") == [replace(wan, failed=1, cost=160), still]
    cast.work.conclude_take(replace(cast.work.take("s4-1"), state="done", score=scored("match"), seconds=0.5))
    assert cast.results.by_model("mira") == [
        replace(wan, takes=5, judged=4, matched=2, failed=1, seconds=10.0, cost=300),
        still,
    ]


def test_somebody_without_takes_somebody_who_left_and_nobody(cast: Library, mira: Callable[..., None]) -> None:
    assert cast.results.by_model("jo") == []
    with pytest.raises(NotFound, match="There is no @miro") as caught:
        cast.results.by_model("miro")
    assert "@mira" in caught.value.hint
    with pytest.raises(InvalidInput):
        cast.results.by_model("image1")
    mira(state="done", score=scored("match"))
    assert cast.cast.remove("mira") is False
    assert cast.results.by_model("mira") == [
        ModelResults(model="wan", kind="image", takes=1, judged=1, matched=1),
    ]
    with cast.database.write() as connection:
        connection.execute(delete(schema.shots))
    assert cast.results.by_model("mira") == []


# --- what was there before --------------------------------------------------------------------------------------

_LATER = ("creation_results", "creation_failures", "take_files", "character_loras")


def as_of_revision_0005(library: Library) -> None:
    """Take back what revision 0006 and later ones did, with takes that were taken in and others queued still."""
    on_postgres = library.database.engine.dialect.name == "postgresql"
    old = {"new": ("INSERT", "NEW.state = 'done'", "NEW.id"), "gone": ("DELETE", "OLD.state = 'done'", "OLD.id")}
    of_columns = "UPDATE OF state, score, made_at, cost, seconds, asset, path"
    old["changed"] = (of_columns, "NEW.state = 'done' OR OLD.state = 'done'", "NEW.id")

    def statements() -> Iterator[str]:
        yield from (f"DROP TABLE {table}" for table in _LATER)
        yield "ALTER TABLE takes DROP COLUMN failure"
        yield "DROP INDEX ix_shots_awaits"
        yield "ALTER TABLE shots DROP COLUMN awaits"
        yield "DELETE FROM creation_queue WHERE take_id IN (SELECT id FROM takes WHERE state = 'failed')"
        for which, (when, condition, take) in old.items():
            name = f"creations_of_{which}_takes"
            made = f"CREATE TRIGGER {name} AFTER {when} ON takes"
            if on_postgres:
                yield f"DROP TRIGGER {name} ON takes"
                yield f"{made} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {name}()"
            else:
                yield f"DROP TRIGGER {name}"
                yield f"{made} WHEN {condition} BEGIN INSERT INTO creation_queue (take_id) VALUES ({take}); END"
        yield "UPDATE alembic_version SET version_num = '0005'"

    with library.database.write() as connection:
        to_revision_0006(connection)
        for statement in statements():
            connection.execute(text(statement))


@pytest.mark.parametrize("taken_in", ["all", "some", "none"])
def test_a_library_of_revision_0005_is_counted_as_one_of_today(
    cast: Library, settings: Settings, taken_in: str
) -> None:
    films = Films(cast, random.Random(8))
    for number in range(40):
        films.add()
        if (taken_in, number) in (("all", 39), ("some", 20)):
            cast.creations.catch_up()
    stats = cast.creations.stats() if taken_in == "all" else None
    as_of_revision_0005(cast)
    cast.close()

    library = open_library(settings)

    if stats is not None:
        told_so_far: list[int] = []
        library.creations.catch_up(lambda done, total: told_so_far.append(total))
        failed = sum(take.state == "failed" for shot in library.shots.recent(1000) for take in shot.takes)
        assert told_so_far == [failed], "what was taken in before is not taken in anew"
        assert library.creations.stats() == stats
    assert told(library) == recounted(library)
    after = Films(library, random.Random(9), made=films.made, there=films.there)
    for _ in range(60):
        after.change()
    assert told(library) == recounted(library)
    library.close()


def test_what_is_taken_back_above_is_all_that_the_revision_made(cast: Library) -> None:
    """Else the test above would show less than it seems to."""
    assert migrations.HEAD == NEWEST
    as_of_revision_0005(cast)
    with cast.database.write(migrates=True) as connection:
        migrations.upgrade(connection)
    assert told(cast) == recounted(cast) == {}


# --- quick ------------------------------------------------------------------------------------------------------


@only_sqlite
def test_a_characters_figures_are_looked_up_not_searched_for(cast: Library) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []
    event.listen(
        cast.database.engine,
        "before_cursor_execute",
        lambda c, u, statement, given, *_: asked.append((statement, given)),
    )
    assert cast.results.by_model("mira") == []
    plans = []
    with cast.database.read() as connection:
        for statement, given in asked:
            if statement.startswith("SELECT"):
                plans += [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
    assert "SEARCH creation_results USING PRIMARY KEY (handle=?)" in plans
    assert not [plan for plan in plans if "takes" in plan]
