"""Lettering for sheets: a real font at readable sizes, any text in one clean line, cut with an ellipsis to fit."""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from PIL import ImageDraw, ImageFont

_Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

_LONGEST = 2000
"""Characters looked at: no sheet has room for more, and measuring a prompt of 100 kB takes seconds."""


@dataclass(frozen=True, slots=True)
class Face:
    """A font at one size."""

    font: _Font

    def width(self, text: str) -> int:
        """Pixels that `text` takes."""
        return round(self.font.getlength(text))

    def draw(
        self, draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, colour: tuple[int, int, int], room: int
    ) -> None:
        """One line whose baseline starts at `at`, cut to `room` pixels."""
        line = self.fitted(text, room)
        anchor = "ls" if isinstance(self.font, ImageFont.FreeTypeFont) else None
        draw.text(at, line, font=self.font, fill=colour, anchor=anchor)

    def fitted(self, text: str, room: int) -> str:
        """`text` as one line of at most `room` pixels, with an ellipsis where it was cut."""
        line = one_line(text)
        if self.width(line) <= room:
            return line
        fits, fails = 0, len(line)
        while fails - fits > 1:
            middle = (fits + fails) // 2
            if self.width(line[:middle].rstrip() + "…") <= room:
                fits = middle
            else:
                fails = middle
        return line[:fits].rstrip() + "…"

    def wrapped(self, text: str, room: int, *, most: int) -> list[str]:
        """`text` over at most `most` lines of `room` pixels, broken between words; the last is cut to fit."""
        words = one_line(text).split(" ")
        lines: list[str] = []
        line = ""
        for number, word in enumerate(words):
            longer = f"{line} {word}".strip()
            if not line or self.width(longer) <= room:
                line = longer
                continue
            if len(lines) == most - 1:
                return [*lines, self.fitted(" ".join([line, *words[number:]]), room)]
            lines.append(line)
            line = word
        return [self.fitted(each, room) for each in [*lines, line] if each]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettering:
    """The sizes a sheet uses."""

    title: Face
    subtitle: Face
    bold: Face
    small: Face
    badge: Face


def one_line(text: str) -> str:
    """Control characters, line breaks and unpaired surrogates become spaces; runs of spaces become one."""
    clean = "".join(c if c.isprintable() else " " for c in text[:_LONGEST])
    return " ".join(clean.split())


@lru_cache(maxsize=1)
def lettering() -> Lettering:
    """The fonts, found once."""
    return Lettering(
        title=Face(_font("DejaVuSans-Bold.ttf", 34)),
        subtitle=Face(_font("DejaVuSans-Bold.ttf", 27)),
        bold=Face(_font("DejaVuSans-Bold.ttf", 21)),
        small=Face(_font("DejaVuSans.ttf", 20)),
        badge=Face(_font("DejaVuSans-Bold.ttf", 16)),
    )


def _font(name: str, size: int) -> _Font:
    """DejaVu from Matplotlib's wheel (found, not imported: that takes a second); else the one inside Pillow."""
    found = importlib.util.find_spec("matplotlib")
    for folder in found.submodule_search_locations or [] if found else []:
        path = Path(folder, "mpl-data", "fonts", "ttf", name)
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)
