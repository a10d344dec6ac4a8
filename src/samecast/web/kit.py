"""The elements that pages are put together from: plain HTML, dressed by `static/look.css`, labelled for screen readers.

One function, one thing to be seen. They are NiceGUI elements, so children go inside with `with`. What a user types is
kept on the server as it is typed, without being sent back.
"""

import inspect
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import Client, ui
from nicegui.awaitable_response import AwaitableResponse
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

from samecast.web.locks.toolkit import is_gone

STATIC = "/studio/static"
Said = Callable[[str], object]
"""Is told what somebody typed or chose."""
Done = Callable[[], object]
"""Is told that somebody did it; may be a coroutine function."""


class Tag(TextElement):
    """One HTML element. Attributes are named as in Python: `aria_label`, `for_`; None leaves one out."""

    def __init__(self, tag: str, text: str = "", classes: str = "", **attributes: Any) -> None:
        super().__init__(tag=tag, text=text)
        self._hushed: dict[str, object] = {}
        self._ends: list[Done] = []
        if classes:
            self.classes(classes)
        self.put(**attributes)

    def put(self, **attributes: Any) -> "Tag":
        """Set or (None, False) take away attributes."""
        for name, value in attributes.items():
            key = name.rstrip("_").replace("_", "-")
            if value is None or value is False:
                self.props.pop(key, None)
            elif self.props.get(key) != value:
                self.props[key] = value
        return self

    def hush(self, name: str, value: object) -> None:
        """Set an attribute that the browser has already, without sending it back."""
        with self.props.suspend_updates():
            self.props[name] = value
        self._hushed[name] = value

    def when_gone(self, do: Done) -> None:
        """Have something done once it is no longer on its page, or the page is gone."""
        self._ends.append(do)

    def _handle_delete(self) -> None:
        super()._handle_delete()
        while self._ends:
            self._ends.pop()()

    def _to_dict(self) -> dict[str, Any]:
        """What the browser has already may have been typed on since, so that it keeps what it has."""
        shown = super()._to_dict()
        if kept := [name for name, value in self._hushed.items() if self.props.get(name) == value]:
            shown["preserved_props"] = kept
        return shown


# --- arranging --------------------------------------------------------------------------------------------------


def row(classes: str = "", **attributes: Any) -> Tag:
    return Tag("div", classes=f"row {classes}".strip(), **attributes)


def stack(classes: str = "", **attributes: Any) -> Tag:
    return Tag("div", classes=f"stack {classes}".strip(), **attributes)


def words(text: str, classes: str = "", tag: str = "p", **attributes: Any) -> Tag:
    return Tag(tag, text, classes, **attributes)


def heading(text: str, level: int = 2, **attributes: Any) -> Tag:
    return Tag(f"h{level}", text, **attributes)


def icon(name: str, classes: str = "") -> Tag:
    """A drawing beside words; it says nothing by itself."""
    drawing = Tag("svg", classes=f"icon {classes}".strip(), aria_hidden="true", focusable="false")
    with drawing:
        Tag("use", href=f"{STATIC}/icons.svg#{name}")
    return drawing


# --- doing ------------------------------------------------------------------------------------------------------


def button(
    text: str,
    done: Done | None = None,
    *,
    drawn: str = "",
    kind: str = "",
    bare: bool = False,
    low: bool = False,
    **attributes: Any,
) -> Tag:
    """A button. `kind`: main, quiet or grave. `bare`: its words are read out, and shown as a tooltip, but not seen."""
    classes = " ".join(filter(None, ("button", kind, "bare" if bare else "", "low" if low else "")))
    made = Tag("button", classes=classes, type="button", title=text if bare else None, **attributes)
    with made:
        if drawn:
            icon(drawn)
        words(text, "sr" if bare else "", tag="span")
    if done is not None:
        made.on("click", _once(made, done), args=[])
    return made


def _once(made: Tag, done: Done) -> Done:
    """Not again while it is still being done, and that is seen."""

    async def pressed() -> None:
        if made.is_deleted or made.props.get("aria-busy"):
            return  # it was pressed twice, and the first time took it away, or is not over
        found = done()
        if not inspect.isawaitable(found) or isinstance(found, AwaitableResponse):
            return  # what was only sent to the browser is not waited for: it may answer late, or never
        if not made.is_deleted:  # it may have gone with the line that it stood in
            made.put(aria_busy="true")
        try:
            await found
        finally:
            if not made.is_deleted:
                made.put(aria_busy=None)

    return pressed


def link(text: str, href: str, *, drawn: str = "", kind: str = "", classes: str = "button", **attributes: Any) -> Tag:
    made = Tag("a", classes=f"{classes} {kind}".strip(), href=href, **attributes)
    with made:
        if drawn:
            icon(drawn)
        words(text, tag="span")
    return made


# --- asking -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Field:
    """A labelled input, and what is in it now."""

    box: Tag
    input: Tag
    hint: Tag
    wrong: Tag
    value: str

    def set(self, value: str) -> None:
        """Write into it, over what somebody typed."""
        self.value = value
        self.input.props["value"] = value

    def blame(self, why: str) -> None:
        """Say what is wrong with it; "" for nothing."""
        self.wrong.set_text(why)
        self.input.put(aria_invalid="true" if why else None)

    def explain(self, text: str) -> None:
        self.hint.set_text(text)


def field(
    label: str,
    value: str = "",
    said: Said | None = None,
    *,
    hint: str = "",
    lines: int = 1,
    kind: str = "text",
    delay: float = 0.15,
    **attributes: Any,
) -> Field:
    """A line, or several `lines`, of text. `said` is told what is typed once nothing was for `delay` seconds."""
    box = Tag("label", classes="field")
    with box:
        named = words(label, "label", tag="span")
        if lines > 1:
            made = Tag("textarea", classes="input", value=value, rows=lines, **attributes)
        else:
            made = Tag("input", classes="input", value=value, type=kind, autocomplete="off", **attributes)
        below = words(hint, "hint", tag="span")
        wrong = words("", "wrong", tag="span", role="alert")
    made.put(aria_labelledby=named.html_id, aria_describedby=f"{below.html_id} {wrong.html_id}")
    result = Field(box, made, below, wrong, value)

    def typed(event: GenericEventArguments) -> object:
        result.value = text_of(event)
        made.hush("value", result.value)
        return said(result.value) if said is not None else None

    made.on("input", typed, js_handler=debounced(delay))
    return result


class _Select(Tag, component="parts/select.js"):
    """One element, however many it offers."""

    def __init__(self, options: Mapping[str, str], value: str, **attributes: Any) -> None:
        super().__init__("", classes="input", value=value, options=tuple(options.items()), **attributes)


@dataclass(slots=True)
class Choice(Field):
    """One of a list, and which one is chosen now."""

    options: Mapping[str, str]

    def set(self, value: str) -> None:
        """Choose it, whatever somebody chose."""
        self.value = value
        self.input.hush("value", value)
        self.input.run_method("put", value)

    def offer(self, options: Mapping[str, str]) -> None:
        """What there is to choose from now; what was chosen stays, where it is among them."""
        self.options = options
        self.input.put(options=tuple(options.items()))


def select(
    label: str, options: Mapping[str, str], value: str, said: Said, *, hint: str = "", **attributes: Any
) -> Choice:
    """One of a list: `options` by value, as they are shown."""
    box = Tag("label", classes="field")
    with box:
        named = words(label, "label", tag="span")
        made = _Select(options, value, **attributes)
        below = words(hint, "hint", tag="span")
        wrong = words("", "wrong", tag="span", role="alert")
    made.put(aria_labelledby=named.html_id, aria_describedby=f"{below.html_id} {wrong.html_id}")
    result = Choice(box, made, below, wrong, value, options)

    def chosen(event: GenericEventArguments) -> object:
        picked = text_of(event)
        if picked not in result.options:
            return None
        result.value = picked
        made.hush("value", picked)
        return said(picked)

    made.on("chosen", chosen)
    return result


def choices(label: str, options: Mapping[str, str], value: str, said: Said, *, name: str) -> Tag:
    """One of a few, all of them seen. `name` tells this group from others of the page."""
    group = Tag("fieldset", classes="stack close")
    with group:
        Tag("legend", label)
        with Tag("div", classes="choices"):
            for key, shown in options.items():
                with Tag("label", classes="choice"):
                    one = Tag("input", type="radio", name=name, value=key, checked=key == value)
                    one.on("change", lambda key=key: said(key), args=[])
                    words(shown, tag="span")
    return group


def switch(label: str, on: bool, said: Callable[[bool], object], **attributes: Any) -> Tag:
    """Yes or no."""
    with Tag("label", classes="choice") as made:
        box = Tag("input", type="checkbox", checked=on, **attributes)
        box.on("change", lambda event: said(event.args is True), js_handler="(event) => emit(event.target.checked)")
        words(label, tag="span")
    return made


def text_of(event: GenericEventArguments, longest: int = 20_000) -> str:
    """What a browser sent as text, whatever it really sent."""
    return event.args[:longest] if isinstance(event.args, str) else ""


_KEEP = "Vue.toRaw(element).props.value = event.target.value;"
"""Whatever is drawn anew meanwhile, an input keeps what was typed into it."""


def debounced(delay: float) -> str:
    """Sends on what an input holds, once nothing was typed for so many seconds, and at once when it is left."""
    return (
        f"(event) => {{ {_KEEP} const box = event.target; clearTimeout(box.waits);"
        f" box.waits = setTimeout(() => emit(box.value), {round(delay * 1000)});"
        " box.onchange = () => { clearTimeout(box.waits); emit(box.value); }; }"
    )


# --- telling ----------------------------------------------------------------------------------------------------


def note(text: str, tone: str = "", *, drawn: str = "info") -> Tag:
    """A sentence set apart. `tone`: wrong, careful or nothing."""
    made = Tag("div", classes=f"note {tone}".strip())
    with made:
        icon(drawn)
        words(text, tag="div")
    return made


def verdict(kind: str, text: str) -> Tag:
    return words(text, f"verdict {kind}", tag="span")


def empty(drawn: str, title: str, text: str) -> Tag:
    """What a page shows that has nothing to show yet: what will be here, and how to begin. Buttons go inside."""
    made = Tag("div", classes="empty")
    with made:
        icon(drawn)
        heading(title)
        words(text)
    return made


def portrait(sha256: str, name: str, side: int = 320, **attributes: Any) -> Tag:
    """A small copy of an asset. `name`: what is to be seen, for those who cannot; "" beside words that say it."""
    return Tag("img", src=picture(sha256, side), alt=name, loading="lazy", decoding="async", **attributes)


def picture(sha256: str, side: int) -> str:
    """Where a small copy of an asset is."""
    return f"/studio/picture/{sha256}/{side}.jpg"


# --- over the page ----------------------------------------------------------------------------------------------


_OVER: "weakref.WeakKeyDictionary[Client, list[Dialog]]" = weakref.WeakKeyDictionary()
"""The dialogs that lie over each page, the topmost last."""


def over(client: Client) -> "Dialog | None":
    """What lies over a page, so that nothing beside it can be read or pressed."""
    lying = [dialog for dialog in _OVER.get(client, []) if not is_gone(dialog.edge)]
    return lying[-1] if lying else None


class Dialog:
    """Something over the page, which waits for it. Its content goes into `inside`, its buttons into `foot`, and what is
    said while it is open to its `edge`."""

    def __init__(self, title: str, *, size: str = "", closed: Done | None = None) -> None:
        self._box = Tag("dialog", classes=f"dialog {size}".strip())
        with self._box:
            with Tag("header"):
                named = heading(title)
                button("Close", self.close, drawn="x", kind="quiet", bare=True)
            self.inside = Tag("div", classes="inside stack")
            self.foot = Tag("footer")
            self.edge = Tag("div", classes="dialog-said", role="status", aria_live="polite")
        self._box.put(aria_labelledby=f"c{named.id}")
        named.put(id=f"c{named.id}")
        self._box.on("close", lambda: self._gone(closed), args=[])

    def open(self) -> None:
        _OVER.setdefault(self._box.client, []).append(self)
        self._box.run_method("showModal")

    def close(self) -> None:
        self._leave()
        self._box.run_method("close")

    def _leave(self) -> None:
        lying = _OVER.get(self._box.client, [])
        if self in lying:
            lying.remove(self)

    def _gone(self, closed: Done | None) -> object:
        self._leave()
        if not is_gone(self._box):
            self._box.delete()
        return closed() if closed is not None else None


def table(columns: Sequence[str], label: str) -> Tag:
    """A table's body; rows go inside. It scrolls by itself where it is too wide."""
    with Tag("div", classes="scrolls", role="region", aria_label=label, tabindex="0"), Tag("table", classes="table"):
        with Tag("thead"), Tag("tr"):
            for column in columns:
                Tag("th", column, scope="col")
        return Tag("tbody")


def children(element: Element) -> list[Element]:
    return list(element.default_slot.children)


def copier(label: str, source: Tag) -> Tag:
    """A button that copies the words of an element, and says so."""
    source.put(id=f"c{source.id}")
    made = button(label, drawn="copy", low=True)

    def copied() -> None:
        shown = children(made)[-1]
        if isinstance(shown, Tag):
            shown.set_text("Copied")
            ui.timer(2.0, lambda: None if shown.is_deleted else shown.set_text(label), once=True)

    made.on("click", copied, args=[], js_handler=_COPY.replace("SOURCE", f"c{source.id}"))
    return made


_COPY = """async (event) => {
  const source = document.getElementById("SOURCE"), text = source.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // not a page that may: over plain HTTP, from another machine
    const area = source.parentElement.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
    area.select();
    document.execCommand("copy");
    area.remove();
    event.target.closest("button").focus();
  }
  emit();
}"""
