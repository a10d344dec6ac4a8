"""What a model misses becomes a group, a line and a command; what it is becomes words; and filters find it."""

from dataclasses import replace
from pathlib import Path

import pytest

from samecast import open_studio
from samecast.core.choosing import Record
from samecast.core.errors import MissingKey, MissingPart, NotFound, OutOfMemory, SamecastError
from samecast.core.terms import Use
from samecast.ports import ModelProfile
from samecast.services.modelling import Readiness
from samecast.settings import Settings
from samecast.web.pages.models_reading import (
    Wanted,
    about,
    command_in,
    cost_words,
    counted,
    excluded,
    fared,
    given,
    grouped,
    lengths,
    makes_briefly,
    missing_of,
)

NO_USE = Use()


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelProfile]:
    return dict(open_studio(Settings(home=tmp_path_factory.mktemp("models"))).models)


@pytest.fixture
def entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Readiness]:
    for name in ("OPENAI_API_KEY", "BFL_API_KEY", "FAL_KEY"):
        monkeypatch.delenv(name, raising=False)
    return open_studio(Settings(home=tmp_path)).modelling.all()


@pytest.mark.parametrize(
    ("hint", "command"),
    [
        ("Fetch it: samecast models pull klein", "samecast models pull klein"),
        ("Set it in the environment, or keep it: samecast models key FAL_KEY", "samecast models key FAL_KEY"),
        ("Set it in the environment: export GOOGLE_CLOUD_PROJECT=...", "export GOOGLE_CLOUD_PROJECT=..."),
        ("pip install 'samecast[openai]'", "pip install 'samecast[openai]'"),
        ("Remove it first with `samecast models remove x`, or rename it.", "samecast models remove x"),
        ("Correct its entry.", ""),
        ("", ""),
    ],
)
def test_the_command_is_read_out_of_a_hint(hint: str, command: str):
    assert command_in(hint) == command


@pytest.mark.parametrize(
    ("error", "need", "key"),
    [
        (MissingKey("No.", hint="Keep it: samecast models key FAL_KEY"), "key", "FAL_KEY"),
        (MissingKey("No.", hint="Set it: export GOOGLE_CLOUD_PROJECT=..."), "setting", ""),
        (MissingPart("No.", hint="pip install x"), "part", ""),
        (NotFound("No.", hint="Fetch it: samecast models pull storyboard"), "weights", ""),
        (NotFound("No.", hint="Correct its entry."), "other", ""),
        (OutOfMemory("No.", hint="Less."), "other", ""),
    ],
)
def test_what_is_missing_is_told_apart(profiles: dict[str, ModelProfile], error: SamecastError, need: str, key: str):
    missing = missing_of(Readiness(profile=profiles["storyboard"], missing=error), NO_USE)
    assert missing is not None
    assert (missing.need, missing.key) == (need, key)
    assert missing_of(Readiness(profile=profiles["storyboard"]), NO_USE) is None


def test_the_ready_come_first_and_one_key_is_asked_for_once(entries: list[Readiness]):
    groups = grouped(entries, NO_USE)
    assert groups[0].need == "nothing"
    assert groups[0].entries[0].profile.id == "storyboard"
    keys = [group for group in groups if group.need == "key"]
    assert len({group.title for group in keys}) == len(keys) > 2
    openai = next(group for group in keys if group.missing is not None and group.missing.key == "OPENAI_API_KEY")
    assert openai.title == "Needs OPENAI_API_KEY"
    assert len(openai.entries) > 1
    assert sum(len(group.entries) for group in groups) == len(entries)


def test_a_licence_that_waits_is_not_one_that_excludes(entries: list[Readiness]):
    def need(use: Use) -> str:
        found = [group.need for group in grouped(entries, use) for e in group.entries if e.profile.id == "kontext-dev"]
        return found[0]

    assert need(NO_USE) == "licence"
    commercial = Use(purpose="commercial")
    assert need(commercial) == "use"
    dev = next(entry for entry in entries if entry.profile.id == "kontext-dev")
    assert "commercial" in excluded(dev.profile, commercial)
    assert not excluded(dev.profile, NO_USE)
    lines = dict(about(dev.profile, commercial))
    assert lines["Your use"] == excluded(dev.profile, commercial)
    assert "Your use" not in dict(about(dev.profile, NO_USE))


def test_filters_find_by_words_kind_characters_price_and_readiness(entries: list[Readiness]):
    def ids(wanted: Wanted) -> set[str]:
        return {e.profile.id for g in counted(entries, wanted, NO_USE).groups for e in g.entries}

    assert ids(Wanted()) == {entry.profile.id for entry in entries}
    assert ids(Wanted(words="klein 4b")) == {"flux2-klein-4b", "bfl-flux-2-klein-4b"}
    assert ids(Wanted(ready=True, kind="video")) == {"storyboard"}
    assert "wan22-i2v" in ids(Wanted(kind="video", free=True, characters=True))
    assert "fal-veo-3.1" not in ids(Wanted(free=True))
    assert str(counted(entries, Wanted(words="no such model"), NO_USE)) == f"0 of {len(entries)} models"
    assert str(counted(entries, Wanted(), NO_USE)) == f"{len(entries)} models"


def test_a_profile_is_said_in_words(profiles: dict[str, ModelProfile]):
    board, klein, i2v, veo = (profiles[name] for name in ("storyboard", "flux2-klein-4b", "wan22-i2v", "veo-3.1"))
    assert makes_briefly(board) == "Images and clips up to 60 s"
    assert makes_briefly(klein) == "Images"
    assert (lengths(veo), lengths(klein)) == ("4, 6 or 8 s", "")
    assert cost_words(board) == "free"
    assert cost_words(profiles["fal-veo-3.1"]) == "$0.40 a second"
    assert cost_words(replace(board, cost=None)) == "price varies"
    assert "the woman in image 1" in given(klein)
    assert "flux2-klein-4b" in given(i2v)
    assert "cut out of the reference" in given(board)
    assert given(replace(klein, references=0)).startswith("Not at all")


def test_how_models_fared_is_never_more_than_what_was_judged():
    def record(**values: int | bool | float) -> Record:
        plain = {"takes": 4, "judged": 4, "matched": 3, "failed": 0, "seconds": 30.0, "cost": 120_000}
        return Record(model="m", kind="image", **{**plain, **values})  # type: ignore[arg-type]

    rows = fared([record(), record(judged=0, matched=0), record(by_design=True), record(failed=2)], str.upper)
    assert rows[0].rate.startswith("75 % (3 of 4; 95 %: ")
    assert (rows[0].seconds, rows[0].money, rows[0].model) == ("10.0 s", "$0.04", "M")
    assert rows[0].low is not None
    assert (rows[1].rate, rows[1].low, rows[1].seconds) == ("Nothing judged yet", None, "None accepted")
    assert (rows[2].rate, rows[2].share) == ("By design", None)
    assert rows[3].takes == "4, 2 failed"
