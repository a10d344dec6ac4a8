"""What the character does over time: small head turns, blinks, breath, steps. A pure function of seed and seconds.

Numbers only; `warp.py` bends pixels by them. Everything is smooth (no jump in speed) and the same for the same seed.
"""

import math
import random
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """One moment. Angles in degrees, signed as in `ports.HeadPose` and relative to the reference.

    `blink` 0 open .. 1 closed, `breath` 0 out .. 1 in, `jaw` 0 as photographed .. 1 dropped. `x`, `y`: the whole
    body's shift in head heights (right, down); `lean` its tilt, clockwise. `gaze`: the irises' shift, -1..1 each way
    (right, down).
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    blink: float = 0.0
    breath: float = 0.0
    jaw: float = 0.0
    x: float = 0.0
    y: float = 0.0
    lean: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Look:
    """From `start` seconds on the head turns, within `turn` seconds, to yaw and pitch."""

    start: float
    turn: float
    yaw: float
    pitch: float


@dataclass(frozen=True, slots=True)
class _Blink:
    start: float
    length: float
    depth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    """How much of everything an action has. Rates in Hz, shifts in head heights, angles in degrees."""

    turn: float = 4.0
    steps: float = 0.0
    bob: float = 0.0
    sway: float = 0.012
    lean: float = 0.35
    breaths: float = 0.26
    talk: float = 0.0
    laugh: float = 0.0
    hold: tuple[float, float] = (0.0, 0.0)


_MANNERS: tuple[tuple[tuple[str, ...], _Manner], ...] = (
    (("run", "sprint", "jog", "chas"), _Manner(turn=2.0, steps=2.7, bob=0.09, sway=0.04, lean=1.1, breaths=0.7)),
    (("walk", "strid", "stroll", "wander", "march"), _Manner(turn=3.4, steps=1.75, bob=0.038, sway=0.035, lean=0.7)),
    (("danc",), _Manner(turn=5.0, steps=1.0, bob=0.05, sway=0.09, lean=2.0, breaths=0.5)),
    (("laugh", "giggl"), _Manner(turn=3.5, laugh=1.0, breaths=0.35)),
    (("talk", "speak", "say", "sing", "whisper", "shout"), _Manner(turn=4.5, talk=1.0)),
)
_DIRECTIONS: tuple[tuple[str, tuple[float, float]], ...] = (
    ("left", (-7.0, 0.0)),
    ("right", (7.0, 0.0)),
    ("up", (0.0, 5.0)),
    ("sky", (0.0, 5.0)),
    ("down", (0.0, -5.0)),
    ("over", (8.0, 0.0)),
    ("away", (8.0, 1.0)),
)


@dataclass(frozen=True, slots=True)
class Performance:
    """`at(t)` gives the pose `t` seconds into a clip of `seconds`. `action` is the prompt's own words, or empty."""

    seed: int
    action: str = ""
    seconds: float = 4.0
    _manner: _Manner = field(init=False, repr=False)
    _looks: tuple[_Look, ...] = field(init=False, repr=False)
    _blinks: tuple[_Blink, ...] = field(init=False, repr=False)
    _phases: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        dice = random.Random(f"performance {self.seed}")
        manner = _manner_of(self.action.lower())
        object.__setattr__(self, "_manner", manner)
        object.__setattr__(self, "_phases", tuple(dice.uniform(0.0, math.tau) for _ in range(16)))
        object.__setattr__(self, "_looks", _plan_looks(dice, manner, self.seconds))
        object.__setattr__(self, "_blinks", _plan_blinks(dice, self.seconds))

    def at(self, t: float) -> Pose:
        manner, phase = self._manner, self._phases
        yaw, pitch = self._look(t)
        eager, _ = self._look(t + 0.12)
        step = math.tau * manner.steps * t + phase[0]
        laugh = manner.laugh * _burst(t, phase[1])
        talk = manner.talk * _speech(t, phase[2:6])
        shake = 0.5 - 0.5 * math.cos(math.tau * 4.6 * t)
        return Pose(
            yaw=yaw + 0.55 * _drift(t, 0.21, phase[6]) + 0.3 * manner.talk * _drift(t, 0.8, phase[7]),
            pitch=pitch
            + 0.45 * _drift(t, 0.27, phase[8])
            + 1.4 * talk * _drift(t, 1.1, phase[9])
            + 2.2 * laugh
            - 12.0 * manner.bob * math.cos(step) * 0.5,
            roll=0.5 * _drift(t, 0.17, phase[10]) - 0.1 * yaw + 12.0 * manner.bob * math.sin(step / 2) * 0.8,
            blink=min(1.0, max((_closure(blink, t) for blink in self._blinks), default=0.0)),
            breath=_breathing(manner.breaths * t + phase[11] / math.tau),
            jaw=min(1.0, 0.55 * talk + 0.35 * laugh * (0.6 + 0.4 * shake)),
            x=manner.sway * (_drift(t, 0.19, phase[12]) * 0.6 + (math.sin(step / 2) if manner.steps else 0.0)),
            y=manner.bob * (0.5 - 0.5 * math.cos(step)) - 0.012 * laugh * shake,
            lean=manner.lean * (_drift(t, 0.15, phase[13]) * 0.5 + (math.sin(step / 2) if manner.steps else 0.0)),
            gaze=(max(-1.0, min(1.0, (eager - yaw) * 0.22)), 0.15 * _drift(t, 0.4, phase[14])),
        )

    def _look(self, t: float) -> tuple[float, float]:
        yaw = pitch = 0.0
        for look in self._looks:
            share = _eased((t - look.start) / look.turn)
            yaw += (look.yaw - yaw) * share
            pitch += (look.pitch - pitch) * share
        return yaw, pitch


def _manner_of(action: str) -> _Manner:
    chosen = next((manner for words, manner in _MANNERS if any(word in action for word in words)), _Manner())
    if "look" not in action and "turn" not in action and "gaz" not in action:
        return chosen
    hold = next((angles for word, angles in _DIRECTIONS if word in action), (0.0, 0.0))
    return _Manner(
        turn=1.6, steps=chosen.steps, bob=chosen.bob, sway=chosen.sway, lean=chosen.lean, breaths=chosen.breaths,
        talk=chosen.talk, laugh=chosen.laugh, hold=hold,
    )  # fmt: skip


def _plan_looks(dice: random.Random, manner: _Manner, seconds: float) -> tuple[_Look, ...]:
    looks = [_Look(-2.0, 1.0, dice.uniform(-0.6, 0.6) * manner.turn, dice.uniform(-0.3, 0.3) * manner.turn)]
    t = dice.uniform(0.3, 1.0)
    side = dice.choice((-1.0, 1.0))
    while t < seconds + 4.0:
        yaw = side * dice.uniform(0.35, 1.0) * manner.turn + manner.hold[0]
        pitch = dice.uniform(-0.4, 0.4) * manner.turn + manner.hold[1]
        looks.append(_Look(t, dice.uniform(0.7, 1.3), yaw, pitch))
        t += dice.uniform(1.5, 3.2)
        side = -side if dice.random() < 0.75 else side
    return tuple(looks)


def _plan_blinks(dice: random.Random, seconds: float) -> tuple[_Blink, ...]:
    blinks = []
    t = dice.uniform(0.5, 1.9)
    while t < seconds + 1.0:
        length = dice.uniform(0.19, 0.27)
        blinks.append(_Blink(t, length, dice.uniform(0.94, 1.0)))
        if dice.random() < 0.15:
            blinks.append(_Blink(t + length + 0.08, length * 0.9, dice.uniform(0.85, 1.0)))
        t += dice.uniform(2.0, 4.0)
    return tuple(blinks)


def _closure(blink: _Blink, t: float) -> float:
    """Down in the first two fifths, up more slowly: about 140 ms of it more than half closed."""
    share = (t - blink.start) / blink.length
    if share <= 0.0 or share >= 1.0:
        return 0.0
    return blink.depth * (_eased(share / 0.36) if share < 0.36 else 1.0 - _eased((share - 0.46) / 0.54))


def _eased(share: float) -> float:
    """0 to 1 without a jump in speed or acceleration."""
    s = min(1.0, max(0.0, share))
    return s * s * s * (s * (6.0 * s - 15.0) + 10.0)


def _drift(t: float, rate: float, phase: float) -> float:
    """Slow, never quite repeating, within -1..1."""
    return (
        0.6 * math.sin(math.tau * rate * t + phase)
        + 0.27 * math.sin(math.tau * rate * 1.73 * t + 2.1 * phase)
        + 0.13 * math.sin(math.tau * rate * 3.1 * t + 0.7 * phase)
    )


def _breathing(cycle: float) -> float:
    """In for two fifths of the cycle, out for the rest."""
    share = cycle % 1.0
    return _eased(share / 0.42) if share < 0.42 else 1.0 - _eased((share - 0.42) / 0.58)


def _burst(t: float, phase: float) -> float:
    return _eased(0.5 + 0.9 * math.sin(math.tau * 0.45 * t + phase))


def _speech(t: float, phases: tuple[float, ...]) -> float:
    """How far the mouth opens: syllables of 3 to 6 a second, in phrases."""
    phrase = _eased(0.75 + 1.2 * math.sin(math.tau * 0.37 * t + phases[0]))
    syllables = 0.5 + 0.3 * math.sin(math.tau * 3.4 * t + phases[1]) + 0.2 * math.sin(math.tau * 5.3 * t + phases[2])
    return phrase * syllables
