"""Contact sheets: takes side by side on a calm dark ground, the picked one marked, a caption under each.

Draws what it is told; which take is picked, and in which words it scored, is the caller's business.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from samecast.core.errors import InvalidInput
from samecast.media.lettering import Lettering, lettering, one_line
from samecast.ports import Cell, Picture, Pixels

Colour: TypeAlias = tuple[int, int, int]

GROUND: Colour = (17, 18, 21)
CARD: Colour = (27, 29, 33)
INK: Colour = (240, 240, 236)
QUIET: Colour = (154, 158, 166)
PICK: Colour = (255, 205, 92)
TONES: dict[str, Colour] = {
    "good": (118, 205, 148),
    "warn": (240, 160, 92),
    "bad": (238, 108, 98),
    "neutral": (166, 172, 182),
}

_MAX_SIDE = 8000
_WIDTH = 1920
_IDEAL_ASPECT = 1.5
_MARGIN = 56
_GAP = 28
_PAD = 14
_SEAM = 6
_LINE = 31
_PROMPT_LINES = 3
_PICKED = "PICKED"

_READABLE = 400
"""Width of a card below which captions are cut."""

_MOST = 96
"""Takes shown on one sheet; of more, these and a line that says so."""

_ROW_EACH = 6
"""Clips up to which each has a row of its own."""


def contact_sheet(cells: Sequence[Cell], *, title: str, subtitle: str) -> Picture:
    """A sheet at most about 1920 pixels wide, for takes of any aspect and any number; `InvalidInput` for none.

    Of a caption's lines the first is the heading and the second the verdict, coloured by the cell's tone. A long title
    (a whole prompt) is set smaller and broken over a few lines.
    """
    if not cells or any(not cell.frames for cell in cells):
        raise InvalidInput("A contact sheet needs at least one take with a picture.", hint="Shoot a take first.")
    if len(cells) > _MOST:
        subtitle = f"{_MOST} of {len(cells)} takes shown. {subtitle}"
        cells = _foremost(cells)
    plan = _planned(cells)
    fonts = lettering()
    heading = _heading(fonts, title, subtitle, plan.width - 2 * _MARGIN)
    sheet = Image.new("RGB", (plan.width, _MARGIN + heading.height + _GAP + plan.height + _MARGIN), GROUND)
    sheet.paste(heading, (_MARGIN, _MARGIN))
    for index, cell in enumerate(cells):
        row, column = divmod(index, plan.columns)
        card = _card(fonts, cell, plan)
        left = _MARGIN + column * (plan.card_width + _GAP)
        top = _MARGIN + heading.height + _GAP + row * (plan.card_height + _GAP)
        sheet.paste(card, (left, top))
    return Picture(rgb=np.array(sheet, dtype=np.uint8))


def _foremost(cells: Sequence[Cell]) -> list[Cell]:
    """The picked ones and the first of the rest, in their order."""
    order = sorted(range(len(cells)), key=lambda index: (not cells[index].picked, index))
    return [cells[index] for index in sorted(order[:_MOST])]


# --- the plan ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Where everything goes: frames of one size in cards of one size, in rows of `columns`. Pixels."""

    columns: int
    rows: int
    frame_width: int
    frame_height: int
    card_width: int
    card_height: int

    @property
    def width(self) -> int:
        return 2 * _MARGIN + self.columns * self.card_width + (self.columns - 1) * _GAP

    @property
    def height(self) -> int:
        return self.rows * self.card_height + (self.rows - 1) * _GAP


def _planned(cells: Sequence[Cell]) -> _Plan:
    """The number of columns that gives the sheet a pleasant shape, with frames as large as fit in 1920 pixels."""
    if len(cells[0].frames) > 1 and len(cells) <= _ROW_EACH:
        return _plan_of(cells, 1)
    plans = [_plan_of(cells, columns) for columns in range(1, min(len(cells), 12) + 1)]
    return min(plans, key=lambda plan: _unpleasantness(plan, len(cells)))


def _unpleasantness(plan: _Plan, cells: int) -> float:
    shape = abs(math.log(plan.width / (plan.height + 160) / _IDEAL_ASPECT))
    empty = 1 - cells / (plan.columns * plan.rows)
    return shape + 1.5 * empty + 3 * max(0.0, 1 - plan.card_width / _READABLE)


def _plan_of(cells: Sequence[Cell], columns: int) -> _Plan:
    shots = max(len(cell.frames) for cell in cells)
    height, width = cells[0].frames[0].shape[:2]
    aspect = min(max(width / height, 0.2), 5.0)
    rows = math.ceil(len(cells) / columns)
    lines = max(len(cell.caption) for cell in cells)
    caption = lines * _LINE + 2 * _PAD
    room = (_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) / columns - 2 * _PAD - (shots - 1) * _SEAM
    comfortable = 420 if shots > 1 else 760 if rows == 1 else 600
    tallest = max(120, min(comfortable, (_MAX_SIDE - 400) // rows - caption - _GAP))
    frame_width = min(room / shots, tallest * aspect, 1.5 * width)
    # A caption must stay readable under a single small picture.
    frame_width = max(frame_width, 40.0, (300 - 2 * _PAD - (shots - 1) * _SEAM) / shots if shots == 1 else 0)
    frame_height = max(24, min(round(frame_width / aspect), tallest))
    card_width = round(frame_width) * shots + (shots - 1) * _SEAM + 2 * _PAD
    return _Plan(
        columns=columns,
        rows=rows,
        frame_width=round(frame_width),
        frame_height=frame_height,
        card_width=card_width,
        card_height=_PAD + frame_height + caption,
    )


# --- drawing ----------------------------------------------------------------------------------------------------


def _heading(fonts: Lettering, title: str, subtitle: str, width: int) -> Image.Image:
    face, step = (fonts.title, 46) if fonts.title.width(one_line(title)) <= width else (fonts.subtitle, 38)
    titles = face.wrapped(title, width, most=_PROMPT_LINES)
    lines = fonts.small.wrapped(subtitle, width, most=_PROMPT_LINES)
    image = Image.new("RGB", (width, step * len(titles) + 16 + _LINE * len(lines)), GROUND)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(titles):
        face.draw(draw, (0, 36 + number * step), line, INK, width)
    for number, line in enumerate(lines):
        fonts.small.draw(draw, (0, step * len(titles) + 40 + number * _LINE), line, QUIET, width)
    return image


def _card(fonts: Lettering, cell: Cell, plan: _Plan) -> Image.Image:
    scale = 3  # drawn larger and reduced, so that the rounded corners are smooth
    size = (plan.card_width, plan.card_height)
    shape = Image.new("RGB", (size[0] * scale, size[1] * scale), GROUND)
    box = (0, 0, size[0] * scale - 1, size[1] * scale - 1)
    outline = PICK if cell.picked else CARD
    ImageDraw.Draw(shape).rounded_rectangle(box, radius=12 * scale, fill=CARD, outline=outline, width=4 * scale)
    card = shape.reduce(scale)
    for number, frame in enumerate(cell.frames):
        fitted = _fitted(frame, plan.frame_width, plan.frame_height)
        card.paste(fitted, (_PAD + number * (plan.frame_width + _SEAM), _PAD))
    draw = ImageDraw.Draw(card)
    if cell.picked:
        _badge(fonts, draw, plan)
    _caption(fonts, draw, cell, plan)
    return card


def _badge(fonts: Lettering, draw: ImageDraw.ImageDraw, plan: _Plan) -> None:
    """On the caption's first line, to the right: never over a face."""
    width = fonts.badge.width(_PICKED) + 26
    right, top = plan.card_width - _PAD, _PAD + plan.frame_height + _PAD
    draw.rounded_rectangle((right - width, top, right, top + 27), radius=13, fill=PICK)
    fonts.badge.draw(draw, (right - width + 13, top + 20), _PICKED, GROUND, width)


def _caption(fonts: Lettering, draw: ImageDraw.ImageDraw, cell: Cell, plan: _Plan) -> None:
    room = plan.card_width - 2 * _PAD
    baseline = _PAD + plan.frame_height + _PAD + 21
    for number, line in enumerate(cell.caption):
        left, width, y = _PAD, room, baseline + number * _LINE
        colour, font = QUIET, fonts.small
        if number == 0:
            colour, font = INK, fonts.bold
            width -= fonts.badge.width(_PICKED) + 36 if cell.picked else 0
        elif number == 1:
            colour = TONES[cell.tone]
            draw.ellipse((left, y - 13, left + 11, y - 2), fill=colour)
            left, width = left + 20, width - 20
        font.draw(draw, (left, y), line, colour, width)


def _fitted(frame: Pixels, width: int, height: int) -> Image.Image:
    """The frame scaled to fill `width` x `height`; where its shape differs, its middle."""
    image = Image.fromarray(np.ascontiguousarray(frame[..., :3]))
    scale = max(width / image.width, height / image.height)
    # No larger than the frame, which rounding could make it.
    shown_width, shown_height = min(width / scale, image.width), min(height / scale, image.height)
    left, top = (image.width - shown_width) / 2, (image.height - shown_height) / 2
    box = (left, top, left + shown_width, top + shown_height)
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box)
