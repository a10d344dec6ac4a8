"""After a round: shoot again what fell short, within the budget whoever counts, or pick; and write the files once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from tests.servers import bucket, postgres  # noqa: F401
from tests.services.conftest import PASTE, PasteEngine

from samecast.core.errors import StorageFailed
from samecast.core.story import Goal, Shot
from samecast.ports import Cost, Pixels
from samecast.services.events import Event, Noted
from samecast.services.shooting import Order
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio, sample_picture

CLOSER = ((("strength", "0.6"),), (("strength", "0.8"),))


class HitAndMiss(PasteEngine):
    """Pastes the reference only in the takes of these numbers, counted as they are rendered; else another person."""

    hits: set[int] = frozenset()  # type: ignore[assignment]
    other: Pixels | None = None

    def _frames(self, order: Any, hidden: bool) -> Iterator[Pixels]:
        if len(self.rendered) in self.hits:
            yield from super()._frames(order, False)
        else:
            frame = np.full((512, 512, 3), 128, np.uint8)
            if self.other is not None:
                frame[: self.other.shape[0], : self.other.shape[1]] = self.other[:512, :512]
            yield frame


@dataclass(frozen=True)
class Set:
    studio: Studio
    engine: HitAndMiss
    folder: Path

    def shot(self, goal: Goal | None, takes: int = 2) -> Shot:
        asked = Order(
            prompt="@eileen in a cafe",
            model="paste",
            kind="image",
            takes=takes,
            goal=goal,
            out=self.folder / "out",
            seed=1,
            overwrite=True,
        )
        return self.studio.shooting.start(self.studio.shooting.plan(asked))

    def round(self, shot: Shot) -> Shot:
        """Make what waits."""
        making = self.studio.producing.making
        for take in self.studio.shooting.get(shot.id).takes:
            if take.state == "waiting":
                making.score(take.id, making.render(take.id))
        return self.studio.shooting.get(shot.id)


@pytest.fixture(params=["sqlite", "postgres"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Set]:
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    engine = HitAndMiss()
    profile = replace(PASTE, composites=True, cost=Cost(per_image=40_000), closer=CLOSER)
    with open_studio(Settings(home=tmp_path / "home", database_url=url), {PASTE.id: (profile, engine)}) as studio:
        studio.casting.add([sample_picture("astronaut.png")], name="Eileen")
        yield Set(studio, engine, tmp_path)


def test_what_fell_short_is_shot_again_until_enough_hold(made: Set):
    made.engine.hits = {3}
    shot = made.shot(Goal(until=0.9, enough=1, most_takes=6))
    told: list[Event] = []
    made.round(shot)
    concluding = made.studio.producing.concluding
    assert concluding.conclude(shot.id, told.append) is False
    again = made.studio.shooting.get(shot.id)
    assert (again.round, [take.round for take in again.takes]) == (2, [1, 1, 2])
    assert again.takes[2].state == "waiting"
    assert len({take.recipe.seed for take in again.takes}) == 3
    assert any(isinstance(event, Noted) for event in told)
    assert concluding.conclude(shot.id) is False  # one waits: nothing to decide
    made.round(shot)
    assert concluding.conclude(shot.id) is True
    done = concluding.finish(shot.id)
    assert (done.state, done.picked, len(done.takes)) == ("done", done.takes[2].id, 3)
    assert "1 of 3 takes holds 0.90: enough." in done.why
    assert concluding.conclude(shot.id) is False  # done again, it changes nothing
    assert made.studio.shooting.get(shot.id) == done


@pytest.mark.parametrize(
    ("goal", "takes"),
    [
        (Goal(until=0.9, enough=2, most_takes=5), 5),
        (Goal(until=0.9, enough=2, most_money=200_000), 5),
        (Goal(until=0.9, enough=2, most_money=199_999), 4),
        (Goal(until=0.9, enough=2, most_takes=4, most_money=500_000), 4),
    ],
)
def test_no_ceiling_is_crossed_and_the_pick_says_why_it_ended(made: Set, goal: Goal, takes: int):
    made.engine.hits = set()
    made.engine.other = np.asarray(PICTURE)
    shot = made.shot(goal)
    concluding = made.studio.producing.concluding
    for _ in range(10):
        made.round(shot)
        if concluding.conclude(shot.id):
            break
    done = concluding.finish(shot.id)
    assert len(done.takes) == takes == len(made.engine.rendered)
    assert done.spent == takes * 40_000
    assert ("budget" if goal.most_takes == takes else "is spent") in done.why
    assert done.picked is None


PICTURE = np.full((512, 512, 3), 90, np.uint8)


def test_with_a_goal_and_a_fleet_two_that_conclude_at_once_add_one_round(made: Set):
    made.engine.hits = set()
    concluding = made.studio.producing.concluding
    shot = made.shot(Goal(until=0.9, enough=2, most_takes=4))
    made.round(shot)
    for takes in (4, 4):
        start = Barrier(4)

        def conclude(start: Barrier = start) -> bool:
            start.wait()
            return concluding.conclude(shot.id)

        with ThreadPoolExecutor(4) as threads:
            ended = list(threads.map(lambda _: conclude(), range(4)))
        now = made.studio.shooting.get(shot.id)
        assert len(now.takes) == takes
        made.round(shot)
    assert all(ended)
    assert now.spent == 4 * 40_000


def test_closer_options_are_taken_where_the_settings_are_to_blame(made: Set, monkeypatch: pytest.MonkeyPatch):
    """Which level is `core.rounds`' to say; here it reaches the recipe."""
    from samecast.core import rounds
    from samecast.services import concluding as module

    shot = made.shot(Goal(until=0.9, enough=1, most_takes=6), takes=1)
    levels = iter((1, 2, 0))
    monkeypatch.setattr(
        module,
        "next_round",
        lambda shot, price, levels_=None, **more: rounds.Again(count=1, level=next(levels), why=""),
    )
    for _ in range(3):
        made.round(shot)
        made.studio.producing.concluding.conclude(shot.id)
    recipes = [take.recipe for take in made.studio.shooting.get(shot.id).takes]
    assert [recipe.options for recipe in recipes] == [(), *CLOSER, ()]
    assert {replace(recipe, seed=0, options=()) for recipe in recipes} == {replace(recipes[0], seed=0)}


def test_a_cancelled_shot_is_not_concluded(made: Set):
    shot = made.shot(None, takes=1)
    made.round(shot)
    made.studio.producing.cancel(shot.id)
    assert made.studio.producing.concluding.conclude(shot.id) is False
    assert made.studio.producing.concluding.finish(shot.id).state == "cancelled"


def test_files_are_written_once_elsewhere_and_again_where_they_were_lost(made: Set, tmp_path: Path):
    made.engine.hits = {1}
    shot = made.shot(None, takes=1)
    concluding = made.studio.producing.concluding
    made.round(shot)
    concluding.conclude(shot.id)
    exported = concluding.export(made.studio.shooting.get(shot.id))
    take = exported.takes[0]
    assert concluding.exported(exported)
    written = Path(take.path or "").stat().st_mtime_ns
    assert concluding.export(exported).takes[0].path == take.path
    assert Path(take.path or "").stat().st_mtime_ns == written
    elsewhere = concluding.export(exported, tmp_path / "elsewhere")
    assert Path(elsewhere.takes[0].path or "").parent == tmp_path / "elsewhere"
    assert (tmp_path / "elsewhere" / "contact-sheet.png").is_file()
    Path(take.path or "").unlink()
    again = concluding.export(exported)
    assert Path(again.takes[0].path or "").read_bytes() == (tmp_path / "elsewhere" / "take-1.png").read_bytes()


def test_a_folder_of_another_machine_is_not_this_ones(made: Set):
    concluding = made.studio.producing.concluding
    shot = made.shot(None, takes=1)
    assert concluding.at_home(shot)
    assert not concluding.at_home(replace(shot, machine="another"))
    assert concluding.at_home(replace(shot, machine=""))


def test_a_folder_that_cannot_be_written_is_told(made: Set):
    shot = made.shot(None, takes=1)
    made.round(shot)
    blocked = made.folder / "blocked"
    blocked.write_text("a file")
    with pytest.raises(StorageFailed):
        made.studio.producing.concluding.export(made.studio.shooting.get(shot.id), blocked / "out")
