"""Growing things and stones as sprites: pines, leafy trees, ferns, grass, palms, boughs, trunks, rocks.

Each is painted in light and shade from `tones` (dark to light, already under the hour's light) with the sun on `side`
(-1 left, +1 right). Sprites are premultiplied RGBA with their foot at the bottom centre. Places stand them up.
"""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from samecast.models.storyboard.scene import Colour
from samecast.models.storyboard.scenes.daylight import Daylight, moonlit
from samecast.models.storyboard.scenes.noise import Field, fbm, ramp, ridged, sample, smooth, tile
from samecast.models.storyboard.scenes.plate import Pixels, rgba

Tones: TypeAlias = Sequence[Colour]
Points: TypeAlias = npt.NDArray[np.float64]

_SHIFT = 4
_LEAFLET = np.asarray([(-0.5, -0.05), (-0.1, -0.13), (0.5, 0.0), (-0.1, 0.13), (-0.5, 0.05)])
BLADE = np.asarray([(-0.5, -0.03), (0.0, -0.06), (0.5, 0.0), (0.0, 0.045), (-0.5, 0.03)])
_LEAF = np.asarray([(-0.5, 0.0), (-0.2, -0.21), (0.15, -0.2), (0.5, 0.0), (0.15, 0.2), (-0.2, 0.21)])


def tones_of(albedo: Sequence[Colour], day: Daylight, *, open_sky: float = 1.0, sun: float = 1.0) -> tuple[Colour, ...]:
    """Four tones of a stuff: in deep shade, in sky light, half in the sun, in full sun."""
    levels = ((0.42, 0.0), (0.85, 0.06), (1.0, 0.5), (1.0, 1.05))
    stops = np.linspace(0.0, 1.0, len(albedo))
    tones = []
    for i, (sky, direct) in enumerate(levels):
        base = [float(np.interp(i / 3, stops, [c[k] for c in albedo])) for k in range(3)]
        light = [day.fill[k] * sky * open_sky + day.key[k] * direct * sun for k in range(3)]
        tones.append(moonlit((base[0] * light[0], base[1] * light[1], base[2] * light[2]), day))
    return tuple(tones)


def blank(width: float, height: float) -> Pixels:
    return np.zeros((max(2, round(height)), max(2, round(width)), 4), np.uint8)


def dabs(
    pixels: Pixels,
    centres: npt.ArrayLike,
    size: npt.ArrayLike,
    angle: npt.ArrayLike,
    shade: npt.ArrayLike,
    tones: Tones,
    outline: Points = _LEAF,
) -> None:
    """Many small shapes: `centres` (N, 2) pixels; `size`, `angle`, `shade` (N,), 0 the darkest tone, 1 the lightest."""
    at = np.asarray(centres, np.float64)
    count = len(at)
    sizes = np.broadcast_to(np.asarray(size, np.float64), (count,))
    turn = np.broadcast_to(np.asarray(angle, np.float64), (count,))
    value = np.broadcast_to(np.asarray(shade, np.float64), (count,))
    cos, sin = np.cos(turn) * sizes, np.sin(turn) * sizes
    x = outline[None, :, 0] * cos[:, None] - outline[None, :, 1] * sin[:, None] + at[:, :1]
    y = outline[None, :, 0] * sin[:, None] + outline[None, :, 1] * cos[:, None] + at[:, 1:]
    corners = np.round(np.stack([x, y], axis=2) * (1 << _SHIFT)).astype(np.int32)
    colours = _colours(tones, value)
    for i in range(count):
        cv2.fillConvexPoly(pixels, corners[i], colours[i], cv2.LINE_AA, _SHIFT)


def _colours(tones: Tones, value: npt.NDArray[np.float64]) -> list[tuple[int, int, int, int]]:
    stops = np.linspace(0.0, 1.0, len(tones))
    channels = [np.interp(value, stops, [t[k] for t in tones]) for k in range(3)]
    table = np.clip(np.stack(channels, axis=1) * 255.0 + 0.5, 0, 255).astype(int)
    return [(int(r), int(g), int(b), 255) for r, g, b in table]


def ribbon(pixels: Pixels, spine: Points, widths: npt.NDArray[np.float64], colour: Colour) -> None:
    """A tapering stroke along `spine` (N, 2)."""
    along = np.gradient(spine, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    edge = np.concatenate([spine + normal * widths[:, None], (spine - normal * widths[:, None])[::-1]])
    cv2.fillPoly(pixels, [np.round(edge * (1 << _SHIFT)).astype(np.int32)], rgba(colour), cv2.LINE_AA, _SHIFT)


def pine(dice: np.random.Generator, height: float, tones: Tones, side: float, snow: Tones | None = None) -> Pixels:
    """A conifer, branches drooping in tiers, needles jagged; snow on its boughs if given."""
    half = height * float(dice.uniform(0.17, 0.25))
    pixels = blank(half * 2.4, height)
    middle = pixels.shape[1] / 2
    bark = tones[0]
    spine = np.asarray([(middle, height * 0.05), (middle, height)])
    ribbon(pixels, spine, np.asarray([0.002, 0.016]) * height, bark)
    tiers = int(np.clip(height / 8, 9, 34))
    for tier in range(tiers, -1, -1):
        t = tier / tiers
        y = height * (0.03 + 0.88 * t)
        reach = half * (0.05 + 0.95 * t**0.85) * float(dice.uniform(0.8, 1.1))
        count = int(7 + 17 * t)
        across = np.sort(dice.uniform(-1.0, 1.0, count))
        length = height / tiers * dice.uniform(1.2, 2.3, count) * (0.6 + 0.4 * t)
        x = middle + across * reach
        drop = np.abs(across) * reach * 0.32
        angle = np.pi / 2 - across * 0.75
        value = 0.36 + 0.42 * across * side + dice.normal(0.0, 0.13, count) - 0.08 * (1 - np.abs(across))
        points = np.stack([x, y + drop], axis=1)
        dabs(
            pixels, points + np.asarray((0.0, height / tiers * 0.5)), length * 1.15, angle, value - 0.3, tones, _NEEDLES
        )
        dabs(pixels, points, length, angle, value, tones, _NEEDLES)
        if snow is not None:
            lying = dice.random(count) < 0.75
            cap = np.stack([x, y + drop - height / tiers * 0.35], axis=1)[lying]
            lit = (0.55 + 0.4 * across * side)[lying]
            dabs(pixels, cap, length[lying] * 0.75, across[lying] * 0.5, lit, snow)
    return pixels


_NEEDLES = np.asarray(
    [(-0.5, 0.0), (-0.1, -0.17), (0.1, -0.12), (0.5, -0.03), (0.25, 0.05), (0.42, 0.13), (-0.05, 0.16)]
)


def leafy(dice: np.random.Generator, height: float, tones: Tones, bark: Tones, side: float) -> Pixels:
    """A broadleaved tree: trunk, boughs and a crown of leaf clumps, each lit as a ball."""
    width = height * float(dice.uniform(0.75, 0.95))
    pixels = blank(width, height)
    middle = width / 2
    fork = height * 0.58
    lean = float(dice.normal(0, 0.03)) * height
    trunk = np.asarray([(middle + lean * (1 - t), fork + (height - fork) * t) for t in np.linspace(0, 1, 8)])
    clumps = _clumps(dice, width, height)
    for x, y, r in clumps[:: max(1, len(clumps) // 9)]:
        bough = np.asarray([trunk[0] * (1 - t) + np.asarray((x, y + r * 0.2)) * t for t in np.linspace(0, 1, 5)])
        ribbon(pixels, bough, np.linspace(0.016, 0.003, 5) * height, bark[0])
    ribbon(pixels, trunk, np.linspace(0.018, 0.03, 8) * height, bark[0])
    ribbon(pixels, trunk + np.asarray((side * 0.009 * height, 0.0)), np.linspace(0.006, 0.011, 8) * height, bark[2])
    leaf = max(2.0, height * 0.0155)
    for x, y, r in clumps:
        count = int(np.clip(2.2 * (r / leaf) ** 2, 20, 190))
        clump(pixels, dice, (x, y, r), count, leaf, tones, side, (y - height * 0.3) / height)
    return pixels


def _clumps(dice: np.random.Generator, width: float, height: float) -> list[tuple[float, float, float]]:
    """Balls of leaves filling a rounded crown, those behind and below first."""
    balls = []
    for _ in range(34):
        angle, out = float(dice.uniform(0, 2 * np.pi)), float(dice.random()) ** 0.6
        x = width * (0.5 + 0.37 * out * np.cos(angle))
        y = height * (0.34 + 0.25 * out * np.sin(angle))
        balls.append((float(x), float(y), float(height * dice.uniform(0.08, 0.125))))
    return sorted(balls, key=lambda ball: -ball[1] + ball[2] * 0.5)


def clump(
    pixels: Pixels,
    dice: np.random.Generator,
    ball: tuple[float, float, float],
    count: int,
    leaf: float,
    tones: Tones,
    side: float,
    low: float = 0.0,
) -> None:
    """A ball (x, y, radius) of leaves; `low` darkens what lies deep in the crown."""
    x, y, r = ball
    angle, out = dice.uniform(0, 2 * np.pi, count), np.sqrt(dice.random(count))
    nx, ny = out * np.cos(angle), out * np.sin(angle)
    order = np.argsort(-ny + dice.normal(0, 0.25, count))
    nx, ny = nx[order], ny[order]
    value = 0.4 + 0.3 * nx * side - 0.34 * ny - 0.55 * low + dice.normal(0, 0.12, count)
    points = np.stack([x + nx * r * 1.12, y + ny * r * 0.92], axis=1)
    dabs(pixels, points, leaf * dice.uniform(0.7, 1.5, count), dice.uniform(0, 2 * np.pi, count), value, tones)


def fern(dice: np.random.Generator, height: float, tones: Tones, side: float) -> Pixels:
    """A tuft of arching fronds."""
    pixels = blank(height * 2.4, height * 1.05)
    foot = np.asarray((pixels.shape[1] / 2, pixels.shape[0] * 1.0))
    fronds = int(dice.integers(7, 11))
    for lean in dice.permutation(np.linspace(-1.0, 1.0, fronds) + dice.normal(0, 0.08, fronds)):
        length = height * float(dice.uniform(0.85, 1.1))
        t = np.linspace(0.0, 1.0, 22)
        x = foot[0] + lean * length * (0.25 * t + 0.75 * t**1.6)
        y = foot[1] - length * (t * 1.05 - (0.25 + 0.55 * abs(lean)) * t**2.4)
        spine = np.stack([x, y], axis=1)
        shade = 0.42 + 0.25 * lean * side + float(dice.normal(0, 0.1))
        frond(pixels, spine, length * 0.19, shade, tones, dice)
    return pixels


def frond(
    pixels: Pixels,
    spine: Points,
    reach: float,
    shade: float,
    tones: Tones,
    dice: np.random.Generator,
    droop: float = 0.35,
    leaflet: Points = _LEAFLET,
) -> None:
    """One frond: leaflets in pairs along its rib, longest a third of the way up."""
    count = len(spine)
    along = np.gradient(spine, axis=0)
    heading = np.arctan2(along[:, 1], along[:, 0])
    t = np.linspace(0.0, 1.0, count)
    length = reach * np.sin(np.pi * np.clip(0.08 + 0.9 * t, 0, 1)) ** 0.7 * (1.15 - 0.5 * t)
    for way in (-1.0, 1.0):
        angle = heading + way * 1.05
        middle = spine + np.stack([np.cos(angle), np.sin(angle)], axis=1) * (length * 0.5)[:, None]
        middle[:, 1] += droop * length * 0.3
        value = shade + (0.12 if way < 0 else -0.1) + 0.18 * t + dice.normal(0, 0.06, count)
        dabs(pixels, middle, length, angle + droop * 0.2 * way * np.sign(np.cos(heading)), value, tones, leaflet)
    ribbon(pixels, spine, np.linspace(0.045, 0.012, count) * reach, tones[1])


def grass(
    dice: np.random.Generator,
    width: float,
    height: float,
    tones: Tones,
    side: float,
    count: int = 60,
    wind: float = 0.25,
) -> Pixels:
    """A tuft of blades, the back ones darker."""
    pixels = blank(width * 1.3 + height * 0.6, height)
    middle, foot = pixels.shape[1] / 2, pixels.shape[0] + 1.0
    t = np.linspace(0.0, 1.0, 6)
    for i in range(count):
        tall = height * float(dice.uniform(0.35, 1.0)) * (0.75 + 0.25 * i / count)
        x = middle + float(dice.normal(0, 0.24)) * width
        base = foot - abs(float(dice.normal(0, 0.035))) * height - 0.06 * height * (1.0 - i / count)
        lean = float(dice.normal(side * -0.1, 0.3)) + (x - middle) / max(width, 1.0) * 0.6
        spine = np.stack([x + lean * tall * t**1.8, base - tall * (t - 0.12 * abs(lean) * t**2)], axis=1)
        value = 0.24 + 0.5 * i / count + float(dice.normal(0, 0.12)) + 0.12 * lean * side
        widths = np.maximum(height * 0.012 * (1.0 - t) ** 0.8, 0.25)
        ribbon(pixels, spine, widths, ramp_at(tones, value))
    return pixels


def ramp_at(tones: Tones, value: float) -> Colour:
    """One colour along the tones, 0 darkest to 1 lightest."""
    stops = np.linspace(0.0, 1.0, len(tones))
    r, g, b = (float(np.interp(value, stops, [t[k] for t in tones])) for k in range(3))
    return r, g, b


def palm(dice: np.random.Generator, height: float, tones: Tones, bark: Tones, side: float) -> Pixels:
    """A leaning palm with a crown of drooping fronds."""
    pixels = blank(height * 1.2, height)
    reach = height * 0.36
    t = np.linspace(0.0, 1.0, 40)
    bend = float(dice.uniform(0.08, 0.2)) * height
    middle = pixels.shape[1] / 2
    trunk = np.stack([middle + bend * (t**1.8), height - (height * 0.72) * t], axis=1)
    widths = np.interp(t, [0, 0.08, 0.5, 1], [0.026, 0.017, 0.013, 0.011]) * height
    for i in range(len(t) - 1):
        piece = trunk[i : i + 2] + np.asarray([(0, 0), (0, -1)])
        value = 0.26 + 0.1 * (i % 2) + float(dice.normal(0, 0.05))
        ribbon(pixels, piece, widths[i : i + 2], ramp_at(bark, value))
        ribbon(
            pixels,
            piece + np.asarray((side * widths[i] * 0.55, 0.0)),
            widths[i : i + 2] * 0.4,
            ramp_at(bark, value + 0.32),
        )
    top = trunk[-1]
    leans = np.linspace(-1.0, 1.0, 13) + dice.normal(0, 0.06, 13)
    for lean in sorted(leans, key=abs, reverse=True):
        length = reach * float(dice.uniform(0.85, 1.15))
        s = np.linspace(0.0, 1.0, 46)
        rise = float(dice.uniform(0.35, 0.8)) * (1.1 - 0.5 * abs(lean))
        x = top[0] + lean * length * (s * 1.1 - 0.2 * s**2)
        y = top[1] - length * (rise * s - (0.45 + 0.6 * abs(lean)) * s**2)
        shade = 0.38 + 0.28 * lean * side + float(dice.normal(0, 0.08))
        frond(pixels, np.stack([x, y], axis=1), length * 0.25, shade, tones, dice, droop=1.3, leaflet=BLADE)
    return pixels


def bough(dice: np.random.Generator, length: float, tones: Tones, side: float, leaf: float = 0.09) -> Pixels:
    """A leafy branch hanging in from the upper left corner of its sprite; flip it for the other side."""
    pixels = blank(length, length * 0.8)
    for _ in range(3):
        t = np.linspace(0.0, 1.0, 14)
        sag = float(dice.uniform(0.15, 0.6))
        reach = length * float(dice.uniform(0.6, 0.95))
        spine = np.stack([reach * t, length * (0.02 + float(dice.uniform(0.0, 0.2)) + sag * t**1.7)], axis=1)
        ribbon(pixels, spine, np.linspace(0.014, 0.003, 14) * length, tones[0])
        count = 46
        at = spine[np.clip((dice.random(count) ** 0.8 * 13).astype(int), 0, 13)]
        points = at + dice.normal(0, 0.05 * length, (count, 2))
        value = 0.3 + dice.normal(0, 0.2, count)
        dabs(pixels, points, length * leaf * dice.uniform(0.6, 1.2, count), dice.uniform(0.2, 1.9, count), value, tones)
    return pixels


def needles(dice: np.random.Generator, length: float, droop: float, tones: Tones, snow: Tones | None = None) -> Pixels:
    """A conifer's branch hanging in from the upper left corner of its sprite, twigs down both sides, snow along it."""
    pixels = blank(length * 1.22, length * (droop + 0.62))
    t = np.linspace(0.0, 1.0, 16)
    stem = np.stack([length * t, length * (0.14 + droop * t**1.4)], axis=1)
    twigs = [(stem, 0.12)]
    for i in range(2, 15):
        for way in (-1.0, 1.0):
            reach = length * 0.3 * (1.15 - t[i]) * float(dice.uniform(0.7, 1.2))
            angle = np.arctan2(droop, 1.0) + way * float(dice.uniform(0.5, 0.8))
            tip = stem[i] + reach * np.asarray([np.cos(angle), np.sin(angle)])
            twigs.append((stem[i] + (tip - stem[i]) * np.linspace(0, 1, 8)[:, None], 0.085))
    for spine, size in twigs:
        ribbon(pixels, spine, np.linspace(0.008, 0.002, len(spine)) * length, tones[0])
        count = len(spine) * 7
        at = spine[dice.integers(0, len(spine), count)] + dice.normal(0, 0.006 * length, (count, 2))
        along = np.arctan2(*(spine[-1] - spine[0])[::-1])
        turn = along + np.where(dice.random(count) < 0.5, 0.55, -0.55) + dice.normal(0, 0.15, count)
        tips = at + np.stack([np.cos(turn), np.sin(turn)], axis=1) * (size * length * 0.4)
        dabs(pixels, tips, size * length, turn, 0.35 + dice.normal(0, 0.2, count), tones, BLADE)
        if snow is not None:
            lying = spine[dice.integers(0, len(spine), len(spine))] + dice.normal(0, 0.012 * length, (len(spine), 2))
            dabs(
                pixels, lying - [0, 0.01 * length], 0.05 * length, along * 0.5, dice.uniform(0.4, 0.9, len(spine)), snow
            )
    return pixels


def rock(
    dice: np.random.Generator, width: float, height: float, tones: Tones, side: float, cap: Tones | None = None
) -> Pixels:
    """A weathered stone; `cap` (moss, snow) lies on what faces up."""
    shape = (max(6, round(height)), max(6, round(width)))
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    u, v = x / shape[1] * 2 - 1, 1 - y / shape[0]
    rough = fbm(shape, dice, width * 0.5, 5)
    top = 0.9 - 0.75 * np.abs(u + float(dice.normal(0, 0.12))) ** 2.2 + (rough[0][None, :] - 0.5) * 0.5
    body = (top - v) * 2.0 + (rough - 0.5) * 0.35
    cover = smooth(0.0, 2.0 / shape[0] + 0.02, np.asarray(body, np.float32)) * smooth(1.0, 0.94, np.abs(u))
    sole = 0.05 + 0.16 * u * u + (rough[-1][None, :] - 0.5) * 0.2
    cover = cover * smooth(0.0, 0.05, np.asarray(v - sole, np.float32))
    bulge = np.sqrt(np.clip(body, 0.0, 1.0)) + (rough - 0.5) * 0.9
    slope_x = np.gradient(bulge, axis=1) * shape[1] * 0.18
    slope_y = np.gradient(bulge, axis=0) * shape[0] * 0.3
    light = np.clip(0.42 - slope_x * side * 0.32 + slope_y * 0.22 - 0.35 * (1 - v) ** 3, 0.0, 1.0)
    colour = ramp(tones, np.asarray(light, np.float32))
    if cap is not None:
        lies = smooth(0.1, 0.5, np.asarray(slope_y * 0.6 + (rough - 0.5) * 1.2 + v * 0.35))
        colour = colour + (ramp(cap, np.asarray(light, np.float32)) - colour) * lies[..., None]
    pixels = np.empty((*shape, 4), np.uint8)
    pixels[..., :3] = np.clip(colour * cover[..., None] * 255.0, 0, 255)
    pixels[..., 3] = cover * 255.0
    return pixels


def trunk(
    dice: np.random.Generator,
    width: float,
    height: float,
    tones: Tones,
    moss: Tones | None,
    side: float,
    flare: float = 1.0,
) -> Pixels:
    """A standing trunk with ridged bark wrapped round it, roots flaring at its foot, moss low and on the shady side."""
    rows, columns = max(8, round(height)), max(8, round(width * (1.3 + 1.5 * flare)))
    y = np.linspace(0.0, 1.0, rows, dtype=np.float32)[:, None]
    x = (np.arange(columns, dtype=np.float32)[None, :] + 0.5 - columns / 2) / np.float32(width / 2)
    shift = dice.uniform(0.0, 1.0, 6)
    aspect = height / width
    sway = (sample(tile("warp", 256, 2.4), y * 0.12 * aspect / 10 + shift[0], np.float32(shift[1])) - 0.5) * 0.5
    roots = np.clip((y - 1.0) * aspect / 1.1 + 1.0, 0.0, 1.0) ** 2.6
    wave = 0.75 + 0.5 * np.abs(np.cos(x * 2.2 + shift[2] * 6))
    half = 0.82 + 0.16 * y + roots * flare * 0.85 * wave
    s = (x - sway) / half
    edge = half * np.float32(width / 2)
    cover = np.clip((1.0 - np.abs(s)) * edge + 0.5, 0.0, 1.0)
    sole = (
        0.05 + 0.13 * (x / half) ** 2 + 0.12 * (wave - 0.75)
    ) * width  # roots end on the ground in a curve, not a cut
    cover = cover * np.clip((1.0 - y) * rows - sole + 1.0, 0.0, 1.0)
    round_at = np.arcsin(np.clip(s, -0.999, 0.999))
    down = y * aspect
    twist = (sample(tile("warp", 256, 2.4), round_at * 0.1 + shift[3], down * 0.12) - 0.5) * 0.35
    bark = sample(ridged("bark", 512, 1.55, 3.2), round_at * 0.22 + twist + shift[3], down * 0.17 + shift[4])
    fine = sample(tile("fibre", 512, 1.2, 4.0), round_at * 0.5 + twist + shift[5], down * 0.3)
    nx, nz = s, np.sqrt(np.clip(1.0 - s * s, 0.0, 1.0))
    turn = nx * np.float32(side)
    light = 0.2 + 0.1 * nz + 0.6 * np.clip(turn, 0, 1) ** 1.5 - 0.13 * np.clip(-turn, 0, 1)
    value = light * (0.45 + 0.65 * bark) + (fine - 0.5) * 0.22
    colour = ramp(tones, np.asarray(np.clip(value, 0.0, 1.0), np.float32))
    if moss is not None:
        patch = sample(tile("moss", 256, 1.6), round_at * 0.2 + shift[1], down * 0.16 + shift[2])
        lies = smooth(0.5, 0.72, np.asarray(patch + 0.5 * y**4 - 0.16 * turn - 0.12 + (bark - 0.5) * 0.12))
        colour = colour + (ramp(moss, np.asarray(np.clip(light + (fine - 0.5) * 0.6, 0, 1))) - colour) * lies[..., None]
    pixels = np.empty((rows, columns, 4), np.uint8)
    pixels[..., :3] = np.clip(colour * cover[..., None] * 255.0, 0, 255)
    pixels[..., 3] = cover * 255.0
    return pixels


def field_of(pixels: Pixels) -> Field:
    """A sprite's cover, 0..1."""
    return np.asarray(pixels[..., 3], np.float32) / np.float32(255.0)
