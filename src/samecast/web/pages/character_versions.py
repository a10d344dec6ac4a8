"""The versions of a character, the newest first, each with what it changed."""

from samecast.core.cast import Character, Version
from samecast.core.changes import changes
from samecast.web import kit
from samecast.web.kit import Tag, words

REFERENCES = {
    "reference_added": "This reference is new.",
    "reference_removed": "This reference is gone.",
    "references_reordered": "This reference is the first now.",
}
"""Beside the picture itself, which says more than its name."""


def versions(character: Character) -> None:
    """The list; shots keep the version that they were made with."""
    each = character.versions
    with Tag("section", classes="stack tight", aria_label="Versions"):
        kit.heading("Versions", 2)
        words("A shot keeps the version it was made with.", "muted small")
        with Tag("ol", classes="versions"):
            for place in reversed(range(len(each))):
                with Tag("li"):
                    _version(each[place - 1] if place else None, each[place], current=place == len(each) - 1)


def _version(before: Version | None, version: Version, *, current: bool) -> None:
    kit.portrait(version.references[0].sha256, "", 96)
    with kit.stack("close"):
        with kit.row("tight"):
            words(f"Version {version.number}", "strong", tag="span")
            if current:
                words("current", "chip", tag="span")
            made = f"{version.created_at:%Y-%m-%d %H:%M} UTC"
            words(made, "muted small number", tag="time", datetime=version.created_at.isoformat())
        if before is None:
            words(first_words(version), "small")
            return
        with Tag("ul", classes="small stack close"):
            for change in changes(before, version):
                with Tag("li", classes="row tight"):
                    if change.sha256:
                        kit.portrait(change.sha256, "", 96, classes="tiny-picture")
                    words(REFERENCES.get(change.kind, change.said), tag="span")


def first_words(version: Version) -> str:
    """What a character was cast with."""
    return f"Cast with {_many(len(version.references), 'reference')} and {_many(len(version.anchors), 'anchor')}."


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
