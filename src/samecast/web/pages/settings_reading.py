"""What the settings' page says: where things are kept, what was found there, what the meter can tell. No elements.

An address of a database or a store may hold a password, so only its kind, host and name are ever said.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from samecast.core.encoders import EncoderState
from samecast.core.terms import Use
from samecast.ports.creations import Stats
from samecast.ports.keeping import Holder, LoraFile, ReferencePicture, TakeFile, TakeSource
from samecast.services.keeping import GRACE, TRASH, Hit, Swept, Verified
from samecast.settings import Settings
from samecast.web.parts.errands import size

HITS_SHOWN = 50
_SHORT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one kind of thing is kept. `variable`: what says so in the environment."""

    name: str
    where: str
    variable: str


def places(settings: Settings) -> list[Place]:
    """Where everything is kept."""
    database, assets = settings.database_url, settings.assets_url
    return [
        Place(name="Home", where=str(settings.home), variable="SAMECAST_HOME"),
        Place(
            name="Library",
            where=_elsewhere(database) if database else str(settings.database_file),
            variable="SAMECAST_DATABASE_URL",
        ),
        Place(
            name="Pictures and clips",
            where=_elsewhere(assets) if assets else str(settings.assets_folder),
            variable="SAMECAST_ASSETS_URL",
        ),
    ]


def _elsewhere(address: str) -> str:
    """An address without its user, password and query; a folder as it is."""
    parts = urlsplit(address)
    if not parts.scheme or len(parts.scheme) == 1:  # a folder, or one on a drive of Windows
        return address
    name = parts.path.strip("/") if parts.scheme != "file" else parts.path
    kind = parts.scheme.partition("+")[0]
    host = parts.netloc.rpartition("@")[2]
    return " ".join(filter(None, (kind, f"at {host}," if host else "", name))).rstrip(",")


def counts(stats: Stats) -> list[tuple[str, str]]:
    """The library in figures, line by line."""
    archived = f", {stats.archived} archived" if stats.archived else ""
    done, trashed = stats.takes.get("done", 0), f", {stats.trashed} in the trash" if stats.trashed else ""
    failed = f", {stats.takes['failed']} failed" if stats.takes.get("failed") else ""
    lines = [
        ("Characters", f"{stats.characters}{archived}"),
        ("Shots", f"{sum(stats.shots.values())}"),
        ("Takes", f"{done} made{failed}{trashed}"),
    ]
    if stats.done.judged:
        lines.append(("Judged", f"{stats.done.judged} takes, of which {stats.done.matched} match"))
    return lines


# --- looking after the store --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of looking after the store. `lines` say more; `frees`: something would be removed."""

    well: bool
    said: str
    lines: tuple[str, ...] = ()
    frees: bool = False


def verified(found: Verified) -> Found:
    """What a look at the store found, the verdict first."""
    how = "all there" if found.quick else "all there and whole"
    lost = found.missing + found.damaged
    said = f"{_files(found.assets)}, {size(found.bytes)}: {how}."
    if not found.well:
        said = f"{_files(lost)} of {found.assets} {'is' if lost == 1 else 'are'} missing or damaged."
    lines = [_hit(hit) for hit in found.hits[:HITS_SHOWN]]
    if lost > len(lines):
        lines.append(f"… and {lost - len(lines)} more.")
    if lost:
        lines.append("Restore them from a backup; a reference also comes back when its file is given again.")
    if found.orphaned:
        lines.append(f"{_files(found.orphaned)} ({size(found.orphaned_bytes)}) not in use.")
    return Found(well=found.well, said=said, lines=tuple(lines), frees=found.orphaned > 0)


def swept(found: Swept) -> Found:
    """What was removed, or would be."""
    lines = []
    if found.purged:
        takes = "1 take" if found.purged == 1 else f"{found.purged} takes"
        said = "would be deleted for good" if found.dry_run else "deleted for good"
        lines.append(f"{takes} {said}: in the trash for more than {TRASH.days} days.")
    if found.kept_recent:
        hours = int(GRACE.total_seconds() // 3600)
        lines.append(f"{_files(found.kept_recent)} not in use {_stay(found.kept_recent)}: younger than {hours} hours.")
    if found.kept_unrecorded:
        stay = _stay(found.kept_unrecorded)
        lines.append(f"{_files(found.kept_unrecorded)} {stay}: this library has no record of having stored them.")
    frees = found.removed > 0 or found.purged > 0
    if not frees:
        said = f"Nothing to remove: of {_files(found.assets)} each is in use or stays for now."
    elif found.dry_run:
        said = f"{_files(found.removed)} would be removed, {size(found.freed)}, of {found.assets} stored."
    else:
        said = f"{_files(found.removed)} removed, {size(found.freed)} freed."
    return Found(well=True, said=said, lines=tuple(lines), frees=frees)


def _stay(count: int) -> str:
    return "stays" if count == 1 else "stay"


def _hit(hit: Hit) -> str:
    who = "; ".join(_who(holder) for holder in hit.holders) or "nothing uses it"
    return f"{hit.trouble.capitalize()}: {hit.sha256[:12]}, {who}"


def _who(holder: Holder) -> str:
    match holder:
        case TakeFile(number=number, prompt=prompt):
            return f"take {number} of “{prompt if len(prompt) <= _SHORT else prompt[: _SHORT - 1] + '…'}”"
        case ReferencePicture(handle=handle, number=number, left=left):
            return f"a reference of @{handle} (version {number}{', no longer in the cast' if left else ''})"
        case TakeSource(number=number, shot=shot):
            return f"what take {number} of shot {shot} is made from"
        case LoraFile(handle=handle, model=model):
            return f"a LoRA of @{handle} for {model}"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


# --- the meter ----------------------------------------------------------------------------------------------------


READS = {"face": "People, by their faces", "appearance": "Subjects without a human face"}
TELLS = {
    "face": "Gives a calibrated probability that it is the same person. No face that can be measured is not measurable,"
    " and never 0; a clip is judged by its worst stretch.",
    "appearance": "Gives an appearance match, which is another word for another thing: the same look, not the same"
    " person.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What an encoder can tell. `command`: what would bring it into use, or make it ready; "" where it is in use."""

    tone: Literal["match", "warn", "fail", "unknown"]
    state: str
    lines: tuple[tuple[str, str], ...]
    command: str


def meter(state: EncoderState) -> Meter:
    """How an encoder stands here, and what its calibration says."""
    entry = state.entry
    lines = [("Licence", entry.licence), ("About", entry.about)]
    if state.calibration:
        lines.append(("Calibrated on", f"{'Your own: ' if state.own else ''}{state.calibration}."))
    lines += [
        ("Tells", f"Lets {100 * rate.tar:.4g} % of the same pass where {100 * rate.far:.4g} % of others do.")
        for rate in state.rates[-1:]
    ]
    if state.sha256 is not None:
        lines.append(("Weights", f"sha256 {state.sha256[:12]}"))
    if state.trouble:
        lines.append(("Trouble", state.trouble))
    if not entry.run_here:
        lines.append(("Not run", "Not run where samecast was written: your calibration is the first word on it."))
    match state.readiness:
        case "ready":
            command = "" if state.in_use else f"export SAMECAST_{entry.kind.upper()}_ENCODER={entry.name}"
            said = "In use" if state.in_use else "Ready"
            return Meter(tone="match", state=said, lines=tuple(lines), command=command)
        case "not pulled":
            command = f"samecast encoders pull {entry.name}"
            return Meter(tone="unknown", state="Not fetched", lines=tuple(lines), command=command)
        case "not calibrated":
            command = f"samecast encoders calibrate INDEX.csv --encoder {entry.name}"
            return Meter(tone="warn", state="Not calibrated", lines=tuple(lines), command=command)
        case "broken":
            return Meter(tone="fail", state="Broken", lines=tuple(lines), command="")


# --- what is declared ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One thing that is declared about the use, or not. `example` sets it."""

    name: str
    value: str
    example: str


def declared(use: Use) -> list[Declared]:
    purpose = {"personal": "Personal", "commercial": "Commercial"}
    return [
        Declared(name="Country", value=use.country or "Not said", example="export SAMECAST_COUNTRY=DE"),
        Declared(
            name="Revenue a year",
            value="Not said" if use.revenue is None else f"${use.revenue:,}",
            example="export SAMECAST_REVENUE=250000",
        ),
        Declared(
            name="Purpose",
            value=purpose[use.purpose] if use.purpose else "Not said",
            example="export SAMECAST_PURPOSE=personal",
        ),
    ]


SHORTCUTS = (
    ("Create", "@", "Offer the cast while writing"),
    ("Create", "Enter or Tab", "Take the name that is offered"),
    ("Create", "Ctrl + Enter", "Shoot"),
    ("Takes", "1 to 9", "Choose a take"),
    ("Takes", "Space", "Play and pause"),
    ("Takes", "← and →", "A frame back and on; with Shift a second"),
    ("Takes", "P", "Pick the take"),
    ("Creations", "Arrows, Home, End", "Go from take to take; with Shift select"),
    ("Creations", "Space", "Select"),
    ("Creations", "Ctrl + A", "Select all that are shown"),
    ("Creations", "Delete", "Put what is selected into the trash"),
    ("Details", "← and →", "The take before and after"),
    ("Anchors", "Arrows", "Move the mark; with Shift its size"),
    ("Anchors", "Delete", "Take the mark away"),
    ("New character", "Ctrl + V", "Paste a picture"),
    ("Everywhere", "Esc", "Close what lies over the page"),
)
"""Where, which keys, and what they do. On a Mac, Ctrl is also the Command key."""
