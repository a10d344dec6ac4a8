"""The camera: a path through the scene as a pure function of time, and where it puts a layer at a given depth.

Units: the subject stands at depth 1. `x`, `y` are shifts at depth 1 as fractions of the frame's width (a layer at
depth d moves by x / d); `z` is how far the camera has come closer. `pan_*` turn the camera: all depths move alike.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samecast.core.prompt import Brief, CameraMove
from samecast.models.storyboard.scene import Frame

Affine = npt.NDArray[np.float64]
"""2 x 3, from one pixel space to another."""

NEAREST = 0.16
"""A layer closer to the lens than this (in subject distances) has left the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """Where the camera is at one moment. `follow` is the share of x, y and z in which the subject moves along."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    pan_x: float = 0.0
    pan_y: float = 0.0
    roll: float = 0.0
    orbit: float = 0.0
    """Degrees that the camera has gone round the subject: the subject is seen turned by as much."""
    follow: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPath:
    """One take's move. `amount` scales it, `sign` its direction, `shake` the hand-held part, `phase` the noise."""

    move: CameraMove
    seconds: float
    amount: float
    sign: int
    shake: float
    phase: float
    vertical: bool = False

    def at(self, seconds: float) -> CameraState:
        """The state at a moment; pure, so frames may be made in any order."""
        u = _ease(seconds / self.seconds) if self.seconds > 0 else 0.5
        swing = self.sign * (2 * u - 1)
        a = self.amount
        wander_x, wander_y, wander_roll = (self.shake * _wander(seconds, self.phase + k * 11.3) for k in range(3))
        shaken = {"pan_x": 0.010 * wander_x, "pan_y": 0.008 * wander_y, "roll": 0.5 * wander_roll}
        match self.move:
            case "static":
                return CameraState(z=0.01, **shaken)
            case "push in":
                return CameraState(z=0.15 * a * u, x=0.010 * swing, **shaken)
            case "pull out":
                return CameraState(z=0.17 * a * (1 - u), x=0.010 * swing, **shaken)
            case "pan":
                shaken["pan_x"] += 0.055 * a * swing
                return CameraState(z=0.02, x=0.02 * swing, **shaken)
            case "tilt":
                shaken["pan_y"] += 0.045 * a * swing
                return CameraState(z=0.02, **shaken)
            case "tracking":
                return self._tracking(u, swing, shaken)
            case "handheld":
                return CameraState(z=0.04 + 0.03 * a * u, x=0.015 * wander_y, **shaken)
            case "arc":
                return CameraState(x=0.13 * a * swing, z=0.03, orbit=7.0 * a * swing, follow=0.92, **shaken)

    def _tracking(self, u: float, swing: float, shaken: dict[str, float]) -> CameraState:
        if self.vertical:
            return CameraState(x=0.20 * self.amount * swing, z=0.02, follow=0.97, **shaken)
        return CameraState(z=0.50 * self.amount * (1 - u), x=0.025 * swing, follow=0.96, **shaken)

    def reach(self) -> tuple[float, float]:
        """The furthest that the subject is shifted by the path, sideways and up or down, in frame widths."""
        states = [self.at(self.seconds * k / 24) for k in range(25)] if self.seconds > 0 else [self.at(0.0)]
        sideways = max(abs(s.x * (1 - s.follow)) + abs(s.pan_x) for s in states)
        return sideways + 0.004, max(abs(s.pan_y) for s in states) + 0.004


def choose_path(brief: Brief, *, video: bool, seconds: float, dice: np.random.Generator) -> CameraPath:
    """The take's own variation of the move that the brief asks for (a gentle push in where it does not say)."""
    move: CameraMove = brief.camera or ("push in" if video else "static")
    speed = {"slow": 0.75, "normal": 1.0, "fast": 1.35}[brief.camera_speed]
    sign = 1 if dice.random() < 0.5 else -1
    if brief.direction in ("left", "up"):
        sign = -1
    elif brief.direction in ("right", "down"):
        sign = 1
    return CameraPath(
        move=move,
        seconds=seconds if video else 0.0,
        amount=float(speed * dice.uniform(0.8, 1.2)),
        sign=sign,
        shake=float(dice.uniform(0.8, 1.2)) if move == "handheld" else float(dice.uniform(0.12, 0.3)),
        phase=float(dice.uniform(0, 100)),
        vertical=brief.direction in ("left", "right"),
    )


def layer_affine(state: CameraState, frame: Frame, depth: float, *, vanish: tuple[float, float]) -> Affine | None:
    """From the frame at rest to the frame now, for a layer at `depth`. None once the layer is behind the lens."""
    if depth - state.z < NEAREST and depth < 1.0:
        return None
    scale = 1.0 if math.isinf(depth) else depth / max(depth - state.z, NEAREST)
    shift = 0.0 if math.isinf(depth) else 1.0 / depth
    return _affine(state, frame, scale, (state.x * shift, state.y * shift), vanish)


def subject_affine(state: CameraState, frame: Frame, *, vanish: tuple[float, float]) -> Affine:
    """The same for the subject, who moves along with the camera by `follow`."""
    free = 1.0 - state.follow
    return _affine(state, frame, 1.0 / (1.0 - state.z * free), (state.x * free, state.y * free), vanish)


def _affine(
    state: CameraState, frame: Frame, scale: float, shift: tuple[float, float], vanish: tuple[float, float]
) -> Affine:
    w, h = frame.width, frame.height
    vx, vy = vanish[0] * w, vanish[1] * h
    dx = -(shift[0] + state.pan_x) * w
    dy = -(shift[1] + state.pan_y) * w
    angle = math.radians(state.roll)
    grow = scale * (1 + abs(math.sin(angle)) * max(w, h) / min(w, h))
    cos, sin = math.cos(angle) * grow, math.sin(angle) * grow
    return np.array(
        [[cos, -sin, vx - cos * vx + sin * vy + dx], [sin, cos, vy - sin * vx - cos * vy + dy]], dtype=np.float64
    )


def _ease(u: float) -> float:
    """Starts and ends softly but never stops: three parts linear, one part smoothstep."""
    u = min(1.0, max(0.0, u))
    return 0.75 * u + 0.25 * u * u * (3 - 2 * u)


def _wander(seconds: float, phase: float) -> float:
    """Smooth noise in about -1..1: incommensurable sines, as a hand sways."""
    t = seconds + phase
    return 0.5 * math.sin(1.9 * t) + 0.3 * math.sin(3.1 * t + 1.3) + 0.2 * math.sin(5.3 * t + 2.1)
