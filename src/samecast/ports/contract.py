"""What every engine must keep, as checks: for the engines that ship, and for a plug-in's own tests.

`check_engine(build, profile, parts, references)` runs them all on an engine that makes takes here; a hosted engine is
checked with `check_hosted` against a provider of the test's own. Each raises `AssertionError` saying what is not kept.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from samecast.core.errors import SamecastError, Stopped
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe, recipe_from_json, recipe_to_json
from samecast.ports import Engine, HostedEngine, ModelProfile, Picture, Pixels, Render, Rendered

STEPS = 2000
"""How often a hosted take is asked for before the check gives it up."""


@dataclass(slots=True)
class Steps:
    """What an engine reports while it works; `stop_at` stops it at that report, as a cancelled shot does."""

    stop_at: int | None = None
    told: list[tuple[str, int, int]] = field(default_factory=list)

    def __call__(self, step: str, done: int, total: int) -> None:
        self.told.append((step, done, total))
        if self.stop_at is not None and len(self.told) >= self.stop_at:
            raise Stopped("The check stops here.")


def recipe_for(
    profile: ModelProfile,
    engine: Engine | HostedEngine,
    pictures: Sequence[Picture],
    *,
    kind: str = "",
    seed: int = 7,
) -> tuple[Recipe, dict[str, Picture]]:
    """A recipe of the model's own smallest aspect, with one character of these pictures, and its references."""
    kind = kind or profile.kinds[0]
    aspect = profile.aspects[0]
    size = profile.size(kind, aspect)
    assert size is not None, f"{profile.id} has no size for {aspect}"
    named = {hashlib.sha256(picture.rgb.tobytes()).hexdigest(): picture for picture in pictures}
    members = (
        (Member(handle="mira", name="Mira", version=1, digest="0" * 64, references=tuple(named)),) if named else ()
    )
    told = f"{'@mira' if named else 'A lighthouse'} in the rain"
    recipe = Recipe(
        model=profile.id,
        engine_version=engine.version,
        kind="video" if kind == "video" else "image",
        prompt=told,
        brief=Brief(who=("mira",) if named else (), aspect=aspect),
        members=members,
        width=size[0],
        height=size[1],
        seed=seed,
        seconds=profile.seconds_for(profile.min_seconds if not profile.lengths else None) if kind == "video" else 0.0,
        fps=profile.fps if kind == "video" else 0,
        options=tuple(sorted((option.name, option.default) for option in profile.options if option.default)),
        compiled=told.replace("@mira", "the character in image 1") if profile.mentioning else "",
        pictures=tuple(named) if profile.mentioning else (),
    )
    assert recipe_from_json(recipe_to_json(recipe)) == recipe
    return recipe, named


# --- engines that make takes here -------------------------------------------------------------------------------


def check_engine(build: Callable[[], Engine], profile: ModelProfile, pictures: Sequence[Picture]) -> None:
    """All checks of an engine that makes takes here, for every kind that its profile names."""
    engine, again = build(), build()
    check_versioned(engine)
    engine.check()
    for kind in profile.kinds:
        recipe, references = recipe_for(profile, engine, pictures, kind=kind)
        check_frames(engine, recipe, references)
        check_stops(engine, recipe, references)
        if profile.deterministic:
            check_repeats(engine, again, recipe, references)
            check_may_be_left(engine, recipe, references)


def check_versioned(engine: Engine | HostedEngine) -> None:
    """Its version is a text without space around it."""
    assert engine.version, "the version is empty"
    assert engine.version == engine.version.strip(), "the version has space around it"


def check_frames(engine: Engine, recipe: Recipe, references: Mapping[str, Picture]) -> list[Pixels]:
    """The promised number of frames, of the promised size and kind; notes are sentences; steps are reported."""
    steps = Steps()
    rendered = engine.render(Render(recipe=recipe, references=references, on_step=steps))
    frames = list(rendered.frames)
    assert len(frames) == recipe.frames, f"{len(frames)} frames, and {recipe.frames} were ordered"
    for frame in frames:
        assert frame.dtype == np.uint8, f"a frame of {frame.dtype}"
        assert frame.shape[:2] == (recipe.height, recipe.width), f"a frame of {frame.shape}"
        assert frame.shape[2] in (3, 4), f"a frame of {frame.shape[2]} channels"
    assert all(note.strip().endswith(".") for note in rendered.notes), f"notes are no sentences: {rendered.notes}"
    check_steps(steps)
    return frames


def check_steps(steps: Steps) -> None:
    """Something is reported, and never more than the whole."""
    assert steps.told, "no step was reported"
    assert all(0 <= done <= total for _, done, total in steps.told), f"steps beyond their total: {steps.told}"


def check_stops(engine: Engine, recipe: Recipe, references: Mapping[str, Picture]) -> None:
    """What `on_step` raises ends the take at that step, and the engine works on afterwards."""
    try:
        for _ in engine.render(Render(recipe=recipe, references=references, on_step=Steps(stop_at=1))).frames:
            pass
    except Stopped:
        pass
    else:
        raise AssertionError("the first step said stop, and the take was made all the same")
    assert len(list(_frames(engine, recipe, references))) == recipe.frames, "after a stop it makes no whole take"


def check_repeats(engine: Engine, again: Engine, recipe: Recipe, references: Mapping[str, Picture]) -> None:
    """Equal recipes give equal pixels, on another instance too; another seed gives visibly other ones."""
    first, second = (list(_frames(one, recipe, references)) for one in (engine, again))
    assert all(map(np.array_equal, first, second)), "equal recipes gave other pixels"
    third = list(_frames(engine, replace(recipe, seed=recipe.seed + 1), references))
    assert not all(map(np.array_equal, first, third)), "another seed gave the same pixels"


def check_may_be_left(engine: Engine, recipe: Recipe, references: Mapping[str, Picture]) -> None:
    """Whoever stops reading leaves nothing behind that disturbs the next render."""
    kept = [frame.copy() for frame in islice(_frames(engine, recipe, references), 2)]
    for frame, again in zip(kept, _frames(engine, recipe, references), strict=False):
        assert np.array_equal(frame[..., :3], again[..., :3]), "a render that was left changed the next one"


def _frames(engine: Engine, recipe: Recipe, references: Mapping[str, Picture]) -> Iterator[Pixels]:
    return engine.render(Render(recipe=recipe, references=references)).frames


# --- hosted engines ---------------------------------------------------------------------------------------------


def check_hosted(
    build: Callable[[], HostedEngine],
    profile: ModelProfile,
    pictures: Sequence[Picture],
    *,
    jobs: Callable[[], int],
    wait: Callable[[], None] = lambda: None,
) -> None:
    """A take's whole life on an engine whose provider is the test's own, and calm.

    `jobs` counts the jobs that the provider has begun; `wait` is called between two questions about one.
    """
    engine = build()
    check_versioned(engine)
    engine.check()
    for number, kind in enumerate(profile.kinds):
        recipe, references = recipe_for(profile, engine, pictures, kind=kind)
        order = Render(recipe=recipe, references=references)
        before = jobs()
        ticket = engine.submit(order, f"check-{number}.1")
        assert ticket, "a submission gave no ticket"
        rendered = collect(build(), ticket, wait)  # another instance: the worker may have died meanwhile
        assert rendered.file or list(rendered.frames), "nothing was delivered"
        assert jobs() - before == 1, f"one take began {jobs() - before} jobs"
        again = build()
        if profile.knows_keys:
            assert again.find(f"check-{number}.1") == ticket, "the provider was to know the job by its key"
            assert again.submit(order, f"check-{number}.1") == ticket, "the same key began another job"
            assert jobs() - before == 1, "the same key was charged twice"
        assert again.find(f"never-{number}.1") is None, "a job was found that nobody began"
        dropped = engine.submit(order, f"drop-{number}.1")
        engine.cancel(dropped)
        engine.cancel(dropped)  # harmless where it is too late


def collect(engine: HostedEngine, ticket: str, wait: Callable[[], None]) -> Rendered:
    """Ask until the take is there. Raises `AssertionError` where it never comes."""
    for _ in range(STEPS):
        rendered = engine.collect(ticket)
        if rendered is not None:
            return rendered
        wait()
    raise AssertionError(f"the take never came in {STEPS} questions")


def check_error(error: SamecastError, *secrets: str) -> None:
    """An error is one clear line with what to do, and gives no secret away."""
    text = str(error)
    assert text, "an error without words"
    assert "\n" not in text, f"not one line: {text!r}"
    assert error.hint, f"no hint: {text!r}"
    for secret in secrets:
        assert secret not in text, "the error gives a secret away"
