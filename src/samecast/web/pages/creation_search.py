"""The search above the wall of creations: words as they are typed, and what else to look for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from samecast.core.cast import Character
from samecast.ports.creations import Stats, TagUse
from samecast.web.frame import told
from samecast.web.kit import Choice, Field, Tag, button, children, field, select, switch
from samecast.web.pages.creation_filters import LONGEST_WORDS, Filters
from samecast.web.parts.wall import WORDS

KINDS = {"image": "Stills", "video": "Clips"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What there is to look for: the cast, the library's figures, tags in use, and models by id with their names."""

    cast: Sequence[Character]
    stats: Stats
    tags: Sequence[TagUse]
    models: Mapping[str, str]


class Search:
    """`changed` is told which of the filters is what now."""

    def __init__(self, filters: Filters, changed: Callable[[str, str], Any], clear: Callable[[], Any]) -> None:
        self._changed = changed
        self._fields: dict[str, Field] = {}
        self._lists: dict[str, Choice] = {}
        self.box = Tag("search", classes="creation-search", aria_label="Creations")
        with self.box:
            self._words = field(
                "Search",
                filters.words,
                told(lambda text: changed("words", text)),
                kind="search",
                delay=0.25,
                maxlength=LONGEST_WORDS,
                placeholder="A prompt's words, a name, a tag",
            )
            self._nothing = button("Clear all", told(clear), drawn="x", kind="quiet clears")
            self._more = button("Filters", self._toggle, drawn="sliders-horizontal", aria_expanded="false")
            self._rest = Tag("div", classes="creation-filters", id="creation-filters")
            self._more.put(aria_controls="creation-filters")
            with self._rest:
                self._selects = Tag("div", classes="creation-lists")
                for name, label in (("since", "From"), ("until", "Until")):
                    self._fields[name] = self._date(name, label, getattr(filters, name))
                self._mark = switch("Picks only", filters.picked, told(self._pick))
        self.offer(filters, None)

    def _date(self, name: str, label: str, value: date | None) -> Field:
        said = told(_setting(self._changed, name))
        return field(label, value.isoformat() if value else "", said, kind="date", delay=0.4)

    def offer(self, filters: Filters, offered: Offered | None) -> None:
        """Say what there is to look for; None: not known yet. A list that somebody has open stays open."""
        for name, label, options in _offers(filters, offered):
            if (known := self._lists.get(name)) is not None:
                known.offer(options)
                continue
            with self._selects:
                chosen = select(label, options, getattr(filters, name), told(_setting(self._changed, name)))
            self._fields[name] = self._lists[name] = chosen
        self.show(filters)

    def show(self, filters: Filters) -> None:
        """Show what is looked for, wherever it was not chosen right here."""
        for name, each in self._fields.items():
            value = getattr(filters, name)
            text = value.isoformat() if isinstance(value, date) else value or ""
            if each.value != text:
                each.set(text)
        if self._words.value.split() != filters.words.split():
            self._words.set(filters.words)
        box = children(self._mark)[0]
        if isinstance(box, Tag):
            box.put(checked=filters.picked)
        self._nothing.put(disabled=not filters.narrow)
        label = children(self._more)[-1]
        if isinstance(label, Tag):
            label.set_text(f"Filters, {filters.chosen} set" if filters.chosen else "Filters")

    def _pick(self, on: bool) -> Any:
        return self._changed("picked", "1" if on else "")

    def _toggle(self) -> None:
        is_open = self._more.props.get("aria-expanded") != "true"
        self._more.put(aria_expanded="true" if is_open else "false")


def _setting(changed: Callable[[str, str], Any], name: str) -> Callable[[str], Any]:
    return lambda text: changed(name, text)


def _offers(filters: Filters, offered: Offered | None) -> list[tuple[str, str, dict[str, str]]]:
    """Each list with its label: what there is, how many takes, and what is looked for though there is none of it."""
    cast = {one.handle: one.name for one in offered.cast} if offered else {}
    stats = offered.stats if offered else None
    tags = offered.tags if offered else ()
    characters = {
        handle: f"{name} ({stats.cast[handle].takes:,})" if stats and handle in stats.cast else name
        for handle, name in cast.items()
    }
    retired = {handle: f"@{handle} ({tally.takes:,})" for handle, tally in (stats.cast.items() if stats else ())}
    names = offered.models if offered else {}
    models = {
        model: f"{names.get(model, model)} ({tally.takes:,})"
        for model, tally in (stats.models.items() if stats else ())
    }
    verdicts = {
        verdict: f"{word} ({stats.verdicts[verdict].takes:,})" if stats and verdict in stats.verdicts else word
        for verdict, word in WORDS.items()
    }
    lists = (
        ("character", "Character", "Anybody", retired | characters),
        ("model", "Model", "Any model", models),
        ("verdict", "Verdict", "Any verdict", verdicts),
        ("kind", "Kind", "Any kind", KINDS),
        ("tag", "Tag", "Any tag", {use.tag: use.tag for use in tags}),
    )
    found = []
    for name, label, nothing, options in lists:
        chosen = getattr(filters, name)
        known = dict(options) if not chosen or chosen in options else {**options, chosen: chosen}
        found.append((name, label, {"": nothing} | known))
    return found
