"""What changed between two versions: never nothing where they differ, and never something where they do not."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from samecast.core.cast import Anchor, Pinned, Pins, Reference, Region, Version
from samecast.core.changes import changes

NOW = datetime(2026, 5, 31, tzinfo=UTC)
BOX, OTHER = Region(x=0.1, y=0.1, width=0.2, height=0.2), Region(x=0.5, y=0.5, width=0.2, height=0.2)


def version(references: str = "a", anchors: tuple[Anchor, ...] = (), description: str = "") -> Version:
    pictures = tuple(Reference(sha256=letter * 64, width=9, height=9) for letter in references)
    return Version(number=1, references=pictures, anchors=anchors, description=description, created_at=NOW)


def told(before: Version, after: Version) -> list[tuple[str, str]]:
    return [(change.kind, change.said) for change in changes(before, after)]


def test_references_come_and_go() -> None:
    assert told(version("ab"), version("cb")) == [
        ("reference_removed", "The reference aaaaaaaa is gone."),
        ("reference_added", "The reference cccccccc is new. It is the first now."),
    ]
    assert told(version("a"), version("ab")) == [("reference_added", "The reference bbbbbbbb is new.")]
    assert told(version("abc"), version("cab")) == [
        ("references_reordered", "The references come in another order; cccccccc is the first.")
    ]


def test_an_anchor_that_keeps_its_words_has_moved() -> None:
    scar = Anchor(text="scar", side="left", region=BOX)
    for after, said in (
        (Anchor(text="scar", side="left", region=OTHER), "The anchor 'scar' has another place on the reference."),
        (Anchor(text="scar", side="left"), "The anchor 'scar' has no place on the reference any more."),
        (
            Anchor(text="scar", side="right", region=BOX),
            "The anchor 'scar' is on the character's own right, where it was on the character's own left.",
        ),
    ):
        (change,) = changes(version(anchors=(scar,)), version(anchors=(after,)))
        assert (change.kind, change.before, change.after, change.said) == ("anchor_moved", scar, after, said)
    (placed,) = changes(version(anchors=(Anchor(text="scar", side="left"),)), version(anchors=(scar,)))
    assert placed.said == "The anchor 'scar' has a place on the reference."


def test_anchors_come_go_and_change_places() -> None:
    scar, piping = Anchor(text="scar"), Anchor(text="piping")
    assert told(version(anchors=(scar,)), version(anchors=(piping,))) == [
        ("anchor_removed", "The anchor 'scar' is gone."),
        ("anchor_added", "The anchor 'piping' is new."),
    ]
    both = version(anchors=(scar, piping)), version(anchors=(piping, scar))
    assert told(*both) == [("anchors_reordered", "The anchors come in another order.")]


def test_the_description() -> None:
    assert told(version(), version(description="A courier")) == [("description", "It has a description: 'A courier'.")]
    assert told(version(description="A"), version(description="B"))[0][1] == "The description is another: 'B'."
    assert told(version(description="A"), version())[0][1] == "The description is gone."


anchors = st.builds(
    Anchor,
    text=st.sampled_from(["scar", "piping"]),
    side=st.sampled_from([None, "left"]),
    region=st.sampled_from([BOX]),
)
versions = st.builds(
    version,
    st.lists(st.sampled_from("abc"), min_size=1, unique=True).map("".join),
    st.lists(anchors, unique=True).map(tuple),
    st.sampled_from(["", "A", "B"]),
)


@given(versions, versions)
def test_something_is_said_where_and_only_where_they_differ(before: Version, after: Version) -> None:
    assert bool(changes(before, after)) == (before.digest != after.digest)


def test_pins_are_told_for_who_is_about_to_remove() -> None:
    assert Pins().told == "No take shows it, so nothing of it would be left."
    two = (Pinned(what="2", takes=8, shots=2), Pinned(what="1", takes=4, shots=2))
    models = (Pinned(what="storyboard", takes=11, shots=3), Pinned(what="flux", takes=1, shots=1))
    assert Pins(takes=12, shots=4, trashed=1, models=models, versions=two).told == (
        "12 takes of 4 shots show it (11 on storyboard, 1 on flux), by versions 1 and 2; they keep what they were made"
        " with. 1 of them is in the trash."
    )
    one = Pins(takes=1, shots=1, models=(Pinned(what="m", takes=1, shots=1),), versions=two[:1])
    assert one.told == "1 take of 1 shot show it (1 on m), by version 2; they keep what they were made with."
