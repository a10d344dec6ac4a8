"""What was made with a character: how reliably each model kept them, and every take they are in."""

from collections.abc import Sequence

from samecast.core.choosing import Record
from samecast.core.consistency import ScoreVerdict
from samecast.ports.creations import Creation, Wanted
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import later
from samecast.web.kit import Tag, words
from samecast.web.parts.listed import first_of, listed

KINDS = {"image": "images", "video": "clips"}
VERDICTS: dict[ScoreVerdict, str] = {
    "match": "Same character",
    "drift": "Drifts",
    "missing": "Missing",
    "not_measurable": "Not measurable",
}


# --- match rates ----------------------------------------------------------------------------------------------------


def rates(desk: Desk, handle: str) -> None:
    """How each model fared, over how many judged takes."""
    with Tag("section", classes="stack tight", aria_label="Match rate per model"):
        kit.heading("Match rate per model", 2)
        place = Tag("div")
    later(_fill_rates(desk, handle, place), place)


async def _fill_rates(desk: Desk, handle: str, place: Tag) -> None:
    records = await desk.ask(desk.studio.comparing.of, handle)
    if place.is_deleted:
        return
    names = {profile.id: profile.name for profile in desk.studio.models.values()}
    with place:
        if not records:
            words("No take was made yet. Once some are, here is how many of them kept the character.", "muted small")
            return
        with Tag("ul", classes="rates"):
            for record in records:
                _rate(record, names.get(record.model, record.model))


def _rate(record: Record, name: str) -> None:
    first, *more = rate_words(record)
    with Tag("li", classes="stack close"):
        with kit.row("tight apart"):
            words(f"{name}, {KINDS.get(record.kind, record.kind)}", "strong", tag="span")
            words(first, "strong number", tag="span")
        for sentence in (*more, each_words(record)):
            if sentence:
                words(sentence, "muted small")


def rate_words(record: Record) -> Sequence[str]:
    """How reliably a model kept the character: the verdict first, then its figures."""
    if record.rate is None:
        count = f"{record.takes} take{'s' * (record.takes != 1)}"
        return ("Not measured yet", f"{count}, none of them judged" + _failed(record))
    low, high = record.interval
    judged = f"{record.matched} of {record.judged} judged take{'s' * (record.judged != 1)}"
    figures = f"{judged}; 95 % interval {100 * low:.0f} to {100 * high:.0f} %{_failed(record)}"
    if record.by_design:
        return ("By design", figures, "It works from the reference's own pixels, so that this proves nothing.")
    if not record.told:
        return (f"{100 * record.rate:.0f} %", figures, "Too few to rely on.")
    return (f"{100 * record.rate:.0f} %", figures)


def _failed(record: Record) -> str:
    return f"; {record.failed} failed" if record.failed else ""


def each_words(record: Record) -> str:
    """What one match takes, the others that were made for it included; "" where there is none."""
    if record.seconds_each is None:
        return ""
    cost = f" and ${record.cost_each / 1e6:,.2f}" if record.cost_each else ""
    return f"A match takes {record.seconds_each:,.0f} s{cost}, those that do not match included."


# --- takes ----------------------------------------------------------------------------------------------------------


class Takes:
    """Every take that a character is in, the newest first, more of them as they are asked for."""

    def __init__(self, desk: Desk, handle: str) -> None:
        self._desk = desk
        self._handle = handle
        with Tag("section", classes="stack", aria_label="Takes"):
            kit.heading("Takes", 2)
            self._body = Tag("div", classes="stack")
        later(self._fill(), self._body)

    async def _fill(self) -> None:
        wanted = Wanted(character=self._handle)
        first = await first_of(self._desk, wanted)
        if self._body.is_deleted:
            return
        with self._body:
            if not first.creations:
                words(f"Nobody shot @{self._handle} yet.", "muted")
                with kit.row():
                    kit.link("Shoot the first", f"/create?character={self._handle}", drawn="clapperboard")
                return
            listed(self._desk, wanted, first, self._show, classes="takes")

    def _composites(self, model: str) -> bool:
        profile = self._desk.studio.models.get(model)
        return profile is not None and profile.composites

    def _show(self, creation: Creation) -> None:
        with Tag("li"):
            _take(creation, self._handle, composited=self._composites(creation.model))


def _take(creation: Creation, handle: str, *, composited: bool) -> None:
    verdict = dict(creation.who).get(handle)
    with Tag("a", classes="portrait take", href=f"/creations?take={creation.take}"):
        with Tag("div", classes="picture"):
            if creation.asset is not None:
                kit.portrait(creation.asset, "", 320)
            if creation.kind == "video":
                words(f"{creation.length:g} s", "chip", tag="span")
        with kit.stack("close"):
            if verdict is not None:
                kit.verdict(verdict, "Same by design" if composited and verdict == "match" else VERDICTS[verdict])
            else:
                kit.verdict("unknown", "Not scored")
            words(creation.prompt, "small two-lines", tag="span")
            words(creation.model, "muted tiny one-line", tag="span")
