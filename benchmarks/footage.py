"""Footage made from photographs, whose cuts are known to the frame: moving cameras, passers-by, flashes, rain, grain.

For measuring (and testing) what reads clips. Each clip comes with its truth: where one shot is cut to the next, and
where a dissolve or a fade joins them, which is no cut. Knows nothing of how cuts are found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import cv2
import numpy as np
import skimage.data

from samecast.ports import Floats, Pixels

Join: TypeAlias = Literal["cut", "dissolve", "fade"]
Light: TypeAlias = Literal["steady", "flash", "drift", "flicker", "dark"]

JOINED = 16
"""Frames that a dissolve or a fade takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where a camera looks on a photograph: centre and width as shares of its shorter side, degrees of roll."""

    x: float = 0.5
    y: float = 0.5
    width: float = 0.7
    roll: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotPlan:
    """One uncut stretch of `frames` frames of one photograph.

    The camera goes from `start` to `end`, faster at the end where `whip`, with `shake` pixels of unrest; `passer` walks
    through the picture; `rain` falls; `grain` is its standard deviation; `join` says how the shot begins.
    """

    picture: Pixels
    frames: int
    start: View
    end: View
    whip: bool = False
    shake: float = 0.0
    light: Light = "steady"
    passer: Pixels | None = None
    rain: bool = False
    grain: float = 0.0
    join: Join = "cut"
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Frame numbers: the first frame after each cut, and first and last frame of what is joined softly."""

    frames: int
    cuts: tuple[int, ...]
    soft: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A clip to be: its plan, and the size of its frames."""

    shots: tuple[ShotPlan, ...]
    width: int = 320
    height: int = 180
    name: str = field(default="")

    @property
    def truth(self) -> Truth:
        cuts, soft, at = [], [], 0
        for number, shot in enumerate(self.shots):
            if number and shot.join == "cut":
                cuts.append(at)
            elif number:
                soft.append((at - 1, at + JOINED))
            at += shot.frames
        return Truth(frames=at, cuts=tuple(cuts), soft=tuple(soft))

    def frames(self) -> Iterator[Pixels]:
        """Each frame in turn, H x W x 3 uint8."""
        last: Floats | None = None
        for shot in self.shots:
            for number, frame in enumerate(_shot_frames(shot, self.width, self.height)):
                mixed = _joined(shot.join, number, frame, last)
                yield np.clip(mixed, 0, 255).astype(np.uint8)
            last = frame


def _joined(join: Join, number: int, frame: Floats, last: Floats | None) -> Floats:
    if last is None or join == "cut" or number >= JOINED:
        return frame
    share = (number + 1) / (JOINED + 1)
    if join == "dissolve":
        return frame * np.float32(share) + last * np.float32(1 - share)
    return last * np.float32(1 - 2 * share) if share < 0.5 else frame * np.float32(2 * share - 1)


def _shot_frames(shot: ShotPlan, width: int, height: int) -> Iterator[Floats]:
    chance = np.random.default_rng(shot.seed)
    gains = _gains(shot, chance)
    shake = np.zeros(2, np.float32)
    for number in range(shot.frames):
        t = number / max(1, shot.frames - 1)
        t = t**6 if shot.whip else t
        shake = (shake * 0.8 + chance.normal(0, 1, 2) * shot.shake).astype(np.float32)
        frame = look(shot.picture, _between(shot.start, shot.end, t), width, height, shake)
        if shot.passer is not None:
            _pass_by(frame, shot.passer, -0.2 + 1.4 * number / shot.frames)
        if shot.rain:
            _rain(frame, chance)
        frame *= np.float32(gains[number])
        if shot.light == "flash" and gains[number] > 1.5:
            frame += np.float32(40)
        if shot.grain:
            frame += chance.normal(0, shot.grain, frame.shape).astype(np.float32)
        yield frame


def _between(start: View, end: View, t: float) -> View:
    def mix(a: float, b: float) -> float:
        return a + (b - a) * t

    return View(
        x=mix(start.x, end.x),
        y=mix(start.y, end.y),
        width=mix(start.width, end.width),
        roll=mix(start.roll, end.roll),
    )


def look(picture: Pixels, view: View, width: int, height: int, shake: Floats | None = None) -> Floats:
    """What a camera sees of a photograph, H x W x 3 float32 in 0..255; beyond its edges it is mirrored."""
    return seen(picture, view, width, height, shake).astype(np.float32)


def seen(picture: Pixels, view: View, width: int, height: int, shake: Floats | None = None) -> Pixels:
    """The same as uint8; `shake` moves the picture by so many pixels to the right and down."""
    side = min(picture.shape[:2])
    scale = width / (view.width * side)
    turn = np.deg2rad(view.roll)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centre = np.array([view.x * picture.shape[1], view.y * picture.shape[0]])
    at = np.array([width / 2, height / 2]) + (0 if shake is None else shake) - matrix @ centre
    pixels = cv2.warpAffine(
        picture,
        np.hstack([matrix, at[:, None]]),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(pixels, dtype=np.uint8)


def _gains(shot: ShotPlan, chance: np.random.Generator) -> Floats:
    gains = np.ones(shot.frames, np.float32)
    match shot.light:
        case "flash":
            for at in chance.integers(2, max(3, shot.frames - 4), size=max(1, shot.frames // 40)):
                gains[at : at + int(chance.integers(1, 4))] = 2.4
        case "drift":
            gains = np.linspace(0.7, 1.25, shot.frames, dtype=np.float32)
        case "flicker":
            gains = chance.normal(1, 0.05, shot.frames).astype(np.float32)
        case "dark":
            gains *= np.float32(0.25)
    return gains


def _pass_by(frame: Floats, passer: Pixels, at: float) -> None:
    """An oval cut from another photograph, two thirds of the frame high, its middle at `at` of the width."""
    height, width = frame.shape[:2]
    tall, wide = int(height * 0.7), int(width * 0.28)
    oval = np.zeros((tall, wide), np.float32)
    cv2.ellipse(oval, (wide // 2, tall // 2), (wide // 2 - 2, tall // 2 - 2), 0, 0, 360, 1.0, -1)
    soft = np.asarray(cv2.GaussianBlur(oval, (0, 0), 1.5), dtype=np.float32)[..., None]
    body = look(passer, View(width=0.4), wide, tall)
    left = int(at * width) - wide // 2
    a, b = max(0, left), min(width, left + wide)
    if a < b:
        part = slice(a - left, b - left)
        place = frame[height - tall :, a:b]
        place += (body[:, part] - place) * soft[:, part]


def _rain(frame: Floats, chance: np.random.Generator) -> None:
    height, width = frame.shape[:2]
    veil = np.zeros((height, width), np.float32)
    for _ in range(width * height // 700):
        x, y = int(chance.integers(0, width)), int(chance.integers(0, height))
        long = int(chance.integers(height // 20, height // 8))
        cv2.line(veil, (x, y), (x - long // 5, y + long), float(chance.uniform(20, 110)), 1, cv2.LINE_AA)
    frame += veil[..., None]


# --- plans ------------------------------------------------------------------------------------------------------


def photographs() -> list[Pixels]:
    """The coloured photographs that scikit-image carries in its wheel, and two grey ones."""
    names = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina", "camera", "grass", "gravel")
    taken = [np.asarray(getattr(skimage.data, name)()) for name in names]
    left, _, _ = skimage.data.stereo_motorcycle()
    rgb = [np.repeat(p[..., None], 3, axis=-1) if p.ndim == 2 else p[..., :3] for p in [*taken, left]]
    return [np.ascontiguousarray(p, dtype=np.uint8) for p in rgb]


def any_view(chance: np.random.Generator, narrowest: float = 0.35) -> View:
    width = float(chance.uniform(narrowest, 0.8))
    x, y = chance.uniform(0.3, 0.7, 2)
    return View(x=float(x), y=float(y), width=width, roll=float(chance.normal(0, 2)))


def moved(view: View, chance: np.random.Generator, far: float) -> View:
    """Another view of the same scene: panned by up to `far` of its width, and zoomed by as much."""
    dx, dy = chance.uniform(-far, far, 2) * view.width
    zoom = float(np.exp(chance.uniform(-far, far)))
    return View(
        x=float(np.clip(view.x + dx, 0.2, 0.8)),
        y=float(np.clip(view.y + dy * 0.5, 0.2, 0.8)),
        width=float(np.clip(view.width * zoom, 0.25, 0.95)),
        roll=view.roll + float(chance.normal(0, far * 5)),
    )


def plan(pictures: Sequence[Pixels], seed: int, shots: int = 12, frames: tuple[int, int] = (10, 60)) -> Footage:
    """A clip of `shots` shots with everything in it that may be taken for a cut."""
    chance = np.random.default_rng(seed)

    def likely(share: float) -> bool:
        return bool(chance.random() < share)

    picked: list[ShotPlan] = []
    grain = float(chance.choice([0, 0, 4, 10]))
    for number in range(shots):
        similar = number > 0 and likely(0.25)
        picture = picked[-1].picture if similar else pictures[int(chance.integers(len(pictures)))]
        start = _reframed(picked[-1].end, chance) if similar else any_view(chance)
        lights: tuple[Light, ...] = ("steady", "steady", "steady", "flash", "flash", "drift", "dark")
        joins: tuple[Join, ...] = ("cut", "cut", "cut", "cut", "cut", "dissolve", "fade")
        picked.append(
            ShotPlan(
                picture=picture,
                frames=int(chance.integers(*frames)),
                start=start,
                end=moved(start, chance, float(chance.choice([0.0, 0.1, 0.3, 0.8]))),
                whip=likely(0.15),
                shake=float(chance.choice([0, 0, 0.6, 2.0])),
                light=lights[int(chance.integers(len(lights)))],
                passer=pictures[int(chance.integers(len(pictures)))] if likely(0.3) else None,
                rain=likely(0.15),
                grain=grain,
                join="cut" if similar else joins[int(chance.integers(len(joins)))],
                seed=int(chance.integers(1 << 31)),
            )
        )
    return Footage(shots=tuple(picked), name=f"made {seed}")


def _reframed(view: View, chance: np.random.Generator) -> View:
    """A cut within a scene: closer, wider, or looking to one side."""
    zoom = float(chance.choice([0.6, 0.75, 1.35, 1.6]))
    side = float(chance.choice([-0.3, 0.0, 0.3]))
    return View(
        x=float(np.clip(view.x + side * view.width, 0.2, 0.8)),
        y=view.y,
        width=float(np.clip(view.width * zoom, 0.25, 1)),
    )
