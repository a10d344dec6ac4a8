"""What somebody looks for among creations, as an address says it, and how many there are of that. No elements here."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from typing import get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

from samecast.core.cast import HANDLE
from samecast.core.consistency import ScoreVerdict
from samecast.core.recipe import TakeKind
from samecast.ports.creations import Stats, TagUse, Wanted

PATH = "/creations"
LONGEST_WORDS, LONGEST_NAME = 200, 200
DATES = ("since", "until")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """All that an address may say; "" or None where it does not matter. `take`: whose details are open.

    Days are those of the machine that serves the studio; `until` is included.
    """

    words: str = ""
    character: str = ""
    model: str = ""
    verdict: str = ""
    kind: str = ""
    tag: str = ""
    picked: bool = False
    since: date | None = None
    until: date | None = None
    trashed: bool = False
    take: str = ""

    @classmethod
    def read(cls, address: str) -> "Filters":
        """From the query of an address; whatever cannot be meant is left out."""
        try:
            said = dict(parse_qsl(urlsplit(address).query, max_num_fields=40))
        except ValueError:  # not an address, or far too many fields
            return cls()
        found = cls(trashed=said.get("trashed") == "1", take=_name(said.get("take", "")))
        if found.trashed:
            return found
        for name in ("words", "character", "model", "verdict", "kind", "tag", "picked", *DATES):
            found = found.with_(name, said.get(name, ""))
        return found

    def with_(self, name: str, text: str) -> "Filters":
        """With one of them as it was typed or chosen."""
        match name:
            case "words":
                return replace(self, words=" ".join(text.split())[:LONGEST_WORDS])
            case "character":
                return replace(self, character=text if HANDLE.fullmatch(text) else "")
            case "verdict":
                return replace(self, verdict=text if text in get_args(ScoreVerdict) else "")
            case "kind":
                return replace(self, kind=text if text in get_args(TakeKind) else "")
            case "picked":
                return replace(self, picked=text == "1")
            case "model":
                return replace(self, model=_name(text))
            case "tag":
                return replace(self, tag=_name(text))
            case "since":
                return replace(self, since=_day(text))
            case "until":
                return replace(self, until=_day(text))
        raise KeyError(name)

    @property
    def address(self) -> str:
        """Where the same is shown again."""
        said = {
            each.name: "1" if value is True else value.isoformat() if isinstance(value, date) else value
            for each in fields(self)
            if (value := getattr(self, each.name))
        }
        return f"{PATH}?{urlencode(said)}" if said else PATH

    @property
    def cleared(self) -> "Filters":
        """The same place, with nothing looked for."""
        return Filters(trashed=self.trashed)

    @property
    def narrow(self) -> bool:
        """Whether anything is looked for."""
        return replace(self, trashed=False, take="") != Filters()

    @property
    def chosen(self) -> int:
        """How many of the filters beside the words are set."""
        return sum(bool(getattr(self, name)) for name in _BESIDE)

    def shows_as(self, other: "Filters") -> bool:
        """Whether the same takes are shown."""
        return replace(self, take="") == replace(other, take="")

    @property
    def wanted(self) -> Wanted:
        """As the library is asked."""
        return Wanted(
            words=self.words,
            character=self.character or None,
            tag=self.tag or None,
            model=self.model or None,
            kind=next((kind for kind in get_args(TakeKind) if kind == self.kind), None),
            verdict=next((verdict for verdict in get_args(ScoreVerdict) if verdict == self.verdict), None),
            picked=self.picked,
            since=_midnight(self.since) if self.since else None,
            until=_midnight(self.until + timedelta(days=1)) if self.until else None,
        )

    def count(self, stats: Stats, tags: Sequence[TagUse]) -> int | None:
        """How many there are, where the library has counted that already; None where it would have to search."""
        if self.trashed:
            return stats.trashed
        asked = [name for name in ("words", "picked", *_BESIDE) if getattr(self, name)]
        if not asked:
            return stats.done.takes
        counted = {"character": stats.cast, "model": stats.models, "kind": stats.kinds, "verdict": stats.verdicts}
        if len(asked) > 1 or asked[0] not in (*counted, "tag"):
            return None
        value = getattr(self, asked[0])
        if asked[0] == "tag":
            own = next((use for use in tags if use.tag == value), None)
            return own.takes if own is not None and not own.characters else None
        tally = counted[asked[0]].get(value)
        return tally.takes if tally is not None else 0


_BESIDE = ("character", "model", "verdict", "kind", "tag", "picked", *DATES)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min).astimezone()


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 < day.year < 9999 else None


def _name(text: str) -> str:
    return text if len(text) <= LONGEST_NAME and text.isprintable() else ""
