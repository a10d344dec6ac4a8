"""A library with takes in it, made by hand: small pictures and clips of several shapes, on several days, by two models.

What each take is like follows from its number alone, so that tests can say how many there are of anything.
"""

import colorsys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from samecast.core.cast import Anchor, Character, Reference, Region, Version
from samecast.core.consistency import AnchorScore, Moment, Quality, Score, ScoreVerdict, TakeScore, take_score_to_json
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.core.story import Shot, Take
from samecast.library import Library
from samecast.media import LocalMedia
from samecast.ports import Picture, Pixels

NOON = datetime(2025, 5, 30, 12, tzinfo=UTC)
SHAPES = ((90, 160), (160, 90), (128, 128), (120, 160))
PLACES = ("a neon alley in the rain", "a pine forest at dawn", "the night market", "an <i>empty</i> station")
VERDICTS: tuple[ScoreVerdict, ...] = ("match", "match", "match", "drift", "match", "missing", "match", "not_measurable")
PER_SHOT = 4
CLIP_EVERY = 16
"""Each so many takes there is a clip."""


def pixels(number: int, width: int, height: int, shift: float = 0.0) -> Pixels:
    """A disk on a gradient, of a colour that follows from the number."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    hue = (number * 0.137) % 1
    far = np.array(colorsys.hsv_to_rgb(hue, 0.5, 0.28))
    near = np.array(colorsys.hsv_to_rgb((hue + 0.12) % 1, 0.55, 0.85))
    share = np.clip(0.15 + 0.6 * y + 0.2 * x, 0, 1)[..., None]
    picture = far * (1 - share) + near * share * 0.7
    middle = (width / max(width, height) / 2 + shift, height / max(width, height) * 0.42)
    disk = (x - middle[0]) ** 2 + (y - middle[1]) ** 2 < 0.03
    picture[disk] = near
    return np.asarray(255 * picture, np.uint8)


def clip(path: Path, number: int, width: int, height: int) -> bytes:
    def frames() -> Iterator[Pixels]:
        for step in range(16):
            yield pixels(number, width, height, shift=0.1 * np.sin(step / 16 * 2 * np.pi))

    LocalMedia().write_clip(path, frames(), fps=8)
    return path.read_bytes()


@dataclass
class Films:
    """Makes shots of four takes each, an hour after each other."""

    library: Library
    folder: Path
    cast: dict[str, Character] = field(default_factory=dict)

    def fill(self, takes: int) -> None:
        for handle, name in (("mira", "Mira Tanaka"), ("jo", "Jo Müller")):
            self.cast[handle] = self._character(handle, name)
        shots = [self._shot(number) for number in range(takes // PER_SHOT)]
        for begin in range(0, len(shots), 50):
            self.library.shots.add(*shots[begin : begin + 50])

    def add(self) -> str:
        """One shot more, the newest; returns the id of its last take."""
        number = len(self.library.shots.recent(1000))
        self.library.shots.add(self._shot(number))
        return f"shot{number}-{PER_SHOT}"

    def _character(self, handle: str, name: str) -> Character:
        sha256 = self.library.assets.put(self._png(len(handle) * 100, 160, 160), suffix=".png")
        version = Version(
            number=1,
            references=(Reference(sha256=sha256, width=160, height=160),),
            anchors=(
                Anchor(
                    text="cyan piping on the left sleeve",
                    side="left",
                    region=Region(x=0.2, y=0.2, width=0.3, height=0.3),
                ),
            ),
            created_at=NOON,
        )
        character = Character(handle=handle, name=name, tags=("lead",), versions=(version,), created_at=NOON)
        self.library.cast.add(character)
        return character

    def _png(self, number: int, width: int, height: int) -> bytes:
        return LocalMedia().png(Picture(rgb=pixels(number, width, height)))

    def _shot(self, number: int) -> Shot:
        prompt = f"@{self._who(number)} in {PLACES[number % len(PLACES)]}, frame {number}"
        takes = tuple(self._take(number, each, prompt) for each in range(1, PER_SHOT + 1))
        return Shot(
            id=f"shot{number}",
            prompt=prompt,
            model=takes[0].recipe.model,
            out=str(self.folder / f"shot{number}"),
            takes=takes,
            picked=takes[0].id,
            why="Take 1 holds best.",
            created_at=NOON + timedelta(hours=number),
            state="done",
        )

    def _who(self, number: int) -> str:
        return "mira" if number % 3 else "jo"

    def _take(self, shot: int, each: int, prompt: str) -> Take:
        number = shot * PER_SHOT + each - 1
        width, height = SHAPES[shot % len(SHAPES)]
        video = number % CLIP_EVERY == 0
        character = self.cast[self._who(shot)]
        version = character.versions[0]
        member = Member(
            handle=character.handle,
            name=character.name,
            version=1,
            digest=version.digest,
            references=(version.references[0].sha256,),
            anchors=version.anchors,
        )
        content = clip(self.folder / "clip.mp4", number, width, height) if video else self._png(number, width, height)
        return Take(
            id=f"shot{shot}-{each}",
            shot_id=f"shot{shot}",
            number=each,
            recipe=Recipe(
                model="storyboard" if shot % 5 else "another/model",
                engine_version="1",
                kind="video" if video else "image",
                prompt=prompt,
                brief=Brief(who=(character.handle,)),
                members=(member,),
                width=width,
                height=height,
                seed=number,
                seconds=2.0 if video else 0.0,
                fps=8 if video else 0,
                options=(("steps", "8"),),
            ),
            state="done",
            asset=self.library.assets.put(content, suffix=".mp4" if video else ".png"),
            score=take_score_to_json(score(character.handle, VERDICTS[number % len(VERDICTS)], clip=video)),
            path=str(self.folder / f"shot{shot}" / f"take-{each}.png"),
            cost=40_000,
            seconds=3.0,
            made_at=NOON + timedelta(hours=shot, minutes=each),
        )


def score(handle: str, verdict: ScoreVerdict, *, clip: bool) -> TakeScore:
    likeness = {"match": 0.96, "drift": 0.31}.get(verdict)
    moments = tuple(Moment(seconds=i / 8, likeness=likeness) for i in range(16)) if clip and likeness else ()
    one = Score(
        handle=handle,
        verdict=verdict,
        p_same=likeness,
        worst=likeness if clip else None,
        worst_at=1.25 if clip and likeness else None,
        coverage=1.0 if likeness else 0.0,
        encoder="faces/1",
        reason="Measured in every judged frame." if likeness else "Nobody is to be seen.",
        moments=moments,
        calibration="On 140 photographs of 40 people.",
        far=0.01,
        anchors=(
            AnchorScore(
                text="cyan piping on the left sleeve",
                kind="colour",
                verdict="held" if verdict == "match" else "lost",
                reason="The colour is at its place." if verdict == "match" else "The colour is not at its place.",
                frames=1,
                held=int(verdict == "match"),
                at=1.1875 if clip else None,
            ),
        ),
    )
    return TakeScore(
        characters=(one,), quality=Quality(sharpness=0.62, flicker=0.4 if clip else None, frozen=0.1 if clip else None)
    )
