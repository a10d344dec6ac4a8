"""Covers drawn over the face of real pictures, and changes that are none, so that what is noticed can be counted.

Pixels only, no verdicts. Every paint takes a sitter and gives a picture of the same size; chance is drawn from a seed
that is the picture's own, so a paint of the same picture is always the same.
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
from benchmarks.measuring.edits import Sitter, blurred, dark, face_mask, hand, jpeg, mirrored, small, sunglasses

from samecast.ports import Floats, Pixels
from samecast.vision.readings import OVAL, eye_distance

Colour = tuple[int, int, int]
Paint = Callable[[Sitter], Pixels]

_MASK = (
    195,
    419,
    355,
    345,
    352,
    434,
    394,
    396,
    175,
    171,
    169,
    214,
    123,
    116,
    126,
    196,
    152,
    149,
    150,
    378,
    379,
    172,
    397,
)
_BEARD = (
    132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 435, 410, 393, 164, 167, 186,
    215,
)  # fmt: skip
_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)


def chance(s: Sitter) -> np.random.Generator:
    return np.random.default_rng(int(s.rgb[::7, ::7].astype(np.int64).sum()) % 2**31)


def skin_of(s: Sitter) -> Floats:
    return np.asarray(np.median(s.rgb[_filled(s, OVAL) > 0].reshape(-1, 3), axis=0), np.float32)


def cloth_mask(colour: Colour, *, pattern: bool = False) -> Paint:
    """A mask from the bridge of the nose to the chin, folded, lit as the face below is, with the weave's noise."""

    def paint(s: Sitter) -> Pixels:
        shape = _filled(s, cv2.convexHull(_at(s, _MASK)))
        rows, columns = np.indices(s.rgb.shape[:2]) / max(s.face.box[3], 1.0)
        cloth = np.array(colour, np.float32) * (0.94 + 0.06 * np.sin(2 * np.pi * rows / 0.11))[..., None]
        if pattern:
            dots = (np.sin(2 * np.pi * rows / 0.09) * np.sin(2 * np.pi * columns / 0.09) > 0.5)[..., None]
            cloth = np.where(dots, np.array((200, 60, 70), np.float32), cloth)
        return _over(s, cloth * _light(s), shape)

    return paint


def lenses(colour: Colour, *, thickness: float = 0.36) -> Paint:
    """Sunglasses: two dark lenses with a bridge, a highlight on each."""

    def paint(s: Sitter) -> Pixels:
        shape = np.zeros(s.rgb.shape[:2], np.uint8)
        cloth = np.broadcast_to(np.array(colour, np.float32), s.rgb.shape).copy()
        middles = [s.face.landmarks[list(pair), :2].mean(axis=0) for pair in ((33, 133), (362, 263))]
        far = eye_distance(s.face)
        tilt = float(s.face.pose.roll)
        for middle in middles:
            centre = _whole(middle + np.array([0, 0.08 * far]))
            cv2.ellipse(shape, centre, (round(0.42 * far), round(thickness * far)), tilt, 0, 360, 255, -1)
            shine = _whole(middle + np.array([-0.15 * far, -0.08 * far]))
            cv2.ellipse(cloth, shine, (round(0.1 * far), round(0.04 * far)), -30, 0, 360, (150, 160, 170), -1)
        cv2.line(shape, _whole(middles[0]), _whole(middles[1]), 255, max(1, round(0.09 * far)))
        return _over(s, cloth, shape)

    return paint


def palm(x: float, y: float, *, shade: float = 0.85, tilt: float = 20.0) -> Paint:
    """A hand of the face's own colour: a palm and fingers with darker gaps. `x`, `y`: its middle in the face's box."""

    def paint(s: Sitter) -> Pixels:
        left, top, width, height = s.face.box
        shape = np.zeros(s.rgb.shape[:2], np.uint8)
        cloth = np.broadcast_to(skin_of(s) * shade, s.rgb.shape).copy()
        middle = np.array([left + x * width, top + y * height])
        cv2.ellipse(shape, _whole(middle), (round(0.28 * width), round(0.3 * height)), tilt, 0, 360, 255, -1)
        for finger in range(4):
            start = middle + np.array([(finger - 1.5) * 0.13 * width, -0.1 * height])
            end = start + np.array([0.05 * width, -0.28 * height])
            cv2.line(shape, _whole(start), _whole(end), 255, max(2, round(0.12 * width)))
            gap = np.array([0.065 * width, 0.0])
            cv2.line(
                cloth, _whole(start + gap), _whole(end + gap), (skin_of(s) * 0.55).tolist(), max(1, round(0.02 * width))
            )
        return _over(s, cloth * (0.5 + 0.5 * _light(s)), shape)

    return paint


def thing(x: float, y: float, colour: Colour, *, wide: float = 0.42, high: float = 0.5) -> Paint:
    """A box (a telephone, a book, a cup) held before the face."""

    def paint(s: Sitter) -> Pixels:
        left, top, width, height = s.face.box
        shape = np.zeros(s.rgb.shape[:2], np.uint8)
        middle = (float(left + x * width), float(top + y * height))
        corners = cv2.boxPoints((middle, (wide * width, high * height), 12.0))
        cv2.fillConvexPoly(shape, np.round(corners).astype(np.int32), 255)
        rows = np.indices(s.rgb.shape[:2])[0][..., None] / max(s.face.box[3], 1.0)
        return _over(s, np.array(colour, np.float32) * (1.1 - 0.25 * rows % 1), shape)

    return paint


def curtain(side: int, reach: float, colour: Colour) -> Paint:
    """Hair in strands over one half of the face (-1: the viewer's left), `reach` of the way to the middle line."""

    def paint(s: Sitter) -> Pixels:
        points = s.face.landmarks[:, :2]
        middle, edge = (
            points[[10, 168, 4, 0]],
            points[[109, 234, 132, 172]] if side < 0 else points[[338, 454, 361, 397]],
        )
        inner = edge + reach * (middle - edge)
        out = edge + 0.6 * (edge - middle)
        shape = np.zeros(s.rgb.shape[:2], np.uint8)
        cv2.fillPoly(shape, [np.round(np.concatenate([inner, out[::-1]])).astype(np.int32)], 255)
        lines = np.repeat(chance(s).normal(0, 1, (1, s.rgb.shape[1])), s.rgb.shape[0], axis=0)
        strands = cv2.GaussianBlur(lines, (0, 0), max(0.6, 0.008 * s.face.box[2]))
        cloth = np.array(colour, np.float32) * (1 + 0.5 * strands[..., None])
        return _over(s, cloth, shape)

    return paint


def side_light(side: int, least: float) -> Paint:
    """Light from one side, falling to `least` (linear) over the middle of the face."""

    def paint(s: Sitter) -> Pixels:
        left, _, width, _ = s.face.box
        across = ((np.arange(s.rgb.shape[1]) - left) / width - 0.5) * side
        fall = least + (1 - least) / (1 + np.exp(-across / 0.12))
        return _clip(s.rgb * (fall ** (1 / 2.2))[None, :, None])

    return paint


def graded(gain: tuple[float, float, float], lift: tuple[float, float, float] = (0, 0, 0)) -> Paint:
    return lambda s: _clip(s.rgb * np.array(gain) + np.array(lift))


def neon(s: Sitter) -> Pixels:
    """Magenta from one side, teal from the other, as under signs at night."""
    left, _, width, _ = s.face.box
    share = 1 / (1 + np.exp(-((np.arange(s.rgb.shape[1]) - left) / width - 0.5) / 0.15))[None, :, None]
    return _clip(0.75 * s.rgb * ((1 - share) * np.array((1.2, 0.45, 1.0)) + share * np.array((0.35, 0.95, 1.1))))


def grey(s: Sitter) -> Pixels:
    return np.asarray(np.repeat(cv2.cvtColor(s.rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2), np.uint8)


def glasses(share: float) -> Paint:
    """Spectacles with clear lenses; the frame is `share` of the distance between the eyes thick."""

    def paint(s: Sitter) -> Pixels:
        out, far = s.rgb.copy(), eye_distance(s.face)
        thick = max(1, round(share * far))
        middles = [s.face.landmarks[list(pair), :2].mean(axis=0) for pair in ((33, 133), (362, 263))]
        axes = (round(0.42 * far), round(0.32 * far))
        for middle in middles:
            cv2.ellipse(out, _whole(middle), axes, s.face.pose.roll, 0, 360, (22, 18, 20), thick, cv2.LINE_AA)
        cv2.line(
            out,
            _whole(middles[0] + 0.42 * (middles[1] - middles[0])),
            _whole(middles[1] - 0.42 * (middles[1] - middles[0])),
            (22, 18, 20),
            thick,
        )
        return out

    return paint


def beard(colour: Colour, weight: float) -> Paint:
    """A full beard: cheeks, chin and upper lip towards hair's colour with its grain; the lips stay."""

    def paint(s: Sitter) -> Pixels:
        shape = _filled(s, _BEARD)
        cv2.fillPoly(shape, [_at(s, _LIPS)], 0)
        soft = cv2.GaussianBlur(shape, (0, 0), max(0.8, 0.03 * s.face.box[2])).astype(np.float32)[..., None] / 255
        grain = cv2.GaussianBlur(
            chance(s).normal(0, 1, s.rgb.shape[:2]).astype(np.float32), (0, 0), max(0.5, 0.008 * s.face.box[2])
        )
        hair = np.array(colour, np.float32) * (1 + 0.8 * grain[..., None])
        return _clip(s.rgb * (1 - weight * soft) + hair * _light(s) * weight * soft)

    return paint


def lipstick(colour: Colour) -> Paint:
    def paint(s: Sitter) -> Pixels:
        soft = cv2.GaussianBlur(_filled(s, _LIPS), (0, 0), max(0.6, 0.01 * s.face.box[2])).astype(np.float32)[..., None]
        return _clip(s.rgb * (1 - 0.6 * soft / 255) + np.array(colour) * 0.6 * soft / 255)

    return paint


COVERS: dict[str, Paint] = {
    "bar over the eyes": sunglasses,
    "black lenses": lenses((16, 16, 18)),
    "brown lenses": lenses((70, 48, 36)),
    "blue lenses": lenses((60, 80, 120), thickness=0.3),
    "flat blue mask": face_mask,
    "blue mask": cloth_mask((150, 190, 215)),
    "white mask": cloth_mask((232, 232, 228)),
    "black mask": cloth_mask((28, 28, 32)),
    "grey mask": cloth_mask((128, 126, 122)),
    "skin-coloured mask": cloth_mask((205, 160, 135)),
    "patterned mask": cloth_mask((60, 70, 120), pattern=True),
    "flat palm over a cheek": hand,
    "hand over a cheek": palm(0.26, 0.66),
    "hand over the other cheek": palm(0.74, 0.66, tilt=-20),
    "hand over the mouth": palm(0.5, 0.78, shade=0.95),
    "pale hand over the mouth": palm(0.5, 0.75, shade=1.1),
    "box over the mouth": thing(0.5, 0.78, (60, 62, 70)),
    "red cup over the mouth": thing(0.55, 0.8, (190, 40, 45)),
    "telephone over a cheek": thing(0.22, 0.6, (22, 22, 26)),
    "white thing over a cheek": thing(0.78, 0.6, (225, 222, 215)),
    "dark hair over half the face": curtain(-1, 1.0, (38, 28, 24)),
    "fair hair over half the face": curtain(1, 1.0, (150, 116, 76)),
    "hair over one eye": curtain(1, 0.75, (52, 36, 28)),
}
CLEAR: dict[str, Paint] = {
    "untouched": lambda s: s.rgb,
    "mirrored": mirrored,
    "a quarter of the light": dark(0.25),
    "a twentieth": dark(0.05),
    "a twentieth, with noise": dark(0.05, noise=6),
    "JPEG quality 20": jpeg(20),
    "blur 2 %": blurred(0.02),
    "blur 5 %": blurred(0.05),
    "face 64 pixels wide": small(64),
    "light from the left": side_light(-1, 0.12),
    "light from the right": side_light(1, 0.2),
    "warm grade": graded((1.15, 0.95, 0.7)),
    "night grade": graded((0.4, 0.5, 0.8), (0, 4, 14)),
    "neon": neon,
    "black and white": grey,
    "thin glasses": glasses(0.03),
    "heavy glasses": glasses(0.09),
    "dark beard": beard((40, 30, 26), 0.75),
    "grey beard": beard((150, 146, 140), 0.6),
    "red lipstick": lipstick((150, 20, 40)),
    "pale lips": lipstick((215, 170, 150)),
}


def _whole(point: npt.ArrayLike) -> tuple[int, int]:
    x, y = np.round(np.asarray(point)).astype(int)
    return int(x), int(y)


def _at(s: Sitter, indices: tuple[int, ...]) -> npt.NDArray[np.int32]:
    return np.asarray(np.round(s.face.landmarks[list(indices), :2]), np.int32)


def _filled(s: Sitter, outline: object) -> Pixels:
    mask = np.zeros(s.rgb.shape[:2], np.uint8)
    cv2.fillPoly(mask, [_at(s, outline) if isinstance(outline, tuple) else np.asarray(outline, np.int32)], 255)
    return mask


def _light(s: Sitter) -> Floats:
    """The face's broad light and shade around 1, H x W x 1."""
    luma = cv2.cvtColor(s.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    broad = cv2.GaussianBlur(luma, (0, 0), 0.15 * s.face.box[2])
    usual = max(float(np.median(broad[_filled(s, OVAL) > 0])), 1.0)
    return np.asarray(np.clip(broad / usual, 0.3, 1.6) * min(1.0, usual / 140 + 0.25), np.float32)[..., None]


def _over(s: Sitter, cloth: npt.ArrayLike, shape: Pixels) -> Pixels:
    """The cover with noise over the picture, its border as soft as the picture is."""
    soft = cv2.GaussianBlur(shape, (0, 0), max(0.8, 0.012 * s.face.box[2])).astype(np.float32)[..., None] / 255
    noise = cv2.GaussianBlur(chance(s).normal(0, 5, s.rgb.shape[:2]).astype(np.float32), (0, 0), 0.8)[..., None]
    return _clip(s.rgb * (1 - soft) + (np.asarray(cloth) + noise) * soft)


def _clip(values: npt.ArrayLike) -> Pixels:
    return np.asarray(np.clip(np.round(np.asarray(values)), 0, 255), np.uint8)
