"""Sign lettering as pen strokes: katakana drawn with a few straight strokes each, so that no font is needed.

Each glyph lives in a unit square, y downwards. What is written on a sign, and where, is the painter's choice.
"""

import numpy as np

Strokes = tuple[tuple[tuple[float, float], ...], ...]


def _strokes(text: str) -> Strokes:
    """'10,10 90,10; 50,10 40,90' in hundredths, strokes apart by semicolons."""
    return tuple(
        tuple((int(p.split(",")[0]) / 100, int(p.split(",")[1]) / 100) for p in part.split())
        for part in text.split(";")
    )


GLYPHS: dict[str, Strokes] = {
    key: _strokes(text)
    for key, text in {
        "a": "12,14 88,14 58,42; 50,36 46,66 22,92",
        "i": "80,10 46,42 12,60; 52,40 52,94",
        "u": "50,4 50,20; 14,44 14,22 86,22 80,58 40,94",
        "e": "18,16 82,16; 50,16 50,84; 8,84 92,84",
        "o": "8,32 92,32; 62,6 62,92 48,84; 60,34 10,80",
        "ka": "10,30 86,30 80,90 64,84; 46,6 42,54 12,92",
        "ki": "14,30 84,24; 8,60 92,52; 42,4 58,94",
        "ku": "36,6 10,46; 30,26 84,26 70,66 28,94",
        "ke": "32,6 8,50; 24,32 92,32; 62,32 54,70 30,94",
        "ko": "12,18 86,18 86,82; 10,82 90,82",
        "sa": "6,32 94,32; 28,8 28,58; 70,6 70,52 36,94",
        "shi": "16,14 34,26; 8,38 26,50; 14,90 56,70 90,28",
        "su": "14,16 82,16 54,62 8,92; 58,56 90,90",
        "ta": "36,6 10,46; 30,22 84,22 66,64 24,94; 30,44 72,66",
        "te": "22,12 78,12; 8,40 92,40; 54,40 48,72 26,94",
        "to": "36,6 36,94; 36,38 82,62",
        "na": "8,32 92,32; 54,6 52,60 26,94",
        "ni": "20,22 80,22; 6,80 94,80",
        "ne": "46,4 56,16; 18,26 78,26 10,76; 48,50 48,96; 62,56 90,76",
        "no": "78,10 58,58 14,92",
        "ha": "34,26 8,84; 62,22 92,84",
        "hi": "20,10 20,86 86,86; 78,30 22,48",
        "fu": "12,18 86,18 70,62 24,94",
        "ho": "8,30 92,30; 50,6 50,94 38,86; 28,48 10,80; 72,48 92,78",
        "ma": "8,20 90,20 52,66; 34,48 64,84",
        "mu": "46,8 16,84 86,78; 64,54 90,92",
        "me": "76,8 54,60 12,94; 24,34 78,74",
        "mo": "18,16 82,16; 8,46 92,46; 46,16 46,86 88,86",
        "ra": "20,12 80,12; 10,36 88,36 72,72 30,94",
        "ri": "26,10 26,58; 74,6 74,56 40,94",
        "ru": "30,14 28,58 8,90; 58,10 58,88 92,54",
        "re": "24,8 24,90 88,46",
        "ro": "14,18 86,18 86,84 14,84 14,18",
        "wa": "14,46 14,16 86,16 80,56 36,94",
        "n": "12,18 34,34; 10,88 56,72 92,28",
        "long": "50,8 50,92",
        "dash": "8,50 92,50",
        "mouth": "18,22 82,22 82,84 18,84 18,22",
        "sun": "22,8 78,8 78,92 22,92 22,8; 22,50 78,50",
        "field": "12,16 88,16 88,88 12,88 12,16; 50,16 50,88; 12,52 88,52",
        "middle": "18,26 82,26 82,62 18,62 18,26; 50,4 50,96",
        "mountain": "50,10 50,88; 14,38 14,88 86,88 86,38",
        "tree": "8,32 92,32; 50,4 50,96; 48,34 8,78; 52,34 92,78",
        "big": "8,34 92,34; 50,6 46,50 8,94; 50,40 92,92",
        "king": "12,14 88,14; 18,50 82,50; 8,88 92,88; 50,14 50,88",
    }.items()
}

WORDS: tuple[tuple[str, ...], ...] = (
    ("ra", "long", "me", "n"),
    ("ka", "ra", "o", "ke"),
    ("ho", "te", "ru"),
    ("sa", "ke"),
    ("su", "shi"),
    ("sa", "u", "na"),
    ("ka", "me", "ra"),
    ("ne", "o", "n"),
    ("ta", "ha", "ko"),
    ("ku", "su", "ri"),
    ("re", "ko", "long", "to"),
    ("mi_", "ru", "ku"),
    ("to", "ri"),
    ("hi", "long", "ru"),
    ("sun", "mouth"),
    ("middle", "field"),
    ("mountain", "tree"),
    ("big", "king"),
    ("tree", "ka", "long"),
    ("no", "mi_", "ya_"),
)

GLYPHS["mi_"] = _strokes("24,10 78,24; 22,40 74,54; 14,72 86,94")
GLYPHS["ya_"] = _strokes("8,38 88,26 66,56; 36,8 54,94")


def word(dice: np.random.Generator, length: int | None = None) -> tuple[str, ...]:
    """A word for a sign; with `length`, one of exactly so many glyphs (drawn at random where no word fits)."""
    fitting = [w for w in WORDS if length is None or len(w) == length]
    if fitting:
        return fitting[int(dice.integers(len(fitting)))]
    keys = sorted(GLYPHS)
    return tuple(keys[int(dice.integers(len(keys)))] for _ in range(length or 2))
