"""Marks drawn on real faces, and colours on real clothes, for measuring how anchors are checked.

Everything is drawn on the atlas (see vision/anchors/atlas.py) or relative to the face, and then blended into the
photograph, so that one mark can be put on two photographs of one person. Nothing is written to disk here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from samecast.ports import Face, Floats, Pixels
from samecast.vision.anchors.atlas import to_atlas

FINE = 400
"""Pixels per atlas unit (about 9 cm) of a drawn layer."""
HALF = 0.62
"""Half the side of a layer, in units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A mark on a square of the atlas: `times` multiplies the skin, `cover` hides it under `colour`. `kind` names it.

    `extent`: left, top, right, bottom of what is drawn, in units from the layer's centre.
    """

    kind: str
    times: Floats
    cover: Floats
    colour: tuple[float, float, float]
    extent: tuple[float, float, float, float]

    def flipped(self) -> "Layer":
        left, top, right, bottom = self.extent
        return Layer(
            kind=self.kind,
            times=np.ascontiguousarray(self.times[:, ::-1]),
            cover=np.ascontiguousarray(self.cover[:, ::-1]),
            colour=self.colour,
            extent=(-right, top, -left, bottom),
        )

    def varied(self, strength: float) -> "Layer":
        """The same mark, weaker or stronger, as light and lens would have it."""
        return Layer(
            kind=self.kind,
            times=np.asarray(np.power(self.times, strength), np.float32),
            cover=np.asarray(np.clip(self.cover * min(strength, 1.05), 0, 1), np.float32),
            colour=self.colour,
            extent=self.extent,
        )

    def recoloured(self, colour: tuple[float, float, float]) -> "Layer":
        return Layer(kind=self.kind, times=self.times, cover=self.cover, colour=colour, extent=self.extent)


Maker = Callable[[np.random.Generator], Layer]


def _blank() -> tuple[Floats, Floats]:
    side = round(2 * HALF * FINE)
    return np.ones((side, side, 3), np.float32), np.zeros((side, side), np.float32)


def _soft(field: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), max(sigma, 0.3)), np.float32)


def _noise(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Floats:
    field = _soft(np.asarray(rng.standard_normal(shape[:2]), np.float32), sigma)
    return np.asarray(field / max(float(field.std()), 1e-6), np.float32)


def _extent(ink: Floats) -> tuple[float, float, float, float]:
    ys, xs = np.nonzero(ink > 0.12)
    left, right = xs.min() / FINE - HALF, (xs.max() + 1) / FINE - HALF
    return float(left), float(ys.min() / FINE - HALF), float(right), float((ys.max() + 1) / FINE - HALF)


def _layer(kind: str, ink: Floats, tint: tuple[float, float, float], deep: float) -> Layer:
    """Ink (0..1) that multiplies the skin by `tint` where it is full, `deep` times as strongly."""
    times = np.power(np.array(tint, np.float32), deep * ink[..., None])
    return Layer(
        kind=kind, times=times.astype(np.float32), cover=np.zeros_like(ink), colour=(0, 0, 0), extent=_extent(ink)
    )


def scar(rng: np.random.Generator) -> Layer:
    """A thin, uneven, slightly bent line: pale or reddened, with a raised edge's shadow along one side."""
    times, ink = _blank()
    length, angle = rng.uniform(0.28, 0.55), rng.uniform(-0.5, 0.5) + rng.choice([0.8, 1.6, -0.8])
    along = np.linspace(-0.5, 0.5, 24)
    bend = rng.uniform(-0.08, 0.08) * (1 - 4 * along**2) + 0.006 * rng.standard_normal(24).cumsum() * 0.3
    xs = np.cos(angle) * along * length - np.sin(angle) * bend
    ys = np.sin(angle) * along * length + np.cos(angle) * bend
    widths = rng.uniform(0.016, 0.03) * (0.45 + 0.55 * np.sqrt(np.clip(1 - 4 * along**2, 0, 1)))
    widths *= 1 + 0.25 * rng.standard_normal(24)
    for i in range(23):
        start, end = (((HALF + xs[j]) * FINE, (HALF + ys[j]) * FINE) for j in (i, i + 1))
        thick = max(2, round(float(widths[i]) * FINE))
        cv2.line(ink, tuple(map(round, start)), tuple(map(round, end)), 1.0, thick, cv2.LINE_AA)
    ink = _soft(ink, 1.6) * np.clip(0.85 + 0.15 * _noise(ink.shape, 6, rng), 0.4, 1)
    edge = np.roll(ink, (3, 2), axis=(0, 1)) * (1 - ink)
    pale = rng.random() < 0.5
    tint = np.array([1.16, 1.12, 1.12] if pale else [0.80, 0.60, 0.60], np.float32)
    times = np.power(tint, ink[..., None]) * np.power(np.array([0.78, 0.72, 0.72], np.float32), edge[..., None])
    return Layer(
        kind="scar", times=times.astype(np.float32), cover=np.zeros_like(ink), colour=(0, 0, 0), extent=_extent(ink)
    )


def mole(rng: np.random.Generator) -> Layer:
    _, ink = _blank()
    centre = round(HALF * FINE)
    size = (round(rng.uniform(0.022, 0.05) * FINE), round(rng.uniform(0.022, 0.05) * FINE))
    cv2.ellipse(ink, (centre, centre), size, rng.uniform(0, 180), 0, 360, 1.0, -1, cv2.LINE_AA)
    ink = _soft(ink, 2.5) * np.clip(0.9 + 0.1 * _noise(ink.shape, 3, rng), 0.5, 1)
    return _layer("mole", ink, (0.48, 0.36, 0.32), rng.uniform(0.8, 1.15))


def freckles(rng: np.random.Generator) -> Layer:
    _, ink = _blank()
    for _ in range(int(rng.integers(22, 45))):
        x, y = rng.normal(0, [0.15, 0.09])
        dot = np.zeros_like(ink)
        size = (max(2, round(rng.uniform(0.007, 0.02) * FINE)), max(2, round(rng.uniform(0.007, 0.018) * FINE)))
        at = (round((HALF + np.clip(x, -0.3, 0.3)) * FINE), round((HALF + np.clip(y, -0.2, 0.2)) * FINE))
        cv2.ellipse(dot, at, size, rng.uniform(0, 180), 0, 360, float(rng.uniform(0.45, 1)), -1, cv2.LINE_AA)
        ink = np.maximum(ink, dot)
    return _layer("freckles", _soft(ink, 2.0), (0.66, 0.50, 0.42), 1.0)


def tattoo(rng: np.random.Generator) -> Layer:
    """A small motif in bluish black: a star, a tear, a cross, a wave or a crescent."""
    _, ink = _blank()
    size, motif, c = rng.uniform(0.07, 0.13) * FINE, int(rng.integers(5)), HALF * FINE
    turn = rng.uniform(-0.3, 0.3)
    if motif == 0:
        angles = turn - np.pi / 2 + np.arange(10) * np.pi / 5
        radius = np.where(np.arange(10) % 2, 0.45, 1.0) * size
        shape = np.stack([c + radius * np.cos(angles), c + radius * np.sin(angles)], axis=1)
        cv2.fillPoly(ink, [np.round(shape).astype(np.int32)], 1.0, cv2.LINE_AA)
    elif motif == 1:
        cv2.circle(ink, (round(c), round(c + 0.4 * size)), round(0.5 * size), 1.0, -1, cv2.LINE_AA)
        tear = np.array([[c - 0.46 * size, c + 0.2 * size], [c + 0.46 * size, c + 0.2 * size], [c, c - size]])
        cv2.fillPoly(ink, [np.round(tear).astype(np.int32)], 1.0, cv2.LINE_AA)
    elif motif == 2:
        for angle in (turn, turn + np.pi / 2):
            d = size * np.array([np.cos(angle), np.sin(angle)])
            ends = [tuple(np.round(np.array([c, c]) + s * d).astype(int).tolist()) for s in (-1, 1)]
            cv2.line(ink, ends[0], ends[1], 1.0, max(2, round(0.3 * size)), cv2.LINE_AA)
    elif motif == 3:
        t = np.linspace(-1.4, 1.4, 40)
        for row in (-0.5, 0.5):
            wave = np.stack([c + t * size, c + (row + 0.3 * np.sin(t * 4)) * size], axis=1)
            cv2.polylines(ink, [np.round(wave).astype(np.int32)], False, 1.0, max(2, round(0.2 * size)), cv2.LINE_AA)
    else:
        cv2.circle(ink, (round(c), round(c)), round(size), 1.0, -1, cv2.LINE_AA)
        cv2.circle(ink, (round(c + 0.45 * size), round(c - 0.1 * size)), round(0.85 * size), 0.0, -1, cv2.LINE_AA)
    ink = _soft(ink, 1.8) * np.clip(0.9 + 0.1 * _noise(ink.shape, 5, rng), 0.5, 1)
    return _layer("tattoo", ink, (0.30, 0.34, 0.42), rng.uniform(0.75, 1.0))


PAINTS = ((200, 40, 40), (40, 90, 200), (235, 235, 230), (40, 150, 90), (230, 180, 40), (25, 22, 25))


def paint(rng: np.random.Generator) -> Layer:
    """One to three stripes of face paint with frayed edges."""
    times, ink = _blank()
    count, width, length = int(rng.integers(1, 4)), rng.uniform(0.04, 0.07), rng.uniform(0.25, 0.42)
    slope = rng.uniform(-0.35, 0.35)
    for i in range(count):
        y = (i - (count - 1) / 2) * width * 1.9
        ends = [
            (round((HALF + s * length / 2) * FINE), round((HALF + y + s * slope * length / 2) * FINE)) for s in (-1, 1)
        ]
        cv2.line(ink, ends[0], ends[1], 1.0, round(width * FINE), cv2.LINE_AA)
    rough = 0.5 + 0.5 * np.tanh(
        2.2 * (_soft(ink, 3) * 2 - 1) + 0.5 * _noise(ink.shape, 4, rng) * (_soft(ink, 8) > 0.02)
    )
    ink = _soft(np.asarray(rough * (_soft(ink, 5) > 0.05), np.float32), 1.2)
    colour = PAINTS[int(rng.integers(len(PAINTS)))]
    return Layer(kind="paint", times=times, cover=0.82 * ink, colour=colour, extent=_extent(ink))


def eye_patch(rng: np.random.Generator) -> Layer:
    """A dark patch, to be laid over an eye, with the beginnings of its straps."""
    times, ink = _blank()
    c = HALF * FINE
    size = (round(rng.uniform(0.26, 0.31) * FINE), round(rng.uniform(0.20, 0.26) * FINE))
    for angle in (np.pi + 0.5, -0.45):
        end = (round(c + 0.5 * FINE * np.cos(angle)), round(c + 0.5 * FINE * np.sin(angle)))
        cv2.line(ink, (round(c), round(c)), end, 1.0, round(0.03 * FINE), cv2.LINE_AA)
    body = np.zeros_like(ink)
    cv2.ellipse(body, (round(c), round(c)), size, 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    full = _soft(np.maximum(body, ink), 2)
    return Layer(kind="eye patch", times=times, cover=0.97 * full, colour=(28, 24, 24), extent=_extent(body))


MAKERS: dict[str, Maker] = {
    "scar": scar,
    "mole": mole,
    "freckles": freckles,
    "tattoo": tattoo,
    "paint": paint,
    "eye patch": eye_patch,
}
PLACES: dict[str, tuple[tuple[float, float], ...]] = {
    "scar": ((0.48, 0.42), (0.42, 0.62), (0.30, -0.42), (0.55, 0.22), (0.38, 0.95)),
    "mole": ((0.45, 0.38), (0.36, 0.58), (0.30, -0.40), (0.58, 0.25), (0.36, 0.85), (0.40, 1.0), (0.50, 0.60)),
    "freckles": ((0.46, 0.34), (0.48, 0.42)),
    "tattoo": ((0.50, 0.34), (0.52, 0.45), (0.32, -0.42), (0.45, 0.62)),
    "paint": ((0.48, 0.36), (0.48, 0.50)),
    "eye patch": ((0.36, 0.0),),
}
"""Where on the viewer's right half of the atlas each kind is put."""


def draw(rgb: Pixels, face: Face, layer: Layer, u: float, v: float) -> Pixels:
    """A copy of the picture with the mark at a place on the atlas, under the skin's own light."""
    left, top, right, bottom, at = _around(rgb, face, layer, u, v)
    view = rgb[top:bottom, left:right].astype(np.float32)
    scale = np.linalg.norm(face.landmarks[263, :2] - face.landmarks[33, :2])
    sigma = max(0.3, 0.5 * FINE / max(float(scale), 1.0))
    times = cv2.remap(_soft(layer.times, sigma), at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderValue=(1, 1, 1))
    cover = cv2.remap(_soft(layer.cover, sigma), at[..., 0], at[..., 1], cv2.INTER_LINEAR)[..., None]
    light = _soft(view.mean(axis=2), 0.06 * float(scale))[..., None]
    lit = np.array(layer.colour, np.float32) * np.clip(light / max(float(np.median(light)), 8.0), 0.4, 1.6)
    grain = view / np.maximum(_soft(view, 1.5), 4.0)
    made = view * times * (1 - cover) + lit * (0.6 + 0.4 * grain) * cover
    out = rgb.copy()
    out[top:bottom, left:right] = np.clip(made, 0, 255).astype(np.uint8)
    return out


def box_of(rgb: Pixels, face: Face, layer: Layer, u: float, v: float) -> tuple[float, float, float, float]:
    """Left, top, width and height of the drawn mark, as fractions of the picture, as a careful hand would box it."""
    left, top, _, _, at = _around(rgb, face, layer, u, v)
    units = at / FINE - HALF
    ends = np.array(layer.extent)
    ys, xs = np.nonzero(((units > ends[:2]) & (units < ends[2:])).all(axis=2))
    x0, x1, y0, y1 = left + xs.min(), left + xs.max() + 1, top + ys.min(), top + ys.max() + 1
    pad_x, pad_y = 0.12 * (x1 - x0) + 1, 0.12 * (y1 - y0) + 1
    x0, x1 = max(0.0, x0 - pad_x), min(rgb.shape[1], x1 + pad_x)
    y0, y1 = max(0.0, y0 - pad_y), min(rgb.shape[0], y1 + pad_y)
    return x0 / rgb.shape[1], y0 / rgb.shape[0], (x1 - x0) / rgb.shape[1], (y1 - y0) / rgb.shape[0]


def _around(rgb: Pixels, face: Face, layer: Layer, u: float, v: float) -> tuple[int, int, int, int, Floats]:
    """The part of the picture a layer may touch, and for each of its pixels the place on the layer."""
    low, high = face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)
    grow = 0.12 * (high - low)
    left, top = (max(0, int(x)) for x in low - grow)
    right, bottom = (min(limit, int(x) + 1) for x, limit in zip(high + grow, rgb.shape[1::-1], strict=True))
    nodes = 48
    xs, ys = np.linspace(left, right - 1, nodes), np.linspace(top, bottom - 1, nodes)
    places = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    uv = to_atlas(places, face.landmarks).reshape(nodes, nodes, 2).astype(np.float32)
    size = (right - left, bottom - top)
    across = np.linspace(0, nodes - 1, size[0], dtype=np.float32)
    down = np.linspace(0, nodes - 1, size[1], dtype=np.float32)
    dense = cv2.remap(uv, *np.meshgrid(across, down), cv2.INTER_LINEAR)
    return left, top, right, bottom, np.asarray((dense - [u, v] + HALF) * FINE, np.float32)


def cover(rgb: Pixels, face: Face, u: float, v: float, rng: np.random.Generator) -> Pixels:
    """The picture with strands of hair over a place."""
    times, ink = _blank()
    for _ in range(110):
        start = (round((HALF + rng.normal(0, 0.2)) * FINE), 0)
        end = (round(start[0] + rng.uniform(-60, 60)), ink.shape[0])
        cv2.line(ink, start, end, float(rng.uniform(0.6, 1.0)), int(rng.integers(3, 12)), cv2.LINE_AA)
    colour = (float(rng.uniform(30, 90)), float(rng.uniform(22, 60)), float(rng.uniform(18, 40)))
    rough = np.clip(_soft(ink, 1.0) * (0.85 + 0.25 * _noise(ink.shape, 1.5, rng)), 0, 1)
    steps = np.linspace(-1, 1, len(ink))
    rough *= np.clip(3 * (1 - np.abs(steps)), 0, 1)[:, None]
    layer = Layer(kind="hair", times=times, cover=np.asarray(rough, np.float32), colour=colour, extent=_extent(ink))
    return draw(rgb, face, layer, u, v)
