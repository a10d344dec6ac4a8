"""Drafts, screen tests, sheets and keyframes: what a model makes is judged before it becomes a reference or a clip."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data, filters, transform
from tests.services.conftest import PASTE

from samecast.core.errors import InvalidInput, MissingKey, NotFound, StorageFailed
from samecast.core.portrait import PortraitSlots
from samecast.core.story import Shot
from samecast.media import LocalMedia
from samecast.ports import Pixels, Render, Rendered
from samecast.services.drafting import Draft
from samecast.services.ordering import Order
from samecast.services.shooting import Plan
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
IMAGINE = replace(PASTE, id="imagine", name="Imagine", kinds=("image",), max_seconds=0, composites=False)
ANIMATE = replace(
    PASTE,
    id="animate",
    name="Animate",
    kinds=("video",),
    composites=False,
    references=0,
    first_frame=True,
    keyframe="imagine",
    fps=8,
)


@dataclass(slots=True)
class Painter:
    """Shows what `paint` says of an order, again for every frame."""

    paint: Callable[[Render], Pixels] = field(default=lambda order: nobody())
    orders: list[Render] = field(default_factory=list)
    version: str = "1"
    keyless: bool = False

    def check(self) -> None:
        if self.keyless:
            raise MissingKey("There is no ACME_KEY.", hint="Set it.")

    def render(self, order: Render) -> Rendered:
        self.orders.append(order)
        return Rendered(frames=iter([self.paint(order)] * order.recipe.frames))


def person() -> Pixels:
    return np.ascontiguousarray(data.astronaut())


def anew(seed: int = 0) -> Pixels:
    """The same person seen anew: turned, zoomed, relit and mirrored, so that it is no paste."""
    bent = transform.warp(
        data.astronaut()[:, ::-1],
        transform.AffineTransform(rotation=0.05, scale=(0.92, 0.9), translation=(20 + seed % 5, 10)),
        mode="edge",
    )
    return np.asarray(255 * np.clip(0.85 * filters.gaussian(bent, 1.2, channel_axis=2) + 0.06, 0, 1), np.uint8)


def nobody() -> Pixels:
    return np.full((512, 512, 3), 90, np.uint8)


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def camera() -> Painter:
    return Painter()


@pytest.fixture
def studio(tmp_path: Path, painter: Painter, camera: Painter) -> Iterator[Studio]:
    models = {"paste": (PASTE, painter), "imagine": (IMAGINE, painter), "animate": (ANIMATE, camera)}
    with open_studio(Settings(home=tmp_path / "home"), models) as opened:
        yield opened


def made(studio: Studio, plan: Plan) -> Shot:
    return studio.shooting.run(studio.shooting.start(plan))


def kept(path: Path, rgb: Pixels) -> Path:
    Image.fromarray(rgb).save(path)
    return path


# --- drafts -----------------------------------------------------------------------------------------------------

SLOTS = PortraitSlots(character="a pilot, woman, forties", anchors=("orange flight suit",), hair="short curly hair")


def drafted(studio: Studio, out: Path, **more: object) -> Draft:
    planned = studio.drafting.plan(SLOTS, "imagine", variations=4, seed=1, out=out)
    return studio.drafting.conclude(made(studio, planned.plan), name="Pia", handle=None, slots=SLOTS)


def test_a_draft_casts_the_strongest_portrait_and_keeps_the_others(studio: Studio, painter: Painter, tmp_path: Path):
    dark = (person() * 0.12).astype(np.uint8)
    blurred = np.asarray(255 * filters.gaussian(person(), 9, channel_axis=2), np.uint8)
    shown = [nobody(), dark, person(), blurred]
    painter.paint = lambda order: shown[len(painter.orders) - 1]
    draft = drafted(studio, tmp_path / "draft")
    assert draft.portraits[0].take.number == 3
    assert draft.added is not None
    reference = draft.added.character.current.references[0]
    assert (reference.width, reference.height) == (512, 512)
    assert draft.added.character.current.anchors[0].text == "orange flight suit"
    prompt = painter.orders[0].recipe.prompt
    assert prompt.startswith("Cinematic medium portrait of a pilot")
    assert "85mm" in prompt
    recent = studio.shooting.recent()
    assert [take.state for take in recent[0].takes] == ["done"] * 4, "the others stay as creations"


def test_a_draft_of_which_no_portrait_is_fit_casts_nobody(studio: Studio, tmp_path: Path):
    draft = drafted(studio, tmp_path / "draft")
    assert draft.added is None
    assert studio.casting.all() == []
    assert len(draft.portraits) == 4


def test_a_model_that_needs_a_reference_drafts_nobody(studio: Studio, tmp_path: Path):
    with pytest.raises(InvalidInput, match="paste works from a reference, so it cannot draft anybody"):
        studio.drafting.plan(SLOTS, "paste", seed=1, out=None)
    with pytest.raises(InvalidInput, match="animate makes no images"):
        studio.drafting.plan(SLOTS, "animate", seed=1, out=None)


# --- screen tests -----------------------------------------------------------------------------------------------


def test_a_screen_test_finds_the_candidate_that_comes_back(studio: Studio, painter: Painter, tmp_path: Path):
    good = kept(tmp_path / "good.png", person())
    weak = kept(tmp_path / "weak.png", np.roll(person(), 40, axis=1))

    def paint(order: Render) -> Pixels:
        reference = next(iter(order.references.values())).rgb
        same = np.array_equal(reference, person())
        return anew(order.recipe.seed) if same else nobody()

    painter.paint = paint
    roles = studio.screen_testing.plan([weak, good], "imagine", takes=2, out=tmp_path / "test")
    assert [len(role.plans) for role in roles] == [3, 3]
    seeds = [[take.recipe.seed for plan in role.plans for take in plan.shot.takes] for role in roles]
    assert seeds[0] == seeds[1], "candidates differ by nothing else"
    shots = [[made(studio, plan) for plan in role.plans] for role in roles]
    outcome = studio.screen_testing.conclude(roles, shots)
    assert [entry.path for entry in outcome.ranked] == [good, weak]
    assert outcome.ranked[0].matched == 6
    assert outcome.ranked[1].matched == 0
    assert outcome.clear
    assert "good.png comes back best: 6 of 6" in outcome.why
    assert studio.casting.all() == [], "candidates are not cast by being tested"
    sheet = studio.screen_testing.picture(roles, shots, outcome)
    assert sheet is not None
    assert sheet.width > sheet.height > 500


def test_two_equal_candidates_are_too_close_to_tell(studio: Studio, painter: Painter, tmp_path: Path):
    paths = [kept(tmp_path / f"{n}.png", np.roll(person(), n, axis=0)) for n in (0, 1)]
    painter.paint = lambda order: anew(order.recipe.seed)
    roles = studio.screen_testing.plan(paths, "imagine")
    shots = [[made(studio, plan) for plan in role.plans] for role in roles]
    outcome = studio.screen_testing.conclude(roles, shots)
    assert not outcome.clear
    assert "too close to tell" in outcome.why


def test_a_screen_test_that_would_prove_nothing_is_refused(studio: Studio, tmp_path: Path):
    paths = [kept(tmp_path / f"{n}.png", person()) for n in range(2)]
    with pytest.raises(InvalidInput, match="every candidate would come back"):
        studio.screen_testing.plan(paths, "paste")
    with pytest.raises(InvalidInput, match="compares 2 to 8 candidates"):
        studio.screen_testing.plan(paths[:1], "imagine")


# --- sheets -----------------------------------------------------------------------------------------------------


def test_a_sheet_offers_no_paste_and_nobody_and_says_why(
    studio: Studio, painter: Painter, tmp_path: Path, astronaut: Path
):
    studio.casting.add([astronaut], name="Eileen")
    painter.paint = lambda order: nobody() if "profile" in order.recipe.prompt else person()
    planned = studio.sheeting.plan("@eileen", "imagine", views=["profile", "smile"], takes=1, out=tmp_path)
    sheets = [studio.sheeting.conclude(view, made(studio, plan)) for view, plan in planned]
    assert [sheet.offered for sheet in sheets] == [False, False]
    assert "Nobody is there" in sheets[0].why
    assert "own picture again" in sheets[1].why, "a paste teaches nothing"
    assert studio.sheeting.keep("@eileen", sheets) is None
    with pytest.raises(InvalidInput, match="There is no view 'back'"):
        studio.sheeting.plan("@eileen", "imagine", views=["back"])
    with pytest.raises(InvalidInput, match="no other side of @eileen"):
        studio.sheeting.plan("@eileen", "paste")


@pytest.mark.skipif(not EVAL.is_dir(), reason="the pictures to measure on are not here")
def test_a_sheet_offers_another_picture_of_the_same_person_and_none_of_another(
    studio: Studio, painter: Painter, tmp_path: Path
):
    dad = [EVAL / "azure-face" / f"images__Family1-Dad{number}.jpg" for number in (1, 2)]
    other = EVAL / "azure-face" / "images__Family1-Daughter1.jpg"
    studio.casting.add([dad[0]], name="Dad")

    def paint(order: Render) -> Pixels:
        shown = LocalMedia().read_picture(dad[1] if "camera, neutral" in order.recipe.prompt else other)
        return shown.rgb

    painter.paint = paint
    planned = studio.sheeting.plan("@dad", "imagine", views=["front", "smile"], takes=1, out=tmp_path)
    sheets = [studio.sheeting.conclude(view, made(studio, plan)) for view, plan in planned]
    assert [sheet.offered for sheet in sheets] == [True, False], [sheet.why for sheet in sheets]
    sheet = studio.sheeting.picture("@dad", sheets)
    assert sheet is not None
    assert min(sheet.width, sheet.height) > 300
    added = studio.sheeting.keep("@dad", sheets)
    assert added is not None
    assert (len(added.character.current.references), added.character.current.number) == (2, 2)


# --- keyframe, then animate -------------------------------------------------------------------------------------


def test_only_a_first_frame_that_is_her_is_animated(
    studio: Studio, painter: Painter, camera: Painter, tmp_path: Path, astronaut: Path
):
    studio.casting.add([astronaut], name="Eileen")
    order = Order(prompt="Slow push in on @eileen in a cafe", model="animate", seconds=1, takes=1, out=tmp_path / "out")
    assert studio.keyframing.needed(order)
    with pytest.raises(InvalidInput, match="animates a picture, and there is none"):
        studio.shooting.plan(order)
    painter.paint = lambda order: nobody()
    first, clip = studio.keyframing.plan(replace(order, out=tmp_path / "bad"))
    lost = studio.shooting.run(studio.shooting.start(clip, first))
    assert "No first frame came out as the character, so nothing was animated" in lost.why
    assert [(take.state, take.failure, take.cost) for take in lost.takes] == [("failed", "render_failed", 0)]
    assert not camera.orders

    painter.paint = lambda order: anew(order.recipe.seed)
    camera.paint = lambda order: order.references[order.recipe.first_frame].rgb
    first, clip = studio.keyframing.plan(order)
    shot = studio.shooting.run(studio.shooting.start(clip, first))
    keyframe = studio.shooting.get(first.shot.id)
    assert len(keyframe.takes) == 4
    recipe = shot.takes[0].recipe
    assert (recipe.kind, recipe.model, recipe.frames) == ("video", "animate", 8)
    best = next(take for take in keyframe.takes if take.id == keyframe.picked)
    assert recipe.first_frame == best.asset
    shown = camera.orders[0].references[recipe.first_frame].rgb
    assert np.array_equal(shown, np.asarray(Image.open(best.path or "").convert("RGB")))
    assert shot.picked
    assert shot.awaits == ""


def test_the_one_first_frame_that_is_her_is_handed_over_once(
    studio: Studio, painter: Painter, tmp_path: Path, astronaut: Path
):
    studio.casting.add([astronaut], name="Eileen")
    order = Order(prompt="Slow push in on @eileen in a cafe", model="animate", seconds=1, takes=1, out=tmp_path / "out")
    painter.paint = lambda order: anew(order.recipe.seed) if len(painter.orders) == 3 else nobody()
    first, clip = studio.keyframing.plan(order)
    shot = studio.shooting.start(clip, first)
    keyframe = studio.shooting.run(studio.shooting.get(first.shot.id))
    assert keyframe.picked == f"{keyframe.id}-3"
    assert studio.shooting.get(shot.id).takes[0].recipe.first_frame == keyframe.takes[2].asset
    assert studio.producing.concluding.release(keyframe.id) == []


def test_what_is_begun_together_is_kept_together_or_not_at_all(
    studio: Studio, painter: Painter, tmp_path: Path, astronaut: Path
):
    studio.casting.add([astronaut], name="Eileen")
    order = Order(prompt="Slow push in on @eileen in a cafe", model="animate", seconds=1, takes=1, out=tmp_path / "out")
    first, clip = studio.keyframing.plan(order)
    (tmp_path / "out" / "keyframe").mkdir(parents=True)
    (tmp_path / "out" / "keyframe" / "take-1.png").write_bytes(b"somebody's")
    with pytest.raises(StorageFailed, match=r"already holds take-1\.png"):
        studio.shooting.start(clip, first)
    assert studio.shooting.recent() == []
    assert not (tmp_path / "out" / "shot.json").exists()


def test_a_clip_made_from_a_first_frame_is_made_again_from_its_recipe(studio: Studio, camera: Painter, tmp_path: Path):
    frame = kept(tmp_path / "frame.png", person())
    camera.paint = lambda order: order.references[order.recipe.first_frame].rgb
    order = Order(prompt="a harbour", model="animate", seconds=1, takes=1, first_frame=frame, out=tmp_path / "one")
    shot = made(studio, studio.shooting.plan(order))
    again = made(studio, studio.shooting.plan_like(Path(shot.takes[0].path or ""), tmp_path / "two"))
    assert again.takes[0].asset == shot.takes[0].asset
    elsewhere = open_studio(Settings(home=tmp_path / "elsewhere"), {"animate": (ANIMATE, camera)})
    with elsewhere as other, pytest.raises(NotFound, match="A picture or LoRA that the take was made from"):
        other.shooting.plan_like(Path(shot.takes[0].path or ""), tmp_path / "three")
