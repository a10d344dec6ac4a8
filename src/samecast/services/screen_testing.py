"""The screen test: the same few shots from each candidate reference, and the one whose character comes back best.

An audition judges how a reference looks; a screen test what a model makes of it. Candidates stand in for characters
that are not cast yet: their takes are kept and scored like any others.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from samecast.core.cast import Anchor, Character, Reference, Version
from samecast.core.consistency import TakeScore
from samecast.core.errors import InvalidInput
from samecast.core.rates import wilson
from samecast.core.story import Shot, Take
from samecast.ports import AssetStore, CastRepository, Cell, Media, Picture
from samecast.services.casting import Casting
from samecast.services.making import Models, find_model, score_of
from samecast.services.ordering import Order
from samecast.services.sheets import words
from samecast.services.shooting import Plan, Shooting

DISTANCES = ("near", "middle", "far")
SHOTS = (
    "Close-up of {who} looking into the camera in soft window light, plain background",
    "Medium shot of {who} walking down a city street at night in the rain",
    "Full-length shot of {who} laughing in a sunlit park, wide angle",
)
"""Near, middle and far; soft light, night and sun: where a weak reference gives way first."""
MOST_CANDIDATES = 8
SEED = 1
"""One seed for all, so that candidates differ by nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One candidate's part: its picture, the character that stands in for it, and its shots."""

    path: Path
    stand_in: Character
    plans: tuple[Plan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """How a candidate came back. `mean` and `error` (its standard error) over the takes that could be measured."""

    path: Path
    handle: str
    takes: int
    measured: int
    matched: int
    mean: float | None
    error: float | None
    shots: tuple[str, ...]

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the match rate."""
        return wilson(self.matched, self.takes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenTest:
    """Candidates, best first. `clear`: whether the first is better than the second beyond what luck explains."""

    ranked: tuple[Screened, ...]
    clear: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenTesting:
    casting: Casting
    cast: CastRepository
    shooting: Shooting
    assets: AssetStore
    media: Media
    models: Models

    def plan(
        self,
        images: Sequence[Path],
        model: str,
        *,
        anchors: Sequence[Anchor] = (),
        description: str = "",
        takes: int = 1,
        out: Path | None = None,
    ) -> list[Role]:
        """Lay out every candidate's shots. Raises `InvalidInput`, `BadMedia`; only the candidates are stored."""
        profile = find_model(self.models, model)[0]
        if not 2 <= len(images) <= MOST_CANDIDATES:
            raise InvalidInput(
                f"A screen test compares 2 to {MOST_CANDIDATES} candidates, and this is {len(images)}.",
                hint="Rank more of them first with: samecast cast audition IMAGE...",
            )
        if profile.composites:
            raise InvalidInput(
                f"{model} works from the reference's own pixels, so every candidate would come back.",
                hint="Test on a model that makes its own pictures: samecast models list",
            )
        if "image" not in profile.kinds:
            raise InvalidInput(f"{model} makes no images.", hint="Test on a model that does: samecast models list")
        taken = {character.handle for character in self.cast.all()}
        handles = [handle for number in range(1, 100) if (handle := f"stand-in-{number}") not in taken]
        roles = []
        for path, handle in zip(images, handles, strict=False):
            stand_in = self._stand_in(path, handle, anchors, description)
            roles.append(Role(path=path, stand_in=stand_in, plans=self._plans(stand_in, model, takes, out)))
        return roles

    def conclude(self, roles: Sequence[Role], shots: Sequence[Sequence[Shot]]) -> ScreenTest:
        """Rank the candidates by their finished shots, in the order of `roles`."""
        found = [_screened(role, made) for role, made in zip(roles, shots, strict=True)]
        ranked = sorted(found, key=lambda entry: (entry.matched, entry.mean or 0.0), reverse=True)
        clear, why = _verdict(ranked)
        return ScreenTest(ranked=tuple(ranked), clear=clear, why=why)

    def picture(self, roles: Sequence[Role], shots: Sequence[Sequence[Shot]], test: ScreenTest) -> Picture | None:
        """Each candidate beside what came of it, best first; None where nothing could be made."""
        place = {entry.handle: rank for rank, entry in enumerate(test.ranked, start=1)}
        cells = []
        for role, made in sorted(zip(roles, shots, strict=True), key=lambda pair: place[pair[0].stand_in.handle]):
            rank = place[role.stand_in.handle]
            reference = self.media.read_picture(self.assets.get(role.stand_in.current.references[0].sha256)).rgb
            caption = (role.path.name, f"candidate {rank} of {len(roles)}")
            cells.append(Cell(frames=(reference,), caption=caption, picked=rank == 1 and test.clear, tone="neutral"))
            for distance, shot in zip(DISTANCES, made, strict=True):
                cells += [self._cell(take, distance) for take in shot.takes if take.asset is not None]
        subtitle = f"{shots[0][0].model if shots and shots[0] else ''} · {test.why}"
        return self.media.contact_sheet(cells, title="Screen test", subtitle=subtitle) if cells else None

    def _cell(self, take: Take, distance: str) -> Cell:
        score = score_of(take)
        said = "; ".join(words(entry, named=False) for entry in score.characters) or "no score"
        rgb = self.media.read_picture(self.assets.get(take.asset or "")).rgb
        tone = "good" if score.holds else "warn" if score.measurable else "bad"
        return Cell(frames=(rgb,), caption=(distance, said), picked=False, tone=tone)

    def _stand_in(self, path: Path, handle: str, anchors: Sequence[Anchor], description: str) -> Character:
        picture = self.casting.grade(path).picture
        sha256 = self.assets.put(self.media.png(picture), suffix=".png")
        now = datetime.now(UTC)
        reference = Reference(sha256=sha256, width=picture.width, height=picture.height)
        version = Version(
            number=1, references=(reference,), anchors=tuple(anchors), description=description, created_at=now
        )
        return Character(handle=handle, name="the candidate", versions=(version,), created_at=now)

    def _plans(self, stand_in: Character, model: str, takes: int, out: Path | None) -> tuple[Plan, ...]:
        return tuple(
            self.shooting.plan(
                Order(
                    prompt=prompt.format(who=f"@{stand_in.handle}"),
                    model=model,
                    kind="image",
                    takes=takes,
                    seed=SEED,
                    out=out / f"{stand_in.handle}-{number}" if out else None,
                    stand_ins=(stand_in,),
                )
            )
            for number, prompt in enumerate(SHOTS, start=1)
        )


def _screened(role: Role, shots: Sequence[Shot]) -> Screened:
    takes: list[Take] = [take for shot in shots for take in shot.takes]
    scores: list[TakeScore] = [score_of(take) for take in takes if take.state == "done"]
    figures = [entry.weakest for score in scores for entry in score.characters if entry.likeness is not None]
    return Screened(
        path=role.path,
        handle=role.stand_in.handle,
        takes=len(takes),
        measured=len(figures),
        matched=sum(score.holds for score in scores),
        mean=statistics.fmean(figures) if figures else None,
        error=statistics.stdev(figures) / len(figures) ** 0.5 if len(figures) > 1 else None,
        shots=tuple(shot.id for shot in shots),
    )


def _verdict(ranked: Sequence[Screened]) -> tuple[bool, str]:
    """Whether the first is clearly ahead, and what can be said."""
    first, second = ranked[0], ranked[1]
    if not first.measured:
        return False, "No candidate could be measured in any take: their faces cannot be read there."
    told = f"{first.path.name} comes back best: {first.matched} of {first.takes} takes match"
    if second.interval[1] < first.interval[0]:
        return True, f"{told}; the next is at {second.matched} of {second.takes}."
    if first.mean is not None and second.mean is not None and first.error is not None and second.error is not None:
        gap, spread = first.mean - second.mean, (first.error**2 + second.error**2) ** 0.5
        if gap > 2 * spread and first.matched >= second.matched:
            return True, f"{told}, and it is {gap:.2f} more alike than {second.path.name} on average."
    return False, f"{told}, yet {second.path.name} is too close to tell from so few takes: add --takes."
