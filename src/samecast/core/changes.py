"""What changed between two versions of a character: each change as a value, with a sentence that says it.

Two versions with other digests always differ by at least one change, and equal ones by none.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from samecast.core.cast import Anchor, Version

T = TypeVar("T")
ChangeKind: TypeAlias = Literal[
    "reference_added",
    "reference_removed",
    "references_reordered",
    "anchor_added",
    "anchor_removed",
    "anchor_moved",
    "anchors_reordered",
    "description",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """One change. `sha256` names the reference; `before` and `after` are the anchor as it was, and as it is."""

    kind: ChangeKind
    said: str
    sha256: str = ""
    before: Anchor | None = None
    after: Anchor | None = None


def changes(before: Version, after: Version) -> tuple[VersionChange, ...]:
    """From one version to another: references first, then anchors, then the description.

    An anchor has *moved* where its words stayed, and its side or its place on the reference did not.
    """
    return (*_references(before, after), *_anchors(before.anchors, after.anchors), *_description(before, after))


def _references(before: Version, after: Version) -> list[VersionChange]:
    old, new = ([reference.sha256 for reference in version.references] for version in (before, after))
    gone, come = _beyond(old, new), _beyond(new, old)
    found = [
        VersionChange(kind="reference_removed", sha256=sha256, said=f"The reference {sha256[:8]} is gone.")
        for sha256 in gone
    ]
    for sha256 in come:
        first = " It is the first now." if new[0] == sha256 else ""
        found.append(
            VersionChange(kind="reference_added", sha256=sha256, said=f"The reference {sha256[:8]} is new.{first}")
        )
    if _beyond(old, gone) != _beyond(new, come):
        said = f"The references come in another order; {new[0][:8]} is the first."
        found.append(VersionChange(kind="references_reordered", sha256=new[0], said=said))
    return found


def _anchors(old: Sequence[Anchor], new: Sequence[Anchor]) -> list[VersionChange]:
    gone, come = _beyond(old, new), _beyond(new, old)
    found = []
    for anchor in list(gone):
        same = next((other for other in come if other.text == anchor.text), None)
        if same is not None:
            gone.remove(anchor)
            come.remove(same)
            found.append(VersionChange(kind="anchor_moved", before=anchor, after=same, said=_moved(anchor, same)))
    for anchor in gone:
        found.append(VersionChange(kind="anchor_removed", before=anchor, said=f"The anchor '{anchor.text}' is gone."))
    for anchor in come:
        found.append(VersionChange(kind="anchor_added", after=anchor, said=f"The anchor '{anchor.text}' is new."))
    if not found and list(old) != list(new):
        found.append(VersionChange(kind="anchors_reordered", said="The anchors come in another order."))
    return found


def _moved(before: Anchor, after: Anchor) -> str:
    parts = []
    if before.side != after.side:
        parts.append(f"is on {_side(after)}, where it was on {_side(before)}")
    if before.region != after.region:
        if after.region is None:
            parts.append("has no place on the reference any more")
        else:
            parts.append(f"has {'a' if before.region is None else 'another'} place on the reference")
    return f"The anchor '{after.text}' {' and '.join(parts)}."


def _side(anchor: Anchor) -> str:
    return f"the character's own {anchor.side}" if anchor.side else "no side"


def _description(before: Version, after: Version) -> list[VersionChange]:
    if before.description == after.description:
        return []
    if not before.description:
        said = f"It has a description: '{after.description}'."
    elif not after.description:
        said = "The description is gone."
    else:
        said = f"The description is another: '{after.description}'."
    return [VersionChange(kind="description", said=said)]


def _beyond(own: Sequence[T], others: Sequence[T]) -> list[T]:
    """What is in `own` more often than in `others`, in order."""
    left = Counter(others)
    found = []
    for item in own:
        if left[item] > 0:
            left[item] -= 1
        else:
            found.append(item)
    return found
