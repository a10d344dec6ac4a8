"""Tags: short words by which people sort characters and takes. All are kept alike: on one line, in lower case, once."""

from collections.abc import Iterable

from samecast.core.errors import InvalidInput
from samecast.core.words import one_line

MOST_TAGS, LONGEST_TAG = 32, 60


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """As they are kept; blank ones are left out. Raises `InvalidInput` for too many, or one that is too long."""
    clean = tuple(dict.fromkeys(line for tag in tags if (line := one_line(tag).lower())))
    if len(clean) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in clean):
        raise InvalidInput(
            f"Tags are at most {MOST_TAGS} words or short phrases of up to {LONGEST_TAG} characters.",
            hint="Keep them short; what needs a sentence belongs into a description or a prompt.",
        )
    return clean
