"""The pack on real parts: models that make what they are recommended for, prompts filled in, stills that are true."""

import io
import tomllib
from pathlib import Path

import pytest
from benchmarks import stills
from PIL import Image

from samecast.core.cast import Character
from samecast.core.errors import InvalidInput, NotFound, StorageFailed
from samecast.core.portrait import PortraitSlots
from samecast.core.portrait_slots import write_slots
from samecast.core.prompt_pack import SLOTS, ReadyPrompt
from samecast.models.catalogue import read_catalogue
from samecast.services.drafting import check_imagines
from samecast.services.prompting import Prompting, takes_negative
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio

MODELS = read_catalogue()
with open_studio() as _studio:
    PROMPTING = _studio.prompting
PROMPTS = PROMPTING.find()
MOST_BYTES = 1_500_000


def named(ready: ReadyPrompt) -> str:
    return ready.id


@pytest.fixture
def prompting(studio: Studio) -> Prompting:
    return studio.prompting


# --- what is recommended -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ready", PROMPTS, ids=named)
def test_recommended_models_make_what_is_asked(ready: ReadyPrompt):
    for model in ready.models:
        profile = MODELS[model]
        assert ("video" if ready.kind == "video" else "image") in profile.kinds
        assert ready.aspect in profile.aspects
        assert not profile.composites, "the storyboard plans; it is no model to shoot on"
        if ready.kind == "portrait":
            check_imagines(profile)
        else:
            assert profile.takes_characters
        if ready.kind == "video":
            assert profile.has_length(ready.seconds)
            assert ready.seconds >= profile.min_seconds


def test_choices_say_who_takes_the_negative_prompt():
    choices = PROMPTING.choices(PROMPTING.get("noir-last-call"))
    assert [(choice.profile.id, choice.takes_negative) for choice in choices] == [
        ("mage-mango", False),
        ("qwen-image-edit", True),
    ]
    assert not any(choice.takes_negative for choice in PROMPTING.choices(PROMPTING.get("noir-investigator")))
    for ready in PROMPTS:
        for choice in PROMPTING.choices(ready):
            assert choice.takes_negative == takes_negative(MODELS[choice.profile.id])


# --- filled in ---------------------------------------------------------------------------------------------------


def test_filling_in_somebody_from_the_cast(prompting: Prompting, eileen: Character):
    filled = prompting.fill("horror-one-candle", "@Eileen")
    assert filled.text.startswith("Close-up of @eileen holding a candle")
    assert filled.brief.who == ("eileen",)
    assert filled.brief.light == ("candle", "low_key")
    assert filled.findings == ()


def test_filling_in_nobody(prompting: Prompting):
    with pytest.raises(NotFound, match="nobody"):
        prompting.fill("horror-one-candle", "@nobody")
    with pytest.raises(NotFound, match="samecast prompts list"):
        prompting.fill("nothing-like-it", "@nobody")


def test_a_filled_prompt_can_be_shot_as_it_is(studio: Studio, eileen: Character):
    for ready in studio.prompting.find(genre="brand"):
        still = stills.order_of(ready, ready.of(eileen.handle), Path("unused"))
        plan = studio.shooting.plan(still)
        assert plan.findings == ()
        assert plan.brief.who == ("eileen",)


# --- the portrait formula ----------------------------------------------------------------------------------------


def test_the_form_fills_the_formula(prompting: Prompting):
    assert tuple(slot.name for slot in prompting.slots) == SLOTS
    examples = {slot.name: slot.example for slot in prompting.slots}
    anchor = examples.pop("anchors")
    built = prompting.portrait(PortraitSlots(**examples, anchors=(anchor,)))
    assert (built.missing, built.vague, built.contradictions, built.advice) == ((), (), (), ())
    for example in (anchor, examples["hair"], examples["lighting"]):
        assert example in built.text


def test_from_text_back_to_slots(prompting: Prompting):
    for ready in prompting.find(kind="portrait"):
        assert ready.slots is not None
        assert prompting.slots_of(write_slots(ready.slots)) == ready.slots
    with pytest.raises(InvalidInput, match="no slot"):
        prompting.slots_of("character: a cook\nbeard: red")


# --- stills ------------------------------------------------------------------------------------------------------


def test_every_prompt_has_its_still_and_no_other_is_there():
    names = {path.stem for path in stills.STILLS.glob("*.webp")}
    assert names == {ready.id for ready in PROMPTS}
    assert sum(path.stat().st_size for path in stills.STILLS.iterdir()) < MOST_BYTES


@pytest.mark.parametrize("ready", PROMPTS, ids=named)
def test_a_still_is_a_small_picture_of_the_prompt_s_shape(ready: ReadyPrompt):
    picture = Image.open(io.BytesIO(PROMPTING.still(ready.id)))
    assert picture.format == "WEBP"
    assert max(picture.size) == stills.LONGEST
    assert picture.width / picture.height == pytest.approx(ready.aspect[0] / ready.aspect[1], rel=0.01)


def test_notes_are_of_prompts_there_are():
    notes = tomllib.loads((stills.STILLS / "notes.toml").read_text(encoding="utf-8"))
    assert set(notes) <= {ready.id for ready in PROMPTS}
    assert PROMPTING.still_notes("brand-host") == ()
    (wide,) = PROMPTING.still_notes("sci-fi-red-plain")
    assert "wide shot" in wide
    assert "@" not in wide


def test_saving_a_still(prompting: Prompting, tmp_path: Path):
    prompting.save_still("brand-host", tmp_path / "still.webp")
    assert (tmp_path / "still.webp").read_bytes() == prompting.still("brand-host")
    with pytest.raises(NotFound):
        prompting.save_still("nothing-like-it", tmp_path / "other.webp")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed):
        prompting.save_still("brand-host", tmp_path / "file" / "still.webp")


def test_a_still_is_what_the_engine_makes_today(tmp_path: Path):
    """For two of them, one with a mention of light and place each; `./run bench stills` draws all."""
    with open_studio(Settings(home=tmp_path / "home")) as studio:
        stills.cast(studio)
        for wanted, other in (("brand-host", "brand-amber-bottle"), ("sci-fi-red-plain", "action-noon-standoff")):
            picture, notes = stills.draw(studio, studio.prompting.get(wanted), tmp_path)
            drawn = stills.packed(picture)
            assert stills.unlikeness(drawn, studio.prompting.still(wanted)) < stills.CLOSE
            assert stills.unlikeness(drawn, studio.prompting.still(other)) > 5 * stills.CLOSE
            assert tuple(map(stills.unnamed, notes)) == studio.prompting.still_notes(wanted)
