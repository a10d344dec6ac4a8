"""A character's sheet: more views and expressions, each shot, scored, graded, and only then offered as a reference.

A sheet that drifts would teach every later take the drift. So a view is offered only where it is measurably the same
character and no mere paste; a profile, in which no face can be measured, is shown and never offered.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samecast.core.consistency import Score
from samecast.core.errors import InvalidInput
from samecast.core.grading import Grade
from samecast.core.story import Shot, Take
from samecast.ports import AssetStore, Cell, Media, Picture
from samecast.services.casting import Added, Casting, Change
from samecast.services.making import Models, find_model, score_of
from samecast.services.ordering import Order
from samecast.services.sheets import words
from samecast.services.shooting import Plan, Shooting


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture of the sheet. `aspect` where the model has it, else 1:1."""

    name: str
    prompt: str
    aspect: str = "1:1"


_PLAIN = "even soft light, plain grey background"
VIEWS = (
    View(name="front", prompt=f"Medium close-up of {{who}} facing the camera, neutral expression, {_PLAIN}"),
    View(
        name="three-quarter left",
        prompt=f"Medium close-up of {{who}}, three-quarter view, head turned to the left, {_PLAIN}",
    ),
    View(
        name="three-quarter right",
        prompt=f"Medium close-up of {{who}}, three-quarter view, head turned to the right, {_PLAIN}",
    ),
    View(name="profile", prompt=f"Medium close-up of {{who}} in profile, {_PLAIN}"),
    View(name="full figure", prompt=f"Full-length shot of {{who}} standing, facing the camera, {_PLAIN}", aspect="2:3"),
    View(name="smile", prompt=f"Close-up of {{who}} facing the camera with a warm smile, {_PLAIN}"),
    View(name="anger", prompt=f"Close-up of {{who}} facing the camera with an angry frown, {_PLAIN}"),
    View(name="surprise", prompt=f"Close-up of {{who}} facing the camera, surprised, eyebrows raised, {_PLAIN}"),
)
TAKES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One view as it was made: the picked take with its score and grade, whether it is offered, and why not."""

    view: View
    shot: Shot
    take: Take | None
    score: Score | None
    grade: Grade | None
    offered: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheeting:
    casting: Casting
    shooting: Shooting
    assets: AssetStore
    media: Media
    models: Models

    def plan(
        self, handle: str, model: str, *, views: Sequence[str] = (), takes: int = TAKES, out: Path | None = None
    ) -> list[tuple[View, Plan]]:
        """Lay out the sheet, or some of its views. Raises `InvalidInput`, `NotFound`; nothing is made yet."""
        character = self.casting.get(handle)
        profile = find_model(self.models, model)[0]
        if profile.composites:
            raise InvalidInput(
                f"{model} works from the reference's own pixels: it has no other side of @{character.handle} to show.",
                hint="Make the sheet on a model that makes its own pictures: samecast models list",
            )
        aspects = {f"{w}:{h}" for w, h in profile.aspects}
        return [
            (
                view,
                self.shooting.plan(
                    Order(
                        prompt=view.prompt.format(who=f"@{character.handle}"),
                        model=model,
                        kind="image",
                        aspect=view.aspect if view.aspect in aspects else None,
                        takes=takes,
                        out=out / view.name.replace(" ", "-") if out else None,
                    )
                ),
            )
            for view in _chosen(views)
        ]

    def conclude(self, view: View, shot: Shot) -> Sheet:
        """Judge a finished view."""
        take = next((take for take in shot.takes if take.id == shot.picked), None)
        if take is None or take.asset is None:
            return Sheet(view=view, shot=shot, take=None, score=None, grade=None, offered=False, why=shot.why)
        score = next(iter(score_of(take).characters), None)
        with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
            path = Path(folder) / "view.png"
            path.write_bytes(self.assets.get(take.asset))
            grade = self.casting.grade(path).grade
        offered, why = _judged(score, grade)
        return Sheet(view=view, shot=shot, take=take, score=score, grade=grade, offered=offered, why=why)

    def picture(self, handle: str, sheets: Sequence[Sheet]) -> Picture | None:
        """All views side by side, each with its likeness and whether it is offered; None where none could be made."""
        made = [sheet for sheet in sheets if sheet.take is not None and sheet.take.asset is not None]
        cells = [self._cell(sheet) for sheet in made]
        offered = sum(sheet.offered for sheet in sheets)
        told = f"{offered} of {len(sheets)} views offered as references"
        return self.media.contact_sheet(cells, title=f"@{_bare(handle)}", subtitle=told) if cells else None

    def _cell(self, sheet: Sheet) -> Cell:
        asset = sheet.take.asset if sheet.take else None
        likeness = [words(sheet.score, named=False)] if sheet.score else []
        return Cell(
            frames=(self.media.read_picture(self.assets.get(asset or "")).rgb,),
            caption=(sheet.view.name, *likeness, sheet.why or "offered"),
            picked=False,
            tone="good" if sheet.offered else "warn",
        )

    def keep(self, handle: str, sheets: Sequence[Sheet]) -> Added | None:
        """Add what is offered to the character's references, as a new version; None where nothing is."""
        offered = [sheet.take for sheet in sheets if sheet.offered and sheet.take and sheet.take.asset]
        if not offered:
            return None
        with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
            paths = []
            for take in offered:
                paths.append(Path(folder) / f"{take.id}.png")
                paths[-1].write_bytes(self.assets.get(take.asset or ""))
            return self.casting.edit(handle, Change(images=tuple(paths)))


def _bare(handle: str) -> str:
    return handle.strip().removeprefix("@").lower()


def _judged(score: Score | None, grade: Grade) -> tuple[bool, str]:
    if score is None or score.verdict in ("missing", "not_measurable"):
        return False, f"It cannot be measured: {score.reason if score else 'no score.'}".strip()
    if score.verdict != "match":
        return False, "It drifts from the reference."
    if score.pasted:
        return False, "It is the reference's own picture again, which teaches nothing."
    if grade.verdict == "unusable":
        return False, "It is unusable as a reference: see its grade."
    return True, ""


def _chosen(names: Sequence[str]) -> list[View]:
    if not names:
        return list(VIEWS)
    known = {view.name: view for view in VIEWS}
    for name in names:
        if name not in known:
            raise InvalidInput(f"There is no view '{name}'.", hint=f"Views: {', '.join(known)}.")
    return [known[name] for name in dict.fromkeys(names)]
