"""What a model cannot make is said in one line before anything is made, and what it is sent is in the recipe."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.services.conftest import PASTE, PasteEngine

from samecast.core.compiling import Mentioning
from samecast.core.errors import InvalidInput, LicenceExcludes, MissingKey
from samecast.core.options import Option
from samecast.core.recipe import recipe_from_json, recipe_to_json
from samecast.core.terms import Terms, Use
from samecast.services.shooting import Order
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio

COUNTING = replace(
    PASTE,
    id="counting",
    composites=False,
    aspects=((1, 1), (16, 9)),
    mentioning=Mentioning(picture="image {n}", first="the {noun} in {pictures}", again="the {noun}"),
    references=2,
    edits=True,
    first_frame=True,
    lengths=(4.0, 8.0),
    fps=16,
    still_sizes={(1, 1): (640, 640)},
    options=(Option(name="steps", kind="whole", says="Steps.", default="20", least=1),),
)
WORDS = replace(COUNTING, id="words", kinds=("image",), max_seconds=0, references=0, lengths=(), first_frame=False)
NEEDY = replace(WORDS, id="needy", references=3, references_from=1)
STRICT = replace(WORDS, id="strict", licence="Community licence.", terms=Terms(accept=True, excludes=("KR",)))


class Unready(PasteEngine):
    def check(self) -> None:
        raise MissingKey("There is no ACME_KEY.", hint="samecast models key ACME_KEY")


@pytest.fixture
def studio(tmp_path: Path, engine: PasteEngine) -> Iterator[Studio]:
    models = {profile.id: (profile, engine) for profile in (PASTE, COUNTING, WORDS, NEEDY, STRICT)}
    models["unready"] = (replace(PASTE, id="unready"), Unready())
    with open_studio(Settings(home=tmp_path / "home", use=Use(country="JP")), models) as opened:
        yield opened


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    path = tmp_path / "frame.png"
    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(path)
    return path


def test_the_recipe_holds_what_the_model_is_sent(studio: Studio, astronaut: Path, cat: Path):
    studio.casting.add([astronaut, cat], name="Eileen", description="an astronaut, a woman")
    recipe = (
        studio.shooting.plan(Order(prompt="@eileen by the sea", model="counting", kind="image")).shot.takes[0].recipe
    )
    assert recipe.compiled == "The woman in image 1 and image 2 by the sea"
    assert recipe.pictures == recipe.members[0].references
    assert (recipe.width, recipe.height) == (640, 640)
    assert recipe.options == (("steps", "20"),)
    assert recipe_from_json(recipe_to_json(recipe)) == recipe


def test_a_recipe_that_needs_nothing_of_this_reads_as_before(studio: Studio, astronaut: Path):
    studio.casting.add([astronaut], name="Eileen")
    recipe = studio.shooting.plan(Order(prompt="@eileen by the sea", model="paste", kind="image")).shot.takes[0].recipe
    told = recipe_to_json(recipe)
    assert not {"compiled", "pictures", "edited", "first_frame", "last_frame", "loras"} & set(json.loads(told))
    assert recipe_from_json(told) == recipe


def test_more_references_than_it_takes_are_said(studio: Studio, astronaut: Path, cat: Path, frame: Path):
    studio.casting.add([astronaut, cat, frame], name="Eileen")
    plan = studio.shooting.plan(Order(prompt="@eileen by the sea", model="counting", kind="image"))
    assert plan.notes == ("It takes 2 of @eileen's 3 references: the first.",)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (
            Order(prompt="@eileen", model="words", kind="image"),
            "words takes no references, so it would invent somebody",
        ),
        (Order(prompt="a sea", model="needy", kind="image"), "needy makes nothing from words alone"),
        (Order(prompt="a sea", model="counting", kind="image", aspect="9:16"), "Use one of 1:1, 16:9, with --aspect"),
        (Order(prompt="a sea", model="counting", seconds=5), "makes clips of 4, 8 seconds"),
        (Order(prompt="a sea", model="words", seconds=5), "words makes no video"),
        (Order(prompt="a sea", model="paste", kind="image", options={"steps": "3"}), "paste has no option 'steps'"),
        (Order(prompt="a sea", model="counting", options={"steps": "0"}, kind="image"), "a whole number from 1"),
        (
            Order(prompt="a sea", model="words", kind="image", first_frame=Path("x")),
            "does not take a clip's first frame",
        ),
        (Order(prompt="a sea", model="counting", kind="image", first_frame=Path("x")), "An image has no first or last"),
        (Order(prompt="a sea", model="counting", kind="video", edit=Path("x")), "Only a picture can be edited"),
        (Order(prompt="a sea", model="paste", edit=Path("x")), "paste does not take a picture to edit"),
        (Order(prompt="@eileen, @fred and @gus", model="counting", kind="image"), "3 characters are named"),
        (Order(prompt="@eileen and @fred", model="counting", kind="image", edit=Path("x")), "beside what is edited"),
    ],
)
def test_what_cannot_be_made_is_one_line(studio: Studio, astronaut: Path, order: Order, said: str):
    for name in ("Eileen", "Fred", "Gus"):
        studio.casting.add([astronaut], name=name)
    with pytest.raises(InvalidInput) as error:
        studio.shooting.plan(order)
    assert said in str(error.value)
    assert error.value.hint
    assert "\n" not in str(error.value)
    assert studio.shooting.recent() == []


def test_what_keeps_a_model_from_working_is_said_before_anything_is_kept(studio: Studio):
    with pytest.raises(MissingKey, match="samecast models key ACME_KEY"):
        studio.shooting.plan(Order(prompt="a sea", model="unready", kind="image"))
    assert studio.modelling.readiness("unready").missing is not None
    assert studio.modelling.readiness("paste").missing is None


def test_a_licence_is_accepted_once_and_a_use_it_excludes_never(studio: Studio, tmp_path: Path, engine: PasteEngine):
    order = Order(prompt="a sea", model="strict", kind="image")
    with pytest.raises(LicenceExcludes, match="samecast models accept strict"):
        studio.shooting.plan(order)
    studio.modelling.accept("strict")
    studio.shooting.plan(order)
    changed = replace(STRICT, licence="Community licence, second edition.")
    later = open_studio(Settings(home=tmp_path / "home"), {"strict": (changed, engine)})
    with later, pytest.raises(LicenceExcludes, match="second edition"):
        later.shooting.plan(order)
    korea = Settings(home=tmp_path / "home", use=Use(country="KR"))
    with open_studio(korea, {"strict": (STRICT, engine)}) as elsewhere, pytest.raises(LicenceExcludes, match="in KR"):
        elsewhere.shooting.plan(order)


def test_a_picture_to_edit_is_kept_with_the_shot_and_made_again_with_it(
    studio: Studio, astronaut: Path, frame: Path, tmp_path: Path
):
    studio.casting.add([astronaut], name="Eileen", description="a woman")
    order = Order(prompt="Put @eileen in", model="counting", takes=1, edit=frame, out=tmp_path / "one")
    shot = studio.shooting.run(studio.shooting.start(studio.shooting.plan(order)))
    recipe = shot.takes[0].recipe
    assert recipe.compiled == "Put the woman in image 2 in"
    assert recipe.pictures[0] == recipe.edited
    again = studio.shooting.plan_like(Path(shot.takes[0].path or ""), tmp_path / "two")
    assert studio.shooting.run(studio.shooting.start(again)).takes[0].asset == shot.takes[0].asset
