"""What every engine must keep, as checks that a model's test calls with its own engine and recipes."""

from dataclasses import replace
from itertools import islice

import numpy as np

from samecast.core.recipe import Recipe
from samecast.ports import Engine, Picture, Pixels, Render


def check_frames(engine: Engine, recipe: Recipe, references: dict[str, Picture]) -> list[Pixels]:
    """The promised number of frames, of the promised size and kind; notes are sentences; steps are reported."""
    steps: list[tuple[str, int, int]] = []
    rendered = engine.render(
        Render(recipe=recipe, references=references, on_step=lambda *step: steps.append(step)),
    )
    frames = list(rendered.frames)
    assert len(frames) == recipe.frames
    for frame in frames:
        assert frame.dtype == np.uint8
        assert frame.shape[:2] == (recipe.height, recipe.width)
        assert frame.shape[2] in (3, 4)
    assert all(note.strip().endswith(".") for note in rendered.notes)
    assert steps
    assert all(0 <= done <= total for _, done, total in steps)
    return frames


def check_repeats(engine: Engine, again: Engine, recipe: Recipe, references: dict[str, Picture]) -> None:
    """Equal recipes give equal pixels, on another instance too; another seed gives visibly other ones."""
    first, second = (
        next(one.render(Render(recipe=recipe, references=references)).frames)[..., :3] for one in (engine, again)
    )
    assert np.array_equal(first, second)
    other = replace(recipe, seed=recipe.seed + 1)
    third = next(engine.render(Render(recipe=other, references=references)).frames)[..., :3]
    assert np.abs(first.astype(int) - third).mean() > 4


def check_may_be_left(engine: Engine, recipe: Recipe, references: dict[str, Picture]) -> None:
    """Whoever stops reading leaves nothing behind that disturbs the next render."""
    begun = engine.render(Render(recipe=recipe, references=references)).frames
    kept = [frame.copy() for frame in islice(begun, 2)]
    whole = engine.render(Render(recipe=recipe, references=references)).frames
    for frame, again in zip(kept, whole, strict=False):
        assert np.array_equal(frame[..., :3], again[..., :3])


def check_versioned(engine: Engine) -> None:
    assert engine.version
    assert engine.version == engine.version.strip()
