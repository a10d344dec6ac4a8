"""The prompt as one model wants it: mentions become what that model calls its pictures, and the pictures get an order.

How a model wants it is data (`Mentioning`, from the catalogue). Which pictures there are is the recipe's; nothing here
knows a model, nor looks at a picture.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.lexicon import Lexicon
from samecast.core.recipe import Member
from samecast.core.words import segments, tokenise

_HANDLE = re.compile(r"@([a-z][a-z0-9_-]{0,14})(?![\w-])")
_PLAIN = ("woman", "man", "girl", "boy", "lady", "gentleman", "cat", "dog", "robot", "android")
"""Nouns that a picture shows without its story: a samurai out of armour is still "the woman in image 1"."""
NOBODY = "character"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioning:
    """How a model is told who is who. Fields in braces are filled in; each template may leave any of them out.

    `picture` names one picture: `{n}` counts from 1, `{i}` from 0 ("image {n}", "<Picture {n}>").
    `first` stands where a character is first mentioned, `again` where it is mentioned later: `{pictures}` are the names
    of all its pictures, `{noun}` what it is ("woman"), `{name}`, `{handle}`. A model that counts nothing is told the
    noun, or the name.
    """

    picture: str = "image {n}"
    first: str = "the {noun}"
    again: str = "the {noun}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What a model is sent: its prompt, and the sha256 of each picture in its order. `notes`: what was left out."""

    prompt: str
    pictures: tuple[str, ...]
    notes: tuple[str, ...] = ()


def compile_prompt(
    prompt: str,
    members: Sequence[Member],
    nouns: Sequence[str],
    how: Mentioning,
    *,
    most: int | None,
    each: int | None = None,
    before: Sequence[str] = (),
) -> Compiled:
    """`prompt` with every `@handle` of `members` in the model's words, and the pictures to send.

    `nouns`: what each member is. `most`: how many pictures the model takes; `each`: how many of one character.
    `before`: pictures that come first, such as the one to edit. Pictures of one character stand together, characters
    in the order of `members` (that of first mention); each has at least one as far as `most` reaches.
    """
    room = None if most is None else max(0, most - len(before))
    counts = _shares([len(member.references) for member in members], room, each)
    pictures, names = list(before), {}
    notes = []
    for member, noun, count in zip(members, nouns, counts, strict=True):
        numbers = range(len(pictures) + 1, len(pictures) + 1 + count)
        pictures.extend(member.references[:count])
        told = _listed([how.picture.format(n=n, i=n - 1) for n in numbers])
        words = {"pictures": told, "noun": noun, "name": member.name, "handle": member.handle}
        again = how.again if nouns.count(noun) == 1 else how.first  # of two women, "the woman" says nothing
        names[member.handle] = (how.first.format(**words), again.format(**words))
        if count < len(member.references):
            notes.append(f"It takes {count} of @{member.handle}'s {len(member.references)} references: the first.")
    seen: set[str] = set()

    def named(found: re.Match[str]) -> str:
        handle = found[1]
        if handle not in names:
            return found[0]
        said = names[handle][handle in seen]
        seen.add(handle)
        opens = not prompt[: found.start()].rstrip() or prompt[: found.start()].rstrip()[-1:] in ".!?"
        return said[:1].upper() + said[1:] if opens else said

    return Compiled(prompt=_HANDLE.sub(named, prompt), pictures=tuple(pictures), notes=tuple(notes))


def noun_of(description: str, lexicon: Lexicon) -> str:
    """What a character is, in one noun of its own description; "character" where nothing says it."""
    tokens = tokenise(description)
    people = [
        token.norm
        for start, end in segments(tokens)
        for token in tokens[start:end]
        if lexicon.appearance.people.has(token.norm)
    ]
    plain = [word for word in people if word in _PLAIN]
    return (plain or people or [NOBODY])[0]


def _shares(wanted: Sequence[int], room: int | None, each: int | None) -> list[int]:
    """How many pictures each character gets: one more in turn while there is room."""
    wanted = [min(count, each) if each is not None else count for count in wanted]
    if room is None:
        return list(wanted)
    shares = [0] * len(wanted)
    while sum(shares) < room and shares != list(wanted):
        for place, count in enumerate(wanted):
            if shares[place] < count and sum(shares) < room:
                shares[place] += 1
    return shares


def _listed(names: Sequence[str]) -> str:
    """ "image 1", "image 1 and image 2", "image 1, image 2 and image 3"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
