"""Prompts that name somebody archived: one line that says so, and the command that brings them back.

Without it such a name would be unknown, or taken for somebody else's. How mentions are read is said in `mentions`.
"""

from collections.abc import Sequence

from samecast.core.errors import NotFound
from samecast.core.mentions import CastName, Resolved, find_mentions, resolve
from samecast.core.words import clean_prompt

_NOBODY = ""  # whom `[CHARACTER NAME]` stands for here: an archived character is never meant by it


def resolve_present(prompt: str, cast: Sequence[CastName], archived: Sequence[CastName]) -> Resolved:
    """`mentions.resolve` over the cast; raises `NotFound` for a mention of somebody archived.

    Their handles stay theirs; their names mean them only where nobody in the cast has such a name.
    """
    text = clean_prompt(prompt)
    _refuse(text, cast, [CastName(handle=one.handle, name="") for one in archived])
    try:
        return resolve(prompt, cast)
    except NotFound:
        _refuse(text, cast, archived)
        raise


def _refuse(text: str, cast: Sequence[CastName], archived: Sequence[CastName]) -> None:
    away = {one.handle for one in archived}
    if not away:
        return
    for mention in find_mentions(text, [*cast, *archived], default=_NOBODY):
        if mention.handle in away:
            raise NotFound(
                f"@{mention.handle} is archived, so no new shot can show it.",
                hint=f"Bring it back first: samecast cast unarchive @{mention.handle}",
            )
