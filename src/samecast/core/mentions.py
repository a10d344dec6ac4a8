"""Mentions: who a prompt names, as `@handle`, `[NAME]` or `[CHARACTER NAME]`. Every one is turned into `@handle`.

E-mail addresses, addresses on the web and a lone "@" are no mentions. What else the prompt says is `core.prompt`'s.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from samecast.core.errors import InvalidInput, NotFound
from samecast.core.words import clean_prompt, plain

MENTION = re.compile(r"(\[+)(@[\w-]+|[^\[\]@\n]{1,80})(\]+)|(?<![\w.+/@-])@([^\W\d_][\w-]*)")
_PLACEHOLDERS = frozenset(
    {"character", "character name", "characters name", "the character", "name", "your character", "my character"}
    | {"character s name", "main character", "character 1", "protagonist"}
)
_LONGEST_NAME = 80
_LIST_HINT = "See the cast with `samecast cast list`."


@dataclass(frozen=True, slots=True, kw_only=True)
class CastName:
    """What a prompt may call a member of the cast."""

    handle: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The prompt with every mention written as `@handle`, and who they are, in order of first mention."""

    prompt: str
    who: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """`text[start:end]` names the character `handle`."""

    start: int
    end: int
    handle: str


def resolve(prompt: str, cast: Sequence[CastName], default: str | None = None) -> Resolved:
    """Turn every mention into `@handle`.

    `default` is the handle that `[CHARACTER NAME]` stands for; without it, the only member of the cast.
    Raises `InvalidInput` (blank or overlong prompt, an ambiguous name) and `NotFound` (a name nobody has).
    """
    text = clean_prompt(prompt)
    names = _Names(cast, default)
    parts: list[str] = []
    who: list[str] = []
    at = 0
    for found in MENTION.finditer(text):
        mention = _read(found, names)
        if mention is None:
            continue
        parts.append(text[at : mention.start])
        before = "".join(parts[-2:])[-1:]
        if before and (before.isalnum() or before in "_.+/@-"):
            parts.append(" ")
        parts.append(f"@{mention.handle}")
        following = text[mention.end : mention.end + 1]
        written = text[mention.start : mention.end].casefold()
        if following and (following.isalnum() or following in "_-") and written != f"@{mention.handle}":
            parts.append(" ")
        at = mention.end
        if mention.handle not in who:
            who.append(mention.handle)
    parts.append(text[at:])
    return Resolved(prompt="".join(parts), who=tuple(who))


def find_mentions(text: str, cast: Sequence[CastName], default: str | None = None) -> list[Mention]:
    """The mentions that can be resolved, in order; the others are passed over. Never raises."""
    names = _Names(cast, default)
    found = []
    for match in MENTION.finditer(text):
        try:
            mention = _read(match, names)
        except (InvalidInput, NotFound):
            continue
        if mention is not None:
            found.append(mention)
    return found


class _Names:
    """Who every name belongs to, made once per prompt, and only where it names somebody."""

    def __init__(self, cast: Sequence[CastName], default: str | None) -> None:
        self.cast = cast
        self.default = default

    @cached_property
    def handles(self) -> set[str]:
        return {member.handle for member in self.cast}

    @cached_property
    def _shared(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """The handles of those who have a whole name, and of those who have a word of it."""
        whole: dict[str, list[str]] = {}
        partly: dict[str, list[str]] = {}
        for member in self.cast:
            key = _key(member.name)
            whole.setdefault(key, []).append(member.handle)
            for word in dict.fromkeys(key.split()):
                partly.setdefault(word, []).append(member.handle)
        return whole, partly

    def known(self, name: str) -> str | None:
        """The handle first, then the whole name, then one word of a name. `InvalidInput` where several share it."""
        bare = name.casefold()
        if bare in self.handles:
            return bare
        key = _key(name)
        for handles in (having.get(key, []) for having in self._shared):
            if len(handles) == 1:
                return handles[0]
            if handles and key:
                choices = " or ".join(f"@{handle}" for handle in handles[:5])
                raise InvalidInput(f"'{name}' is the name of {len(handles)} characters.", hint=f"Say {choices}.")
        return None


def _read(found: re.Match[str], names: _Names) -> Mention | None:
    if found[2] is not None:
        inside = found[2].strip().removeprefix("@")
        if not any(c.isalpha() for c in inside):
            return None
        pairs = min(len(found[1]), len(found[3]))
        start, end = found.start(2) - pairs, found.end(2) + pairs
        return Mention(start=start, end=end, handle=_bracketed(inside, names))
    # "@mira-like" and "@mira_" are @mira: shorten at hyphens and underscores until a name is met.
    name = found[4][:_LONGEST_NAME]
    while True:
        handle = names.known(name)
        if handle is not None:
            return Mention(start=found.start(), end=found.start() + 1 + len(name), handle=handle)
        shorter = re.match(r"(.*[^\W_])[_-]", name)
        if shorter is None:
            raise _unknown(f"@{found[4]}", names.cast)
        name = shorter[1]


def _bracketed(inside: str, names: _Names) -> str:
    handle = names.known(inside)
    if handle is not None:
        return handle
    if _key(inside.replace("'", "").replace("’", "")) in _PLACEHOLDERS:
        return _placeholder(inside, names)
    raise _unknown(f"[{inside}]", names.cast)


def _placeholder(inside: str, names: _Names) -> str:
    handles = [member.handle for member in names.cast]
    if names.default is not None:
        bare = names.default.removeprefix("@").casefold()
        if bare not in names.handles:
            raise _unknown(f"@{bare}", names.cast)
        return bare
    if len(handles) == 1:
        return handles[0]
    if not handles:
        raise InvalidInput(
            f"[{inside}] stands for a character, and the cast is empty.",
            hint="Cast one first with `samecast cast add IMAGE --name NAME`.",
        )
    some = ", ".join(f"@{handle}" for handle in handles[:5])
    raise InvalidInput(
        f"[{inside}] could be any of {len(handles)} characters.", hint=f"Name the one you mean: {some}. {_LIST_HINT}"
    )


def _key(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", plain(name)))


def _unknown(written: str, cast: Sequence[CastName]) -> NotFound:
    shown = written if len(written) <= 40 else written[:39] + "…"
    if not cast:
        return NotFound(
            f"There is no {shown}: the cast is empty.", hint="Cast one with `samecast cast add IMAGE --name NAME`."
        )
    wanted = _key(written[:80])
    names = {_key(name): member.handle for member in cast for name in (member.name, member.handle)}
    close = difflib.get_close_matches(wanted, list(names), n=1, cutoff=0.5)
    guess = f"Did you mean @{names[close[0]]}? " if close else ""
    return NotFound(f"There is no {shown} in the cast.", hint=guess + _LIST_HINT)
