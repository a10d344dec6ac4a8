"""What a model's readiness and its profile say, in words and in groups. No elements here."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from samecast.core.choosing import Record
from samecast.core.errors import LicenceExcludes, SamecastError
from samecast.core.money import dollars
from samecast.core.terms import Use, check_use, in_words
from samecast.core.words import plain
from samecast.ports import ModelProfile
from samecast.services.modelling import Readiness

Need: TypeAlias = Literal["nothing", "key", "licence", "weights", "part", "setting", "use", "other"]
"""What a model waits for: `part` is a package or a program, `use` another declared use than this one."""
TITLES: Mapping[Need, str] = {
    "nothing": "Ready",
    "key": "Needs {key}",
    "licence": "Licence to be read first",
    "weights": "To be fetched",
    "part": "Not installed",
    "setting": "To be set up",
    "other": "Not ready",
    "use": "Excluded by what is declared",
}
_ORDER: tuple[Need, ...] = ("nothing", "weights", "licence", "key", "setting", "part", "other", "use")
_COMMAND = re.compile(r"`([^`]+)`|(?:^|: )((?:samecast|pip install|export|gcloud) [^`]*)$")
_KEY = re.compile(r"samecast models key ([A-Z][A-Z0-9_]{2,63})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What keeps a model from being shot on. `said` in a line; `command` mends it, "" where none does.

    `hint`: what to do, where no command says it. `key`: the name of the key that it waits for.
    """

    need: Need
    said: str
    command: str = ""
    hint: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Models that wait for the same. `missing`: what all of them miss, where that is one thing."""

    need: Need
    title: str
    entries: tuple[Readiness, ...]
    missing: Missing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which models are looked for."""

    words: str = ""
    kind: Literal["", "image", "video"] = ""
    characters: bool = False
    free: bool = False
    ready: bool = False

    def fits(self, entry: Readiness) -> bool:
        profile = entry.profile
        said = plain(" ".join((profile.id, profile.name, *profile.aliases, profile.engine)))
        return (
            all(word in said for word in plain(self.words).split())
            and (not self.kind or self.kind in profile.kinds)
            and (not self.characters or profile.takes_characters)
            and (not self.free or is_free(profile))
            and (not self.ready or entry.missing is None)
        )


# --- what is missing ----------------------------------------------------------------------------------------------


def missing_of(entry: Readiness, use: Use) -> Missing | None:
    """What a model misses, first things first; None where it is ready."""
    error = entry.missing
    if error is None:
        return None
    command = command_in(error.hint)
    key = _KEY.search(error.hint)
    need = _need(error, excluded(entry.profile, use), command, key is not None)
    if need == "use":  # what the hint names is another model
        return Missing(need=need, said=error.message)
    said = "Its licence waits to be read and accepted." if need == "licence" else error.message
    hint = "" if command else error.hint
    return Missing(need=need, said=said, command=command, hint=hint, key=key[1] if key else "")


def excluded(profile: ModelProfile, use: Use) -> str:
    """Why the licence excludes the declared use, in a sentence; "" where it does not."""
    try:
        check_use(profile.terms, use, profile.name)
    except LicenceExcludes as error:
        return error.message
    return ""


def command_in(hint: str) -> str:
    """The command that a hint ends with, or that stands in it between backquotes; "" where there is none."""
    found = _COMMAND.search(hint)
    command = (found[1] or found[2]).strip() if found else ""
    return command if command.endswith("..") else command.removesuffix(".")


def _need(error: SamecastError, outside: str, command: str, key: bool) -> Need:
    if error.code == "licence_excludes":
        return "use" if outside else "licence"
    if key:
        return "key"
    if command.startswith("samecast models pull "):
        return "weights"
    needs: Mapping[str, Need] = {"missing_part": "part", "missing_key": "setting"}
    return needs.get(error.code, "other")


def grouped(entries: Sequence[Readiness], use: Use) -> list[Group]:
    """The ready ones first, then the others by what they wait for, in the order of the catalogues."""
    found: dict[tuple[Need, str], list[Readiness]] = {}
    name: tuple[Need, str]
    missing: dict[tuple[Need, str], Missing] = {}
    for entry in entries:
        lacks = missing_of(entry, use)
        name = ("nothing", "") if lacks is None else (lacks.need, _shared(lacks))
        found.setdefault(name, []).append(entry)
        if lacks is not None and name[1]:
            missing[name] = lacks
    return [
        Group(
            need=name[0],
            title=TITLES[name[0]].format(key=missing[name].key if name in missing else ""),
            entries=tuple(found[name]),
            missing=missing.get(name),
        )
        for need in _ORDER
        for name in found
        if name[0] == need
    ]


def _shared(missing: Missing) -> str:
    """What models have to have in common to stand in one group with what they miss said once."""
    if missing.need == "key":
        return missing.key
    return f"{missing.said} {missing.command}" if missing.need in ("part", "setting") else ""


# --- what a model is ----------------------------------------------------------------------------------------------


def is_free(profile: ModelProfile) -> bool:
    """Whether whoever shoots it pays nothing, as far as the catalogue knows."""
    return profile.cost is not None and not any(
        (profile.cost.per_image, profile.cost.per_second, profile.cost.per_reference)
    )


def cost_words(profile: ModelProfile) -> str:
    """What an image or a second costs, in a word or two."""
    if profile.cost is None:
        return "price varies"
    if is_free(profile):
        return "free"
    image, second = profile.cost.per_image, profile.cost.per_second
    told = [f"{dollars(image)} an image"] if "image" in profile.kinds and image else []
    told += [f"{dollars(second)} a second"] if "video" in profile.kinds and second else []
    return ", ".join(told) or "free but for references"


def makes(profile: ModelProfile) -> str:
    names = {"image": "images", "video": "clips"}
    return " and ".join(names.get(kind, kind) for kind in profile.kinds)


def makes_briefly(profile: ModelProfile) -> str:
    """The same with the longest clip, for a line."""
    longest = f" up to {profile.max_seconds:g} s" if "video" in profile.kinds else ""
    return f"{makes(profile)}{longest}".capitalize()


def lengths(profile: ModelProfile) -> str:
    """How long its clips are; "" where it makes none."""
    if "video" not in profile.kinds:
        return ""
    if profile.lengths:
        told = [f"{length:g}" for length in profile.lengths]
        return f"{', '.join(told[:-1])} or {told[-1]} s" if len(told) > 1 else f"{told[0]} s"
    return f"{profile.min_seconds:g} to {profile.max_seconds:g} s"


def room(profile: ModelProfile) -> str:
    """How many characters, in a word or two."""
    if not profile.takes_characters:
        return "no characters"
    return "1 character" if profile.max_characters == 1 else f"up to {profile.max_characters} characters"


def given(profile: ModelProfile) -> str:
    """How a character is given to it."""
    if not profile.takes_characters:
        return "Not at all: it takes no references, only words."
    if profile.composites:
        return f"{room(profile).capitalize()}, cut out of the reference itself."
    if profile.references == 0:
        return f"{room(profile).capitalize()}, in a first frame that {profile.keyframe} makes and that is measured."
    told = [room(profile).capitalize()]
    if profile.references is not None:
        told.append("one picture in all" if profile.references == 1 else f"{profile.references} pictures in all")
    if profile.references_each is not None:
        told.append(f"{profile.references_each} of each")
    called = ""
    if profile.mentioning is not None:
        first = profile.mentioning.first.format(
            pictures=profile.mentioning.picture.format(n=1, i=0), noun="woman", name="Mira", handle="mira"
        )
        called = f" A mention becomes “{first}”."
    return f"{', '.join(told)}.{called}"


def about(profile: ModelProfile, use: Use) -> list[tuple[str, str]]:
    """All that there is to say of a model, line by line."""
    frames = {(True, True): "first and last", (True, False): "first", (False, True): "last", (False, False): ""}
    frame = frames[profile.first_frame, profile.last_frame]
    lines = [
        ("Makes", makes(profile).capitalize() + (", and changes given pictures" if profile.edits else "")),
        ("Aspects", ", ".join(f"{width}:{height}" for width, height in profile.aspects)),
        ("Lengths", lengths(profile)),
        ("Characters", given(profile)),
        ("Frames", f"A clip can be given its {frame} frame." if frame else ""),
        ("Real faces", _faces(profile)),
        ("Again", "" if profile.seeds else "It takes no seed, so no take can be made again."),
        ("Price", profile.price),
        ("Licence", f"{profile.licence} {in_words(profile.terms)}".strip()),
        ("Your use", excluded(profile, use) or _allowed(profile, use)),
        ("Note", profile.notes),
        ("Facts from", f"{profile.source}, checked {profile.checked}" if profile.checked else profile.source),
    ]
    return [(name, text) for name, text in lines if text]


def _faces(profile: ModelProfile) -> str:
    if profile.faces == "unknown":
        return "Not known whether photographs of real people are accepted."
    return f"Photographs of real people are {profile.faces}."


def _allowed(profile: ModelProfile, use: Use) -> str:
    if not profile.terms.limited:
        return ""
    said = (use.country, use.revenue, use.purpose)
    return "Inside the licence, by what is declared." if any(one is not None for one in said) else ""


# --- which model for whom -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fared:
    """One row of how models fared. `low` and `high`: the interval's ends, 0..1; None where nothing is proved."""

    model: str
    kind: str
    rate: str
    takes: str
    seconds: str
    money: str
    low: float | None = None
    high: float | None = None
    share: float | None = None


def fared(records: Sequence[Record], name: Callable[[str], str]) -> list[Fared]:
    """`name`: what a model is called, by its id."""
    rows = []
    for record in records:
        low, high = record.interval
        rate, proved = "Nothing judged yet", record.rate is not None and not record.by_design
        if record.by_design:
            rate = "By design"
        elif record.rate is not None:
            span = f"{round(100 * low)} to {round(100 * high)} %"
            rate = f"{round(100 * record.rate)} % ({record.matched} of {record.judged}; 95 %: {span})"
        rows.append(
            Fared(
                model=name(record.model),
                kind={"image": "images", "video": "clips"}.get(record.kind, record.kind),
                rate=rate,
                takes=f"{record.takes}" + (f", {record.failed} failed" if record.failed else ""),
                seconds="None accepted" if record.seconds_each is None else f"{record.seconds_each:.1f} s",
                money="None accepted" if record.cost_each is None else dollars(record.cost_each),
                low=low if proved else None,
                high=high if proved else None,
                share=record.rate if proved else None,
            )
        )
    return rows


@dataclass(slots=True)
class Counted:
    """How many of all are shown."""

    shown: int = 0
    all: int = 0
    groups: list[Group] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.all} models" if self.shown == self.all else f"{self.shown} of {self.all} models"


def counted(entries: Sequence[Readiness], wanted: Wanted, use: Use) -> Counted:
    """Those that are wanted, in their groups."""
    fitting = [entry for entry in entries if wanted.fits(entry)]
    return Counted(shown=len(fitting), all=len(entries), groups=grouped(fitting, use))
