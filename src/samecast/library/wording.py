"""Words as they are kept to be searched, and looked for: folded here, so that every database finds the same.

A word is a run of letters and digits, without case and accents. Scripts that put no spaces between words (Chinese,
Japanese, Thai and their like) are taken sign by sign, and so are emoji. What is looked for exactly (a character, a
model, a verdict) is kept as a *mark*: it begins with `=` or `@`, as no word can, and no beginning of one.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

LONGEST = 64
"""Letters of a word that count."""
MOST_LOOKED_FOR = 32
"""Words of one search; what follows is left out."""

_PLAIN = re.compile(r"[a-z0-9]+")
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # Japanese repetition marks, and the zero of Chinese numbers
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Chinese characters
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


@functools.lru_cache(maxsize=16_384)  # the names of a cast, over and over; the prompt of a shot, once for each take
def words(text: str) -> tuple[str, ...]:
    """The words of a text, in its order."""
    if text.isascii():
        return tuple(word[:LONGEST] for word in _PLAIN.findall(text.lower()))
    return tuple(_words(fold(text)))


def fold(text: str) -> str:
    """Without case, accents and differences of width: 'Café' and 'CAFE' are one."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if not "\u0300" <= sign <= "\u036f"))


def stands_alone(word: str) -> bool:
    """A sign that is a word by itself, and so never the beginning of one."""
    return len(word) == 1 and (_unspaced(word) or not word.isalnum())


def character(handle: str, verdict: str | None = None) -> str:
    """The mark of a character, or of how it fared."""
    return f"@{handle}={verdict}" if verdict else f"@{handle}"


def mark(name: str, value: str) -> str:
    """The mark of a value: spelled in characters that no database takes for anything else."""
    return f"={name}={quote(value, safe='').lower()}"


def _words(folded: str) -> Iterator[str]:
    run: list[str] = []
    for sign in folded:
        if (alone := _unspaced(sign)) or not _in_words(sign):
            if run:
                yield "".join(run)[:LONGEST]
                run.clear()
            if alone or unicodedata.category(sign) == "So":
                yield sign
        else:
            run.append(sign)
    if run:
        yield "".join(run)[:LONGEST]


def _in_words(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign) in ("Mn", "Mc")


def _unspaced(sign: str) -> bool:
    code = ord(sign)
    return code >= 0x0E00 and any(first <= code <= last for first, last in _UNSPACED)
