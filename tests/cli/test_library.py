"""`samecast library`: lists, search, similar takes and figures, as scripts and people meet them."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Outcome, Samecast

from samecast.cli import run, terminal
from samecast.core.cast import Character, Reference, Version
from samecast.core.consistency import Score, TakeScore, take_score_to_json
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.core.story import Shot, Take
from samecast.library import Library, open_library
from samecast.settings import Settings
from samecast.wiring import open_studio, sample_picture

NOON = datetime(2026, 5, 31, 12, tzinfo=UTC)
TAKE = {
    "take", "shot", "number", "made_at", "prompt", "model", "kind", "width", "height", "length", "seed", "characters",
    "verdict", "likeness", "picked", "asset", "path", "seconds", "cost", "tags",
}  # fmt: skip
PROMPTS = (
    "@mira [red]in[/] the rain",
    "Slow push in on @mira, waiting for the last train out of the neon city\nat dawn",
)


@pytest.fixture
def samecast(home: Path, capsys: pytest.CaptureFixture[str]) -> Samecast:
    def call(*arguments: object) -> Outcome:
        status = run(open_studio, [str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call


@pytest.fixture
def made(samecast: Samecast, home: Path) -> Iterator[Library]:
    """Two takes of Mira: an image that drifts, and a clip that matches and is picked."""
    library = open_library(Settings(home=home / "home"))
    version = Version(number=1, references=(Reference(sha256="a" * 64, width=9, height=9),), created_at=NOON)
    library.cast.add(Character(handle="mira", name="Mira Tanaka", tags=("lead",), versions=(version,), created_at=NOON))
    for number, prompt in enumerate(PROMPTS, start=1):
        video = number == 2
        score = Score(
            handle="mira", verdict="match" if video else "drift", p_same=0.4 + video / 2, encoder="dlib", reason="So."
        )
        take = Take(
            id=f"s{number}-1",
            shot_id=f"s{number}",
            number=1,
            recipe=recipe(prompt, number, video=video),
            state="done",
            asset=library.assets.put(sample_picture(("chelsea.png", "coffee.png")[number - 1]).read_bytes()),
            score=take_score_to_json(TakeScore(characters=(score,))),
            seconds=90.0,
            cost=250_000,
            made_at=NOON + number * timedelta(days=1),
        )
        shot = Shot(
            id=f"s{number}",
            prompt=prompt,
            model="storyboard",
            out="/o",
            takes=(take,),
            picked=take.id if video else None,
            created_at=NOON,
            state="done",
        )
        library.shots.add(shot)
    yield library
    library.close()


def recipe(prompt: str, seed: int, *, video: bool) -> Recipe:
    mira = Member(handle="mira", name="Mira", version=1, digest="d", references=("a" * 64,))
    return Recipe(
        model="storyboard",
        engine_version="1",
        kind="video" if video else "image",
        prompt=prompt,
        brief=Brief(who=("mira",)),
        members=(mira,),
        width=720,
        height=1280,
        seed=seed,
        seconds=4.0 if video else 0.0,
        fps=24 if video else 0,
    )


def takes(outcome: Outcome) -> list[str]:
    assert outcome.status == 0, outcome
    return [take["take"] for take in outcome.document["takes"]]


def test_an_empty_library(samecast: Samecast) -> None:
    assert "Nothing was made yet" in samecast("library", "list").out
    assert "Nothing found" in samecast("library", "search", "rain").out
    assert samecast("library", "list", "--json").document == {"takes": [], "cursor": None}
    assert samecast("library", "looks").out == "Nothing left to look at.\n"
    figures = samecast("library", "stats", "--json").document
    assert figures["done"] == {
        "takes": 0, "judged": 0, "matched": 0, "match_rate": None, "interval": None, "seconds": 0, "cost": 0,
    }  # fmt: skip
    assert "0 takes done" in samecast("library", "stats").out


def test_the_list_as_json(samecast: Samecast, made: Library) -> None:
    document = samecast("library", "list", "--json").document
    assert set(document) == {"takes", "cursor"}
    clip, image = document["takes"]
    assert set(clip) == set(image) == TAKE
    assert (clip["take"], clip["kind"], clip["length"], clip["picked"], clip["cost"]) == (
        "s2-1",
        "video",
        4,
        True,
        0.25,
    )
    assert clip["characters"] == [{"handle": "mira", "verdict": "match"}]
    assert image["made_at"] == "2026-06-01T12:00:00+00:00"
    assert image["prompt"] == PROMPTS[0]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["list", "--kind", "image"], ["s1-1"]),
        (["list", "--character", "@mira", "--verdict", "match"], ["s2-1"]),
        (["list", "--tag", "lead", "--picked"], ["s2-1"]),
        (["list", "--model", "flux"], []),
        (["list", "--since", "2026-06-02"], ["s2-1"]),
        (["list", "--until", "2026-06-02T12:00"], ["s1-1"]),
        (["list", "--until", "2026-06-02T12:00:00.000001+00:00"], ["s2-1", "s1-1"]),
        (["search", "tanaka", "ra"], ["s1-1"]),
        (["search", "lead", "--kind", "video"], ["s2-1"]),
        (["search", "-rain"], ["s1-1"]),
        (["search", "--", "--rain"], ["s1-1"]),
        (["search", '"', "*"], []),
        (["search", "rain", "OR", "train"], []),
    ],
)
def test_filters_and_words(samecast: Samecast, made: Library, arguments: list[str], found: list[str]) -> None:
    assert takes(samecast("library", arguments[0], "--json", *arguments[1:])) == found


def test_a_page_and_the_next(samecast: Samecast, made: Library) -> None:
    first = samecast("library", "list", "--limit", 1, "--json")
    assert takes(first) == ["s2-1"]
    cursor = first.document["cursor"]
    second = samecast("library", "list", "--limit", 1, "--after", cursor, "--json")
    assert takes(second) == ["s1-1"]
    assert second.document["cursor"] is None
    assert cursor in samecast("library", "search", "mira", "--limit", 1).out
    wrong = samecast("library", "list", "--after", "x" + cursor[1:][::-1])
    assert wrong.status == 1
    assert len(wrong.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [["--since", "yesterday"], ["--kind", "song"], ["--verdict", "no"], ["--limit", 0]]
)
def test_wrong_usage(samecast: Samecast, arguments: list[str]) -> None:
    assert samecast("library", "list", *arguments).status == 2


def test_somebody_unknown(samecast: Samecast, made: Library) -> None:
    outcome = samecast("library", "list", "--character", "miri")
    assert outcome.status == 1
    assert "Did you mean @mira?" in outcome.err


@pytest.mark.parametrize("width", [40, 80, 109, 110, 200])
def test_the_list_fits_the_terminal(
    samecast: Samecast, made: Library, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal.out, "_width", width)
    said = samecast("library", "list").out
    assert "[red]in[/]" in said, "a prompt is no markup"
    assert "s2-1" in said
    assert "2026-06-02 12:00" in " ".join(said.split())
    assert "picked" in said
    if width >= 80:
        assert all(len(line) <= width for line in said.splitlines()), said
        assert len(said.splitlines()) == (4 if width < 110 else 3)


def test_figures(samecast: Samecast, made: Library) -> None:
    document = samecast("library", "stats", "--json").document
    assert document["shots"] == {"done": 2}
    assert document["takes"] == {"done": 2}
    assert document["verdicts"] == {"match": 1, "drift": 1}
    mira = document["cast"]["mira"]
    assert (mira["takes"], mira["matched"], mira["match_rate"], mira["seconds"], mira["cost"]) == (2, 1, 0.5, 180, 0.5)
    assert mira["interval"] == [0.0945, 0.9055]
    assert list(document["days"]) == ["2026-06-02", "2026-06-01"]
    said = samecast("library", "stats").out
    for piece in ("1 character", "2 takes done", "50%", "9-91", "$0.50", "storyboard", "@mira", "2026-06-02", "3 min"):
        assert piece in said, piece
    assert all(len(line) <= 80 for line in said.splitlines())


def test_similar_takes(samecast: Samecast, made: Library) -> None:
    before = samecast("library", "similar", sample_picture("chelsea.png"), "--json").document
    assert before == {"to": str(sample_picture("chelsea.png")), "takes": [], "without_look": 2}
    assert "samecast library looks" in samecast("library", "similar", "s1-1").err
    assert samecast("library", "looks", "--json").document == {"looked_at": 2, "unread": []}
    document = samecast("library", "similar", sample_picture("chelsea.png"), "--json").document
    assert [(take["take"], take["distance"] < 0.01) for take in document["takes"]] == [("s1-1", True), ("s2-1", False)]
    assert set(document["takes"][0]) == TAKE | {"distance"}
    said = samecast("library", "similar", "s1-1").out
    assert "s2-1" in said
    assert re.search(r"\n    \d\.\d{3}  picked  Slow", said)
    assert samecast("library", "similar", "nothing").status == 1


def test_a_take_whose_file_is_gone_cannot_be_looked_at(samecast: Samecast, made: Library) -> None:
    for path in (Path(str(made.assets.folder))).rglob("*"):
        if path.is_file():
            path.unlink()
    outcome = samecast("library", "looks", "--json")
    assert outcome.status == 1
    assert json.loads(outcome.out)["looked_at"] == 0
    assert [entry["take"] for entry in json.loads(outcome.out)["unread"]] == ["s1-1", "s2-1"]
    assert "2 takes could not be looked at" in outcome.err
