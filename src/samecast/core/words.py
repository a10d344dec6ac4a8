"""Words as prompts are read by: tokens with their places in the text, clauses, and phrase look-up.

Everything here is linear in the text. What the words mean is the lexicon's business, not this module's.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias, TypeVar

from samecast.core.errors import InvalidInput

PROMPT_LIMIT = 20_000
"""Characters. The longest prompts any known model takes are a tenth of this."""

TokenKind: TypeAlias = Literal["word", "break", "mention"]
V = TypeVar("V")

_TOKEN = re.compile(
    r"""(?<![\w.+/@-])@[^\W\d_][\w-]*(?:['’]s\b)?   # a mention, with its possessive
      | \d+(?:[.:/×x]\d+)*[^\W_]*                    # 35mm, 9:16, 2.39, 1920x1080
      | [^\W_]+(?:['’][^\W_]+)*                      # a word
      | [,;:.!?()\[\]{}\n"“”|/—–]                    # a break
      | (?<=\s)-(?=\s)                               # a dash between spaces breaks too: BAR - NIGHT
    """,
    re.VERBOSE,
)
_ABBREVIATIONS = frozenset({"int", "ext", "vs", "mr", "mrs", "ms", "dr", "st", "approx", "feat"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One word, mention or break. `norm` is lower case without accents or possessive; `text[start:end]` is as written.

    `joined`: written against the word before with a hyphen, as the second word of "forest-green" is.
    """

    norm: str
    start: int
    end: int
    kind: TokenKind = "word"
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Generic[V]):
    """Tokens `start` to `end` (not included) are a phrase that stands for `value`."""

    start: int
    end: int
    value: V


def clean_prompt(text: str, *, what: str = "prompt", limit: int = PROMPT_LIMIT) -> str:
    """Return the text in NFC, without control characters. Raises `InvalidInput` for a blank or overlong one."""
    if len(text) > limit:
        raise InvalidInput(
            f"The {what} is {len(text):,} characters long; {limit:,} is the most.",
            hint="Say what the shot shows in a few sentences.",
        )
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
    kept = "".join(c for c in composed if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))
    kept = kept.strip()
    if not any(c.isalnum() for c in kept):
        raise InvalidInput(f"The {what} is empty.", hint="Say who does what, where: '@mira walking in the rain'.")
    return kept


def one_line(text: str) -> str:
    """The text on one line, without control characters (what joins emoji and letters is kept)."""
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace() or c in "\u200c\u200d").split())


def plain(text: str) -> str:
    """Lower case without accents: what two spellings are compared by."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _norm(word: str) -> str:
    word = plain(word).replace("’", "'")
    return (word[:-2] if word.endswith("'s") else word).replace("'", "")


def tokenise(text: str) -> list[Token]:
    """Split into words, mentions and breaks, in order."""
    tokens: list[Token] = []
    for found in _TOKEN.finditer(text):
        written, start, end = found.group(), found.start(), found.end()
        if written[0] == "@" and len(written) > 1:
            norm = plain(written[1:]).replace("’", "'").removesuffix("'s")
            tokens.append(Token(norm=norm, start=start, end=end, kind="mention"))
        elif written[0].isalnum():
            joined = start > 1 and text[start - 1] in "-‐‑" and text[start - 2].isalnum()
            tokens.append(Token(norm=_norm(written), start=start, end=end, joined=joined))
        elif written == "." and tokens and tokens[-1].norm in _ABBREVIATIONS and tokens[-1].end == start:
            continue
        else:
            tokens.append(Token(norm=written, start=start, end=end, kind="break"))
    return tokens


def words_of(text: str) -> tuple[str, ...]:
    """Only the normalised words of a short text."""
    return tuple(token.norm for token in tokenise(text) if token.kind == "word")


def segments(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Runs of tokens without a break, as (start, end) indices."""
    start = 0
    for i, token in enumerate(tokens):
        if token.kind == "break":
            if i > start:
                yield start, i
            start = i + 1
    if start < len(tokens):
        yield start, len(tokens)


def written(text: str, tokens: Sequence[Token], start: int, end: int) -> str:
    """The words as the prompt has them, on one line."""
    return " ".join(text[tokens[start].start : tokens[end - 1].end].split()) if end > start else ""


def singular(word: str) -> str:
    """The singular of a regular plural (and the bare form of a verb's third person); other words unchanged."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


def gerund(verb: str) -> str:
    """'walk' -> 'walking', 'sit' -> 'sitting', 'dance' -> 'dancing', 'lie' -> 'lying'."""
    if verb.endswith("ing") and len(verb) > 5:
        return verb
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    short = len(verb) >= 3 and verb[-1] not in "aeiouwxy" and verb[-2] in "aeiou" and verb[-3] not in "aeiou"
    if short and (len(verb) <= 4 or verb in {"begin"}):
        return verb + verb[-1] + "ing"
    return verb + "ing"


@dataclass(slots=True)
class _Node(Generic[V]):
    children: "dict[str, _Node[V]]" = field(default_factory=dict)
    value: V | None = None


class Phrases(Generic[V]):
    """Looks up phrases of several words; the longest wins, and a plural in the text meets a singular here."""

    def __init__(self, entries: Iterable[tuple[str, V]]) -> None:
        self._root: _Node[V] = _Node()
        for phrase, value in entries:
            node = self._root
            for word in words_of(phrase):
                node = node.children.setdefault(word, _Node())
            if node is not self._root and node.value is None:
                node.value = value

    @classmethod
    def of(cls, table: Mapping[V, Iterable[str]]) -> "Phrases[V]":
        """From {value: its phrases}."""
        return cls((phrase, value) for value, phrases in table.items() for phrase in phrases)

    def at(self, tokens: Sequence[Token], i: int, stop: int | None = None) -> Match[V] | None:
        """The longest phrase that starts at token `i` and ends before `stop`."""
        best: Match[V] | None = None
        level = [self._root]
        end, last = i, len(tokens) if stop is None else stop
        while level and end < last and tokens[end].kind == "word":
            norm = tokens[end].norm
            forms = {norm, singular(norm)}
            level = [node.children[form] for node in level for form in forms if form in node.children]
            end += 1
            value = next((node.value for node in level if node.value is not None), None)
            if value is not None:
                best = Match(start=i, end=end, value=value)
        return best

    def find(self, tokens: Sequence[Token], start: int = 0, end: int | None = None) -> list[Match[V]]:
        """All phrases between two indices, left to right, longest first, not overlapping."""
        stop = len(tokens) if end is None else end
        found: list[Match[V]] = []
        i = start
        while i < stop:
            match = self.at(tokens, i, stop)
            if match is None:
                i += 1
            else:
                found.append(match)
                i = match.end
        return found

    def has(self, word: str) -> bool:
        """Whether one (normalised) word alone is a phrase here."""
        return self.get(word) is not None

    def get(self, word: str) -> V | None:
        """What one (normalised) word alone stands for."""
        for form in (word, singular(word)):
            node = self._root.children.get(form)
            if node is not None and node.value is not None:
                return node.value
        return None
