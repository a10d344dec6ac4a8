"""Retakes from a kept take: again like it, a variation, or on another model, with what that one does not take told."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.services.conftest import PASTE, PasteEngine

from samecast.core.errors import InvalidInput, NotFound
from samecast.core.options import Option
from samecast.core.story import Shot, Take
from samecast.services.casting import Change
from samecast.services.ordering import Order
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio, sample_picture

STEPS = Option(name="steps", kind="whole", says="How many steps.", default="8", least=1, most=50)
NEGATIVE = Option(name="negative", kind="text", says="What is not to be seen.")
RICH = replace(PASTE, id="rich", edits=True, first_frame=True, last_frame=True, options=(STEPS, NEGATIVE))
PLAIN = replace(PASTE, id="plain", aspects=((1, 1), (16, 9)), lengths=(3.0, 6.0))
STILL = replace(PASTE, id="still", kinds=("image",))
ANIMATES = replace(PASTE, id="animates", kinds=("video",), references=0, first_frame=True, keyframe="rich")


@dataclass(frozen=True)
class Set:
    studio: Studio
    engine: PasteEngine
    folder: Path

    def made(self, order: Order) -> tuple[Shot, Take]:
        """A shot of one take, made."""
        order = replace(order, takes=1, out=self.folder / f"shot-{len(self.engine.rendered)}")
        shot = self.studio.shooting.run(self.studio.shooting.start(self.studio.shooting.plan(order)))
        return shot, shot.takes[0]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Set]:
    engine = PasteEngine()
    models = {profile.id: (profile, engine) for profile in (RICH, PLAIN, STILL, ANIMATES)}
    with open_studio(Settings(home=tmp_path / "home"), models) as studio:
        studio.casting.add([sample_picture("astronaut.png")], name="Eileen")
        yield Set(studio, engine, tmp_path)


CLIP = Order(
    prompt="[EILEEN] in a cafe, slow push in",
    model="rich",
    kind="video",
    aspect="9:16",
    seconds=0.5,
    options={"steps": "20", "negative": "blurry"},
    first_frame=sample_picture("astronaut.png"),
    last_frame=sample_picture("coffee.png"),
)


def test_again_is_the_very_recipe_with_new_seeds_whatever_became_of_the_cast(stage: Set) -> None:
    shot, take = stage.made(CLIP)
    stage.studio.casting.edit("eileen", Change(description="older, grey hair"))
    stage.studio.casting.archive("eileen")
    (plan,) = stage.studio.retaking.again(take.id, takes=3, under=stage.folder / "more")
    recipes = [other.recipe for other in plan.shot.takes]
    assert {replace(recipe, seed=0) for recipe in recipes} == {replace(take.recipe, seed=0)}
    assert len({recipe.seed for recipe in recipes} | {take.recipe.seed}) == 4
    assert plan.shot.id != shot.id
    assert Path(plan.shot.out) == stage.folder / "more" / plan.shot.id
    assert plan.notes == ()
    made = stage.studio.shooting.run(stage.studio.shooting.start(plan))
    assert [other.state for other in made.takes] == ["done"] * 3
    stage.studio.casting.remove("eileen")
    assert stage.studio.retaking.again(take.id)[0].shot.takes[0].recipe.members == take.recipe.members


def test_a_variation_shows_who_is_in_it_as_they_look_now(stage: Set) -> None:
    _, take = stage.made(CLIP)
    stage.studio.casting.edit("eileen", Change(description="older, grey hair"))
    (plan,) = stage.studio.retaking.vary(take.id, takes=2)
    one, two = (other.recipe for other in plan.shot.takes)
    assert one.seed != two.seed != take.recipe.seed
    now = replace(take.recipe.members[0], version=2, digest=one.members[0].digest, description="older, grey hair")
    assert replace(one, seed=0) == replace(take.recipe, seed=0, members=(now,))
    assert plan.notes == ()
    stage.studio.casting.archive("eileen")
    with pytest.raises(NotFound, match="@eileen is archived"):
        stage.studio.retaking.vary(take.id)


def test_an_option_that_the_model_lost_is_told(stage: Set) -> None:
    _, take = stage.made(CLIP)
    models = {"rich": (replace(RICH, options=(STEPS,)), stage.engine)}
    with open_studio(Settings(home=stage.folder / "home"), models) as studio:
        (plan,) = studio.retaking.vary(take.id)
    assert dict(plan.shot.takes[0].recipe.options) == {"steps": "20"}
    assert plan.notes == ("It has no option negative any more, so that is left out.",)


def test_another_model_gets_what_it_takes_and_the_rest_is_told(stage: Set) -> None:
    _, take = stage.made(CLIP)
    (plan,) = stage.studio.retaking.on(take.id, "plain", takes=2)
    recipe = plan.shot.takes[0].recipe
    assert (recipe.model, recipe.kind, recipe.prompt) == ("plain", "video", "@eileen in a cafe, slow push in")
    assert (recipe.seconds, recipe.brief.aspect, recipe.borrowed, recipe.options) == (3.0, (1, 1), (), ())
    assert len(plan.shot.takes) == 2
    assert plan.notes == (
        "It takes no negative prompt, so 'blurry' is left out.",
        "Options of rich are left out: steps 20.",
        "It takes no first frame, so that is left out.",
        "It takes no last frame, so that is left out.",
        "It makes no 9:16, so this is 1:1.",
        "It makes no clips of 0.5 seconds, so this is 3.",
    )


def test_what_the_other_model_takes_too_is_carried_over(stage: Set) -> None:
    _, take = stage.made(replace(CLIP, options={"negative": "blurry"}))
    twin = replace(RICH, id="twin", options=(NEGATIVE,))
    with open_studio(Settings(home=stage.folder / "home"), {"twin": (twin, stage.engine)}) as studio:
        (plan,) = studio.retaking.on(take.id, "twin", takes=1)
        recipe = plan.shot.takes[0].recipe
        expected = replace(take.recipe, model="twin", seed=recipe.seed, options=(("negative", "blurry"),))
        assert recipe == expected, "with the same pictures, to the byte"
        assert plan.notes == ("Options of rich are left out: steps 8.",), "nobody knows here what is usual for it"


def test_an_edit_is_edited_again_and_a_model_that_edits_nothing_says_so(stage: Set) -> None:
    edit = Order(prompt="@eileen at night", model="rich", kind="image", edit=sample_picture("coffee.png"))
    _, take = stage.made(edit)
    (again,) = stage.studio.retaking.vary(take.id)
    assert again.shot.takes[0].recipe.edited == take.recipe.edited != ""
    (plain,) = stage.studio.retaking.on(take.id, "plain")
    assert plain.shot.takes[0].recipe.edited == ""
    assert plain.notes == ("It edits no picture, so it makes one from the prompt.",)


def test_a_model_that_animates_gets_its_first_frame_made_before(stage: Set) -> None:
    _, take = stage.made(replace(CLIP, first_frame=None, last_frame=None, options={}))
    clip, first = stage.studio.retaking.on(take.id, "animates", takes=1)
    assert (clip.shot.model, clip.shot.awaits, first.shot.model) == ("animates", first.shot.id, "rich")
    assert clip.shot.takes[0].recipe.brief.aspect == first.shot.takes[0].recipe.brief.aspect == (9, 16)
    started = stage.studio.shooting.start(clip, first)
    assert stage.studio.shooting.get(first.shot.id).state == "running"
    with pytest.raises(InvalidInput, match="had no first frame yet"):
        stage.studio.retaking.again(started.takes[0].id)


def test_what_cannot_be(stage: Set) -> None:
    _, take = stage.made(CLIP)
    with pytest.raises(NotFound, match="no take nothing"):
        stage.studio.retaking.again("nothing")
    with pytest.raises(NotFound, match="no model"):
        stage.studio.retaking.on(take.id, "no-such-model")
    with pytest.raises(InvalidInput, match="still makes no video"):
        stage.studio.retaking.on(take.id, "still")
    with pytest.raises(InvalidInput, match="65 takes"):
        stage.studio.retaking.again(take.id, takes=65)
    stage.studio.retaking.assets.remove([take.recipe.last_frame])  # type: ignore[attr-defined]
    for retake in (stage.studio.retaking.again, stage.studio.retaking.vary):
        with pytest.raises(NotFound):
            retake(take.id)
