"""Draws what the gauge saw: the mesh, the light on both cheeks, where the head points, a 1:1 crop, and every verdict.

The picture is brought to one size first, so that lines and letters look alike on any input. Drawing only: numbers come
from the grade and from `readings`.
"""

import importlib.util
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import skia

from samecast.core.grading import Grade
from samecast.core.measurements import Rule
from samecast.ports import Face, Floats, Pixels
from samecast.vision import readings
from samecast.vision.crops import Pyramid
from samecast.vision.mesh import load_mediapipe

_ROOM = (1280, 960)
"""The picture fills this, enlarged or shrunk; the caption strip stands beside it."""
_STRIP = 440
_MARGIN = 28
_HEAD_SHARE = 0.46
"""How much of the suggested crop's side the face should fill (OFIQ's head size is 0.45)."""

_INK = skia.ColorSetRGB(238, 240, 243)
_FAINT = skia.ColorSetRGB(160, 168, 178)
_GROUND = skia.ColorSetRGB(21, 24, 29)
_MESH = skia.ColorSetARGB(115, 170, 232, 255)
_VERDICT_COLOURS = {
    "pass": skia.ColorSetRGB(94, 201, 133),
    "warn": skia.ColorSetRGB(242, 184, 75),
    "fail": skia.ColorSetRGB(238, 99, 91),
    "unknown": skia.ColorSetRGB(140, 149, 160),
    "strong": skia.ColorSetRGB(94, 201, 133),
    "usable": skia.ColorSetRGB(160, 205, 110),
    "weak": skia.ColorSetRGB(242, 184, 75),
    "unusable": skia.ColorSetRGB(238, 99, 91),
}
_AXES = ((skia.ColorSetRGB(255, 92, 92), 0), (skia.ColorSetRGB(104, 220, 120), 1), (skia.ColorSetRGB(90, 160, 255), 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """A canvas and the way from picture pixels to it."""

    canvas: skia.Canvas
    scale: float
    left: float
    top: float
    width: float
    height: float

    def place(self, points: Floats) -> Floats:
        """N x 2 or more columns of picture pixels to N x 2 canvas pixels."""
        return np.asarray(points[:, :2] * self.scale + np.array([self.left, self.top]), np.float32)


def draw_overlay(rgb: Pixels, faces: Sequence[Face], grade: Grade) -> Pixels:
    """A new picture, H x W x 3 sRGB: the reference on the left, the verdicts on the right."""
    scale = min(_ROOM[0] / rgb.shape[1], _ROOM[1] / rgb.shape[0])
    width, height = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    blocks = [_Block.of(rule) for rule in grade.rules]
    total = max(height, 96 + round(sum(block.height for block in blocks)) + _MARGIN)
    surface = skia.Surface(width + _STRIP, total)
    canvas = surface.getCanvas()
    canvas.clear(_GROUND)
    stage = _Stage(
        canvas=canvas, scale=scale, left=0.0, top=(total - height) / 2, width=float(width), height=float(height)
    )
    _draw_picture(stage, rgb)
    canvas.save()
    canvas.clipRect(skia.Rect.MakeXYWH(0, stage.top, width, height))
    if faces:
        _draw_face(stage, rgb, faces)
    canvas.restore()
    _draw_strip(canvas, width, grade, blocks)
    return np.ascontiguousarray(surface.toarray(colorType=skia.kRGBA_8888_ColorType)[:, :, :3])


def crop_suggestion(face: Face, width: int, height: int) -> tuple[float, float, float]:
    """Left, top and side in pixels of a square around the head, inside the picture where the picture allows."""
    left, top, wide, high = face.box
    side = min(max(wide, high) / _HEAD_SHARE, float(min(width, height)))
    x = left + wide / 2 - side / 2
    y = top - 0.45 * high - 0.04 * side  # hair rises about that far above the mesh
    return min(max(x, 0.0), width - side), min(max(y, 0.0), height - side), side


def _draw_picture(stage: _Stage, rgb: Pixels) -> None:
    size = (round(stage.width), round(stage.height))
    resized = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if stage.scale < 1 else cv2.INTER_CUBIC)
    opaque = np.dstack([resized, np.full(resized.shape[:2], 255, np.uint8)])
    stage.canvas.drawImage(
        skia.Image.fromarray(np.ascontiguousarray(opaque), colorType=skia.kRGBA_8888_ColorType), stage.left, stage.top
    )


def _draw_face(stage: _Stage, rgb: Pixels, faces: Sequence[Face]) -> None:
    face = faces[0]
    _draw_crop(stage, face, rgb)
    for other in faces[1:]:
        _draw_other(stage, other)
    _draw_mesh(stage, face)
    _draw_cheeks(stage, rgb, face)
    _draw_axes(stage, face)


def _draw_crop(stage: _Stage, face: Face, rgb: Pixels) -> None:
    x, y, side = crop_suggestion(face, rgb.shape[1], rgb.shape[0])
    inside = skia.Rect.MakeXYWH(
        stage.left + x * stage.scale, stage.top + y * stage.scale, side * stage.scale, side * stage.scale
    )
    canvas = stage.canvas
    canvas.save()
    canvas.clipRect(inside, skia.ClipOp.kDifference)
    canvas.drawRect(
        skia.Rect.MakeXYWH(stage.left, stage.top, stage.width, stage.height), _fill(skia.ColorSetARGB(120, 8, 10, 14))
    )
    canvas.restore()
    edge = _line(skia.ColorSetARGB(210, 255, 255, 255), 2.0)
    edge.setPathEffect(skia.DashPathEffect.Make([10.0, 7.0], 0.0))
    canvas.drawRect(inside.makeInset(1, 1), edge)
    _tag(canvas, "1:1 crop", inside.left() + 12, inside.bottom() - 14)


def _draw_other(stage: _Stage, face: Face) -> None:
    left, top, width, height = (value * stage.scale for value in face.box)
    box = skia.Rect.MakeXYWH(stage.left + left, stage.top + top, width, height)
    stage.canvas.drawRoundRect(box, 6, 6, _line(_VERDICT_COLOURS["fail"], 2.0))
    _tag(stage.canvas, "another face", box.left() + 4, box.top() - 8)


def _draw_mesh(stage: _Stage, face: Face) -> None:
    points = stage.place(face.landmarks)
    size = float(np.ptp(points, axis=0).mean())
    path = skia.Path()
    for start, end in _edges():
        path.moveTo(*map(float, points[start]))
        path.lineTo(*map(float, points[end]))
    stage.canvas.drawPath(path, _line(_MESH, max(0.6, min(1.2, size / 420))))


def _draw_cheeks(stage: _Stage, rgb: Pixels, face: Face) -> None:
    light = readings.read_light(Pyramid(rgb), face)
    points = stage.place(face.landmarks)
    for outline, value, side in zip(
        readings.CHEEKS, (light.cheek_left, light.cheek_right), ("left", "right"), strict=True
    ):
        hull = cv2.convexHull(points[list(outline)])[:, 0]
        path = skia.Path()
        path.addPoly([skia.Point(float(x), float(y)) for x, y in hull], True)
        stage.canvas.drawPath(path, _fill(_light_colour(value, 150)))
        stage.canvas.drawPath(path, _line(_light_colour(value, 235), 1.5))
        edge = float(points[:, 0].min()) - 14 if side == "left" else float(points[:, 0].max()) + 14
        _tag(stage.canvas, f"light {value:.2f}", edge, float(hull.mean(axis=0)[1]) + 6, ends=side == "left")


def _light_colour(value: float, alpha: int) -> int:
    """Deep blue in the dark, orange in the middle, pale yellow in bright light; steps even to the eye (cube root)."""
    stops = np.array([[28, 36, 110], [150, 52, 140], [238, 120, 70], [252, 208, 92], [255, 250, 210]], np.float64)
    at = min(max(value, 0.0), 1.0) ** (1 / 3) * (len(stops) - 1)
    low = min(int(at), len(stops) - 2)
    red, green, blue = stops[low] + (stops[low + 1] - stops[low]) * (at - low)
    return int(skia.ColorSetARGB(alpha, round(red), round(green), round(blue)))


def _draw_axes(stage: _Stage, face: Face) -> None:
    """The head's own axes from the tip of the nose: red to its side, green up, blue where it looks."""
    start = stage.place(face.landmarks[1:2])[0]
    length = readings.eye_distance(face) * stage.scale * 0.8
    directions = _directions(face)
    for colour, axis in _AXES:
        end = start + directions[axis] * length
        _arrow(stage.canvas, (float(start[0]), float(start[1])), (float(end[0]), float(end[1])), colour)


def _directions(face: Face) -> Floats:
    """3 x 2: where the head's right-hand, up and forward axes point on the screen, foreshortened."""
    yaw, pitch, roll = (float(np.radians(a)) for a in (face.pose.yaw, face.pose.pitch, face.pose.roll))
    side = np.array([np.cos(yaw), 0.0])
    up = np.array([np.sin(yaw) * np.sin(pitch) * -1.0, -np.cos(pitch)])
    forward = np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch)])
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return np.asarray(np.stack([side, up, forward]) @ turn.T, np.float32)


def _arrow(canvas: skia.Canvas, start: tuple[float, float], end: tuple[float, float], colour: int) -> None:
    across, along = end[0] - start[0], end[1] - start[1]
    length = float(np.hypot(across, along))
    for width, paint_colour in ((7.0, skia.ColorSetARGB(110, 0, 0, 0)), (4.0, colour)):
        canvas.drawLine(*start, *end, _line(paint_colour, width))
    if length < 12:
        canvas.drawCircle(*end, 6.0, _fill(colour))
        return
    unit = np.array([across, along]) / length
    normal = np.array([-unit[1], unit[0]])
    tip = np.array(end) + unit * 9
    head = [tip, np.array(end) - unit * 6 + normal * 8, np.array(end) - unit * 6 - normal * 8]
    path = skia.Path()
    path.addPoly([skia.Point(float(x), float(y)) for x, y in head], True)
    canvas.drawPath(path, _fill(colour))


# --- the caption strip ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """One rule on the strip: its name and number, and its advice in lines."""

    rule: Rule
    number: str
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        return 34 + 21 * len(self.lines) + 16

    @staticmethod
    def of(rule: Rule) -> "_Block":
        return _Block(rule=rule, number=_number(rule), lines=tuple(_wrapped(rule.advice, _STRIP - 2 * _MARGIN - 24)))


def _number(rule: Rule) -> str:
    """The one figure worth reading beside a rule's name."""
    shown = rule.measured
    match rule.rule:
        case "pose" if "yaw" in shown:
            return f"yaw {shown['yaw']}°  pitch {shown['pitch']}°  roll {shown['roll']}°"
        case "lighting" if "cheek_ratio" in shown:
            return f"{shown['cheek_ratio']} : 1"
        case "sharpness" if "sharpness" in shown:
            return f"{shown['sharpness']}"
        case "resolution" if "eye_distance" in shown:
            return f"{shown['eye_distance']} px"
        case "resolution" if "shorter_side" in shown:
            return f"{shown['shorter_side']} px"
        case _:
            return ""


def _draw_strip(canvas: skia.Canvas, left: int, grade: Grade, blocks: Sequence[_Block]) -> None:
    x = left + _MARGIN
    colour = _VERDICT_COLOURS[grade.verdict]
    canvas.drawString("Reference", x, 44, _font(17), _fill(_FAINT))
    canvas.drawString(grade.verdict, x, 76, _font(30, bold=True), _fill(colour))
    y = 96.0
    for block in blocks:
        y += 26
        canvas.drawCircle(x + 6, y - 6, 6, _fill(_VERDICT_COLOURS[block.rule.verdict]))
        canvas.drawString(block.rule.rule, x + 24, y, _font(18, bold=True), _fill(_INK))
        if block.number:
            width = _font(14).measureText(block.number)
            canvas.drawString(block.number, left + _STRIP - _MARGIN - width, y, _font(14), _fill(_FAINT))
        for line in block.lines:
            y += 21
            canvas.drawString(line, x + 24, y, _font(15), _fill(_FAINT))
        y += 24


def _wrapped(text: str, room: float) -> list[str]:
    font, clean = _font(15), " ".join(text.split())
    columns = 60
    while columns > 16:
        lines = textwrap.wrap(clean, columns)
        if all(font.measureText(line) <= room for line in lines):
            break
        columns -= 1
    lines = textwrap.wrap(clean, columns, max_lines=5, placeholder=" …")
    return lines or [""]


def _tag(canvas: skia.Canvas, text: str, x: float, y: float, *, ends: bool = False) -> None:
    """A small label that reads on any picture; it starts at `x`, or ends there, and stays inside what is drawn on."""
    font = _font(15, bold=True)
    width = font.measureText(text)
    room = canvas.getLocalClipBounds()
    left = min(max(x - width if ends else x, room.left() + 8), room.right() - width - 8)
    box = skia.Rect.MakeXYWH(left - 6, y - 16, width + 12, 22)
    canvas.drawRoundRect(box, 6, 6, _fill(skia.ColorSetARGB(165, 12, 14, 18)))
    canvas.drawString(text, left, y, font, _fill(_INK))


def _fill(colour: int) -> skia.Paint:
    return skia.Paint(Color=colour, AntiAlias=True)


def _line(colour: int, width: float) -> skia.Paint:
    return skia.Paint(
        Color=colour,
        AntiAlias=True,
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap,
    )


@cache
def _font(size: int, *, bold: bool = False) -> skia.Font:
    font = skia.Font(_typeface(bold), size)
    font.setSubpixel(True)
    font.setEdging(skia.Font.Edging.kAntiAlias)
    return font


@cache
def _typeface(bold: bool) -> skia.Typeface:
    """DejaVu Sans from matplotlib's wheel (mediapipe brings it), so that letters look alike on every machine."""
    package = importlib.util.find_spec("matplotlib")
    if package is not None and package.origin:
        name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
        path = Path(package.origin).parent / "mpl-data/fonts/ttf" / name
        if path.is_file():
            return skia.Typeface.MakeFromFile(str(path))
    return skia.Typeface.MakeFromName("", skia.FontStyle.Bold() if bold else skia.FontStyle.Normal())


@cache
def _edges() -> tuple[tuple[int, int], ...]:
    connections = load_mediapipe().solutions.face_mesh.FACEMESH_TESSELATION
    return tuple(sorted({(min(a, b), max(a, b)) for a, b in connections}))
