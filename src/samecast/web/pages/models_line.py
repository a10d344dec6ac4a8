"""One model on the page: its line, what mends it, and all that there is to say of it, drawn once somebody opens it."""

from collections.abc import Callable

from samecast.core.terms import Use
from samecast.services.modelling import Readiness
from samecast.web.frame import told
from samecast.web.kit import Tag, button, icon, link, row, stack, verdict, words
from samecast.web.pages.models_mending import Mending
from samecast.web.pages.models_reading import about, cost_words, excluded, makes_briefly, missing_of, room
from samecast.web.parts.command import Command


class Line:
    """`told_above`: what it misses stands above its group already. `toggled`: it was opened, or closed."""

    def __init__(
        self,
        entry: Readiness,
        *,
        use: Use,
        mending: Mending,
        told_above: bool,
        own: bool,
        opened: bool,
        toggled: Callable[[str, bool], object],
    ) -> None:
        self._entry = entry
        self._use = use
        self._mending = mending
        self._told_above = told_above
        self._own = own
        self._toggled = toggled
        self._opened = False
        self._missing = missing_of(entry, use)
        self.box = Tag("li", classes="model")
        with self.box:
            with Tag("div", classes="model-line"):
                self._face = self._draw_face()
                with Tag("div", classes="model-does"):
                    self._draw_does()
            mending.progress(entry.profile)
            self._more = stack("model-more tight")
        self._face.put(aria_controls=f"c{self._more.id}")
        self._more.put(id=f"c{self._more.id}")
        self._more.set_visibility(False)
        if opened:
            self._toggle()

    def _draw_face(self) -> Tag:
        profile = self._entry.profile
        face = Tag("button", classes="model-face", type="button", aria_expanded="false")
        with face:
            icon("chevron-right", "model-mark")
            with Tag("span", classes="model-name"):
                words(profile.name, "strong", tag="span")
                words(profile.id, "muted small", tag="code")
            words(makes_briefly(profile), "model-fact", tag="span")
            words(room(profile), "model-fact", tag="span")
            words(cost_words(profile), "model-fact number", tag="span")
        face.on("click", told(self._toggle), args=[])
        return face

    def _draw_does(self) -> None:
        profile = self._entry.profile
        if self._missing is None:
            verdict("match", "Ready")
            link("Use", f"/create?model={profile.id}", classes="button low", aria_label=f"Use {profile.name} in Create")
            return
        match self._missing.need:
            case "licence":
                button("Read the licence", told(lambda: self._mending.licence(profile)), drawn="text-quote", low=True)
            case "weights":
                button("Fetch", told(lambda: self._mending.fetch(profile)), drawn="download", low=True)
            case "key":
                verdict("unknown", "Needs a key")
            case "use":
                verdict("missing", "Excluded")
            case _:
                verdict("unknown", "Not ready")

    def _toggle(self) -> None:
        self._opened = not self._opened
        self._face.put(aria_expanded="true" if self._opened else "false")
        self._more.set_visibility(self._opened)
        if self._opened and not self._more.default_slot.children:
            with self._more:
                self._draw_more()
        self._toggled(self._entry.profile.id, self._opened)

    def _draw_more(self) -> None:
        profile, missing = self._entry.profile, self._missing
        if missing is not None and not (self._told_above and missing.need != "key"):
            words(missing.said, "small")
            if missing.command:
                Command(missing.command)
            elif missing.hint:
                words(missing.hint, "small")
        with Tag("dl", classes="model-facts"):
            for name, text in about(profile, self._use):
                Tag("dt", name)
                Tag("dd", text, "model-outside" if name == "Your use" and excluded(profile, self._use) else "")
        with row("tight"):
            if self._own:
                button(
                    "Take away", told(lambda: self._mending.remove(profile)), drawn="trash-2", kind="quiet", low=True
                )
