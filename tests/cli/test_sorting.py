"""Sorting on the command line: trash and tags of takes, picks by hand, and characters put away or duplicated."""

from pathlib import Path

import pytest
from tests.cli.conftest import Outcome, Samecast
from tests.cli.test_shots import unruffled  # noqa: F401
from tests.services.conftest import PASTE, PasteEngine

from samecast.cli import run
from samecast.wiring import open_studio, sample_picture


@pytest.fixture
def samecast(home: Path, capsys: pytest.CaptureFixture[str]) -> Samecast:
    engine = PasteEngine()

    def call(*arguments: object) -> Outcome:
        status = run(lambda: open_studio(more_models={PASTE.id: (PASTE, engine)}), [str(each) for each in arguments])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call


@pytest.fixture
def shot(samecast: Samecast) -> str:
    """Three takes of an empty square."""
    made = samecast("shoot", "an empty square", "--model", "paste", "--image", "--takes", 3, "--out", "out", "--json")
    assert made.status == 0, made.err
    return str(made.document["shot"])


@pytest.fixture
def eileen(samecast: Samecast) -> None:
    added = samecast("cast", "add", sample_picture("astronaut.png"), "--name", "Eileen", "--tag", "lead")
    assert added.status == 0, added.err


def listed(samecast: Samecast, *more: str) -> list[str]:
    return [take["take"] for take in samecast("library", "list", *more, "--json").document["takes"]]


def test_trash_and_back(samecast: Samecast, shot: str):
    one, two, three = (f"{shot}-{number}" for number in (1, 2, 3))
    assert samecast("shots", "pick", shot, 1).status == 0
    gone = samecast("library", "trash", one, two, "--json")
    assert gone.document == {"trashed": [one, two], "unpicked": [shot]}
    assert listed(samecast) == [three]
    trash = samecast("library", "list", "--trashed", "--json").document
    assert {take["take"] for take in trash["takes"]} == {one, two}
    assert all(take["trashed_at"] for take in trash["takes"])
    assert one in samecast("library", "list", "--trashed").out
    assert "1/1" in samecast("shots", "list").out
    shown = samecast("shots", "show", shot)
    assert "take-3.png" in shown.out
    assert "take-1.png" not in shown.out
    assert f"samecast library restore {one}" in shown.err
    assert Path("out/take-1.png").is_file()
    assert samecast("library", "stats", "--json").document["trashed"] == 2
    assert samecast("library", "restore", one, "--json").document == {"restored": [one]}
    assert samecast("library", "restore", one).out == "None of them was in the trash.\n"
    assert listed(samecast) == [three, one]
    assert samecast("shots", "show", shot, "--json").document["picked"] is None
    said = samecast("library", "trash", one)
    assert said.out == "1 take put in the trash, to be deleted for good after 30 days.\n"
    assert f"Undo: samecast library restore {one}" in said.err


def test_the_trash_of_an_empty_library_and_wrong_usage(samecast: Samecast):
    assert samecast("library", "list", "--trashed").out == "The trash is empty.\n"
    assert samecast("library", "list", "--trashed", "--picked").status == 2
    wrong = samecast("library", "trash", "nothing")
    assert (wrong.status, len(wrong.err.splitlines())) == (1, 1)
    assert samecast("library", "tag", "nothing").status == 2


def test_tags(samecast: Samecast, shot: str):
    one, two = f"{shot}-1", f"{shot}-2"
    tagged = samecast("library", "tag", one, two, "--add", "Final cut", "--add", "night", "--json").document
    assert tagged == {
        "changed": 2,
        "takes": [{"take": one, "tags": ["final cut", "night"]}, {"take": two, "tags": ["final cut", "night"]}],
    }
    assert listed(samecast, "--tag", "final cut") == [two, one]
    assert samecast("library", "tag", one, "--remove", "Final Cut").out == "1 take changed.\n"
    assert listed(samecast, "--tag", "final cut") == [two]
    assert samecast("library", "search", "night", "--json").document["takes"][0]["tags"] == ["final cut", "night"]
    assert samecast("library", "tag", one, "--add", "x" * 61).status == 1


def test_picks_by_hand(samecast: Samecast, shot: str):
    picked = samecast("shots", "pick", shot, 2, "--why", "calmer", "--json").document
    assert (picked["picked"], picked["by_hand"], picked["why"]) == (
        f"{shot}-2",
        True,
        "Take 2, picked by hand: calmer",
    )
    assert samecast("shots", "show", shot, "--json").document == picked
    assert "picked" in samecast("shots", "pick", shot, 3).out
    assert samecast("shots", "unpick", shot, "--json").document["picked"] is None
    again = samecast("shots", "unpick", shot)
    assert (again.status, len(again.err.splitlines())) == (1, 1)
    assert samecast("shots", "pick", shot, 9).status == 1
    assert samecast("shots", "pick", shot, 0).status == 2
    Path("out/shot.json").unlink()
    assert "samecast shots export" in samecast("shots", "pick", shot, 1).err


def test_characters_are_put_away_and_brought_back(samecast: Samecast, eileen: None):
    assert samecast("cast", "archive", "@eileen", "--json").document == {
        "handle": "eileen",
        "archived": True,
        "changed": True,
    }
    assert samecast("cast", "list", "--json").document == {"characters": []}
    (character,) = samecast("cast", "list", "--archived", "--json").document["characters"]
    assert character["archived_at"]
    assert "@eileen" in samecast("cast", "list", "--archived").out
    assert "cast unarchive @eileen" in samecast("cast", "show", "@eileen").err
    refused = samecast("shoot", "@eileen in a cafe", "--model", "paste", "--image")
    assert refused.status == 1
    assert len(refused.err.splitlines()) == 1
    assert "@eileen is archived" in refused.err
    assert "samecast cast unarchive @eileen" in refused.err
    assert "was archived already" in samecast("cast", "archive", "@eileen").out
    assert samecast("cast", "unarchive", "@eileen", "--json").document["changed"] is True
    assert samecast("cast", "unarchive", "@eileen").out == "@eileen was not archived.\n"
    assert samecast("cast", "list", "--archived").out == "Nobody is archived.\n"
    assert samecast("cast", "archive", "@nobody").status == 1


def test_duplicating(samecast: Samecast, eileen: None):
    second = samecast("cast", "duplicate", "@eileen", "--name", "Eileen, older", "--handle", "eileen_2", "--json")
    assert second.document == {"handle": "eileen_2", "name": "Eileen, older", "version": 1, "grade": None}
    one, two = samecast("cast", "list", "--json").document["characters"]
    assert [two[key] for key in ("references", "tags")] == [one[key] for key in ("references", "tags")]
    taken = samecast("cast", "duplicate", "@eileen", "--name", "Eileen")
    assert (taken.status, len(taken.err.splitlines())) == (1, 1)
