"""Picking by hand: it stands, however the shot goes on, and the folder and the clip that waits for it follow."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.servers import bucket, postgres  # noqa: F401
from tests.services.test_concluding import Set, made  # noqa: F401

from samecast.core.errors import InvalidInput, NotFound
from samecast.core.story import Shot
from samecast.ports.creations import Wanted
from samecast.services.concluding import _first_frame


def concluded(made: Set, takes: int = 3) -> Shot:  # noqa: F811
    """A shot of which the first take is picked, with its files."""
    made.engine.hits = {1}
    shot = made.shot(None, takes)
    made.round(shot)
    concluding = made.studio.producing.concluding
    assert concluding.conclude(shot.id)
    concluding.export(made.studio.shooting.get(shot.id))
    done = concluding.finish(shot.id)
    assert done.picked == done.takes[0].id
    return done


def document(shot: Shot) -> dict[str, object]:
    found: dict[str, object] = json.loads((Path(shot.out) / "shot.json").read_text())
    return found


def test_a_person_picks_another_take_and_the_folder_follows(made: Set) -> None:  # noqa: F811
    shot = concluded(made)
    sheet = (Path(shot.out) / "contact-sheet.png").read_bytes()
    chosen = made.studio.picking.pick(shot.id, 2, "the smile\nis better")
    assert chosen.followed
    assert document(shot)["likeness"] is None, "it could not be measured"
    assert (chosen.shot.picked, chosen.shot.by_hand) == (shot.takes[1].id, True)
    assert chosen.shot.why == "Take 2, picked by hand: the smile is better"
    assert {key: document(shot)[key] for key in ("picked", "why", "by_hand", "state")} == {
        "picked": shot.takes[1].id,
        "why": chosen.shot.why,
        "by_hand": True,
        "state": "done",
    }
    assert (Path(shot.out) / "contact-sheet.png").read_bytes() != sheet
    page = made.studio.creations.page(Wanted(picked=True))
    assert [one.take for one in page.creations] == [shot.takes[1].id]


def test_a_person_leaves_it_without_a_pick(made: Set) -> None:  # noqa: F811
    shot = concluded(made)
    chosen = made.studio.picking.unpick(shot.id, "none of them")
    assert (chosen.shot.picked, chosen.shot.by_hand) == (None, True)
    assert chosen.shot.why == "No take, as a person decided: none of them"
    assert document(shot)["picked"] is None
    with pytest.raises(InvalidInput, match="No take of the shot"):
        made.studio.picking.unpick(shot.id)


def test_what_a_person_picked_stands_when_the_shot_goes_on(made: Set) -> None:  # noqa: F811
    shot = concluded(made)
    made.studio.picking.pick(shot.id, 3)
    work = made.studio.producing.work
    for _ in range(2):
        assert work.set_state(shot.id, "running", only_from=["done"])
        assert made.studio.producing.concluding.conclude(shot.id)
        made.studio.producing.concluding.finish(shot.id)
        assert made.studio.shooting.get(shot.id).picked == shot.takes[2].id
    # Decided before the person did, and kept after: the database itself lets a person's choice stand.
    made.studio.producing.concluding.shots.pick(shot.id, shot.takes[0].id, "It holds best.")
    assert made.studio.shooting.get(shot.id).picked == shot.takes[2].id


def test_a_pick_while_takes_wait_is_kept_for_the_end(made: Set) -> None:  # noqa: F811
    made.engine.hits = {1, 2}
    shot = made.shot(None, takes=2)
    making = made.studio.producing.making
    making.score(shot.takes[1].id, making.render(shot.takes[1].id))
    chosen = made.studio.picking.pick(shot.id, 2)
    assert not chosen.followed
    assert document(shot)["state"] == "running"
    concluding = made.studio.producing.concluding
    concluding.export(made.studio.shooting.get(shot.id))
    assert document(shot)["state"] == "running", "one take still waits"
    made.round(shot)
    assert concluding.conclude(shot.id)
    concluding.export(made.studio.shooting.get(shot.id))
    assert concluding.finish(shot.id).picked == document(shot)["picked"] == shot.takes[1].id


def test_only_what_is_done_and_not_in_the_trash(made: Set) -> None:  # noqa: F811
    shot = made.shot(None, takes=2)
    picking = made.studio.picking
    with pytest.raises(InvalidInput, match="Take 1 is not made yet"):
        picking.pick(shot.id, 1)
    with pytest.raises(NotFound, match="no take 7"):
        picking.pick(shot.id, 7)
    with pytest.raises(NotFound, match="no shot nothing"):
        picking.pick("nothing", 1)
    making = made.studio.producing.making
    making.fail(shot.takes[0], InvalidInput("It would not.", hint=""))
    with pytest.raises(InvalidInput, match="Take 1 failed"):
        picking.pick(shot.id, 1)
    making.score(shot.takes[1].id, making.render(shot.takes[1].id))
    with pytest.raises(InvalidInput, match="501 characters"):
        picking.pick(shot.id, 2, "x" * 501)
    made.studio.creations.trash([shot.takes[1].id])
    with pytest.raises(InvalidInput, match="in the trash"):
        picking.pick(shot.id, 2)
    assert made.studio.shooting.get(shot.id).why == ""


def test_a_folder_that_is_gone_or_anothers_is_left_alone(made: Set) -> None:  # noqa: F811
    shot = concluded(made)
    own = (Path(shot.out) / "shot.json").read_text()
    (Path(shot.out) / "shot.json").write_text(own.replace(shot.id, "another"))
    assert not made.studio.picking.pick(shot.id, 2).followed
    assert document(shot)["shot"] == "another"
    (Path(shot.out) / "shot.json").unlink()
    assert not made.studio.picking.pick(shot.id, 3).followed
    assert not (Path(shot.out) / "shot.json").exists()
    assert made.studio.shooting.get(shot.id).picked == shot.takes[2].id


def test_trash_is_never_picked_written_or_told_in_figures(made: Set) -> None:  # noqa: F811
    made.engine.hits = {1, 2}
    shot = made.shot(None, takes=3)
    made.round(shot)
    made.studio.creations.trash([shot.takes[0].id])
    concluding = made.studio.producing.concluding
    assert concluding.conclude(shot.id)
    done = concluding.export(made.studio.shooting.get(shot.id))
    assert done.picked == shot.takes[1].id
    assert done.why.startswith("Take 2: @eileen holds best")
    assert sorted(path.name for path in Path(done.out).iterdir()) == [
        "contact-sheet.png",
        "shot.json",
        "take-2.png",
        "take-3.png",
    ]
    assert concluding.exported(made.studio.shooting.get(shot.id))
    told = document(done)
    assert told["likeness"]["measured"] == 1  # type: ignore[index]
    assert str(told["match_rate"]).startswith("1/2")
    assert [bool(take["trashed_at"]) for take in told["takes"]] == [True, False, False]  # type: ignore[attr-defined]
    made.studio.creations.trash([take.id for take in shot.takes])
    concluding.finish(shot.id)
    concluding.work.set_state(shot.id, "running", only_from=["done"])
    concluding.conclude(shot.id)
    again = made.studio.shooting.get(shot.id)
    assert (again.picked, again.why) == (None, "Every take that was made is in the trash.")
    assert (Path(done.out) / "take-2.png").is_file(), "files in the folder are left alone"


def test_what_is_trashed_while_the_shot_is_concluded_is_not_picked(made: Set) -> None:  # noqa: F811
    made.engine.hits = {1, 2}
    shot = made.shot(None, takes=2)
    seen = made.round(shot)
    made.studio.creations.trash([shot.takes[0].id])  # since the shot was looked at
    made.studio.producing.concluding._pick(seen, "")
    assert made.studio.shooting.get(shot.id).picked == shot.takes[1].id


def test_a_clip_begins_with_what_a_person_picked_even_if_it_drifts(made: Set) -> None:  # noqa: F811
    shot = concluded(made)
    assert _first_frame(shot) == shot.takes[0].asset
    assert _first_frame(replace(shot, picked=shot.takes[1].id)) is None
    assert _first_frame(replace(shot, picked=shot.takes[1].id, by_hand=True)) == shot.takes[1].asset
