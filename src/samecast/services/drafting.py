"""Drafting a character: portraits by the formula, auditioned, the strongest cast as the reference.

The portraits are takes of a shot like any other, so those that are not chosen stay as creations, and a draft that was
stopped goes on. How portraits are asked for is `core.portrait`'s, how they are ranked the audition's.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samecast.core.errors import InvalidInput, NotFound
from samecast.core.lexicon import Lexicon
from samecast.core.portrait import PortraitPrompt, PortraitSlots, portrait_prompt
from samecast.core.story import Shot, Take
from samecast.ports import AssetStore, ModelProfile
from samecast.services.auditioning import Candidate, audition
from samecast.services.casting import Added, Casting
from samecast.services.making import Models, find_model
from samecast.services.ordering import Order
from samecast.services.shooting import Plan, Shooting

VARIATIONS = 4
FIT = ("strong", "usable")
"""What a portrait has to be graded to be cast: a weak reference is in every later take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPlan:
    """The portrait's prompt with what it lacks, and the shot that makes it."""

    portrait: PortraitPrompt
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """One variation, ranked: `candidate.grade` is None where it could not be read as a picture."""

    take: Take
    candidate: Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The variations, strongest first, and the character that was cast from the first; None where none is fit."""

    shot: Shot
    portraits: tuple[Portrait, ...]
    added: Added | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    casting: Casting
    shooting: Shooting
    assets: AssetStore
    models: Models
    lexicon: Lexicon

    def plan(
        self, slots: PortraitSlots, model: str, *, variations: int = VARIATIONS, seed: int | None, out: Path | None
    ) -> DraftPlan:
        """Lay out the portraits; nothing is made yet. Raises `InvalidInput` for a model that imagines nobody."""
        check_imagines(find_model(self.models, model)[0])
        portrait = portrait_prompt(slots, self.lexicon)
        order = Order(
            prompt=portrait.text, model=model, kind="image", aspect="1:1", takes=variations, seed=seed, out=out
        )
        return DraftPlan(portrait=portrait, plan=self.shooting.plan(order))

    def conclude(
        self, shot: Shot, *, name: str, handle: str | None, slots: PortraitSlots, tags: Sequence[str] = ()
    ) -> Draft:
        """Audition a finished shot's portraits and cast the strongest. Raises `NotFound` where none was made."""
        made = [take for take in shot.kept if take.state == "done" and take.asset is not None]
        if not made:
            raise NotFound(
                f"No portrait of the shot {shot.id} could be made.",
                hint=next((take.error for take in shot.takes if take.error), "Try another model."),
            )
        anchors = tuple(anchor for anchor in slots.anchors if anchor.strip())
        with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
            files = {Path(folder) / f"take-{take.number}.png": take for take in made}
            for path, take in files.items():
                path.write_bytes(self.assets.get(take.asset or ""))
            ranked = [
                Portrait(take=files[entry.path], candidate=entry)
                for entry in audition(self.casting, list(files), anchors)
            ]
            best = ranked[0].candidate
            fit = best.grade is not None and best.grade.verdict in FIT
            added = None
            if fit:
                added = self.casting.add(
                    [best.path], name=name, handle=handle, description=slots.character, tags=tags, anchors=anchors
                )
        return Draft(shot=shot, portraits=tuple(ranked), added=added)


def check_imagines(profile: ModelProfile) -> None:
    """Raises `InvalidInput` for a model that makes no image from words alone."""
    if "image" in profile.kinds and not profile.composites and not profile.references_from:
        return
    why = "works from a reference" if profile.composites or profile.references_from else "makes no images"
    raise InvalidInput(
        f"{profile.id} {why}, so it cannot draft anybody.", hint="Draft on one that makes images: samecast models list"
    )
