"""`samecast library`: everything that was made, to be listed, searched, compared by looks and counted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from samecast.cli.terminal import TONES, err, escape, out, print_json, say, studio_of, tone
from samecast.core.cast import check_handle
from samecast.core.errors import BadMedia
from samecast.core.money import dollars
from samecast.core.rates import figure, wilson
from samecast.ports.creations import Creation, Stats, Tally, Wanted
from samecast.services.creations import Creations

app = typer.Typer(help="Everything that was made: list, search, compare, count.", no_args_is_help=True)

WIDE = 110
"""Columns of a terminal from which a take is one row of a table; below, it is two lines."""
SHOWN = 12
"""Characters and days that figures are shown of; --json has all."""


class Kind(StrEnum):
    image = "image"
    video = "video"


class Verdict(StrEnum):
    match = "match"
    drift = "drift"
    missing = "missing"
    not_measurable = "not_measurable"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is no day such as 2026-05-31, nor 2026-05-31T17:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]
Character = Annotated[str | None, typer.Option("--character", help="Takes with this character.", metavar="@H")]
Tag = Annotated[str | None, typer.Option("--tag", help="Takes that have this tag, or a character that has it.")]
Model = Annotated[str | None, typer.Option("--model", help="Takes of this model.")]
OfKind = Annotated[Kind | None, typer.Option("--kind", help="Only images, or only clips.")]
OfVerdict = Annotated[
    Verdict | None, typer.Option("--verdict", help="How the take's worst character fared; with --character, that one.")
]
Picked = Annotated[bool, typer.Option("--picked", help="Only takes that were picked.")]
Since = Annotated[
    datetime | None, typer.Option("--since", parser=_moment, help="Made on this day or later (UTC).", metavar="DAY")
]
Until = Annotated[
    datetime | None, typer.Option("--until", parser=_moment, help="Made before this day (UTC).", metavar="DAY")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")]
After = Annotated[str | None, typer.Option("--after", help="Go on where an earlier page ended.", metavar="CURSOR")]


@app.command("list")
def list_takes(
    context: typer.Context,
    character: Character = None,
    tag: Tag = None,
    model: Model = None,
    kind: OfKind = None,
    verdict: OfVerdict = None,
    picked: Picked = False,
    since: Since = None,
    until: Until = None,
    limit: Limit = 24,
    after: After = None,
    trashed: Annotated[bool, typer.Option("--trashed", help="What is in the trash instead; no filters.")] = False,
    json: Json = False,
) -> None:
    """Takes that are done, the newest first."""
    filters = _wanted("", character, tag, model, kind, verdict, picked, since, until)
    if trashed:
        if filters != Wanted():
            raise typer.BadParameter("--trashed lists all that is in the trash: leave the filters out")
        _print_trash(context, limit=limit, after=after, json=json)
        return
    _print_page(context, filters, limit=limit, after=after, json=json)


@app.command(context_settings={"ignore_unknown_options": True})
def search(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(help="All have to be found; the last may be unfinished.", metavar="WORDS...")
    ],
    character: Character = None,
    tag: Tag = None,
    model: Model = None,
    kind: OfKind = None,
    verdict: OfVerdict = None,
    picked: Picked = False,
    since: Since = None,
    until: Until = None,
    limit: Limit = 24,
    after: After = None,
    json: Json = False,
) -> None:
    """Takes by words: of the prompt, the tags, a character's handle, name and tags, the model, the verdict."""
    filters = _wanted(" ".join(words), character, tag, model, kind, verdict, picked, since, until)
    _print_page(context, filters, limit=limit, after=after, json=json)


@app.command()
def similar(
    context: typer.Context,
    to: Annotated[str, typer.Argument(help="A take's id, or any picture or clip.", metavar="TAKE_OR_FILE")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many.")] = 12,
    json: Json = False,
) -> None:
    """Takes that look alike: by where it is light, which colours lie where, and how edges run."""
    creations = studio_of(context).creations
    _catch_up(creations)
    found = creations.similar(to, limit=limit)
    blind = creations.stats().unlooked
    if json:
        takes = [creation_document(one.creation) | {"distance": round(one.distance, 4)} for one in found]
        print_json({"to": to, "takes": takes, "without_look": blind})
        return
    _print_takes([one.creation for one in found], {one.creation.take: f"{one.distance:.3f}" for one in found})
    if not found:
        out.print("Nothing looks like it.")
    if blind:
        say(f"{blind} takes could not be found by their looks yet: samecast library looks")


@app.command()
def looks(context: typer.Context, json: Json = False) -> None:
    """Look at the takes that have no look yet, so that `similar` finds them. May be stopped and goes on."""
    creations = studio_of(context).creations
    _catch_up(creations)
    with _bar("looking") as watch:
        done = creations.look_at_missing(watch)
    if json:
        unread = [{"take": take, "reason": reason} for take, reason in done.unread]
        print_json({"looked_at": done.takes, "unread": unread})
    else:
        out.print(f"{_counted(done.takes, 'take')} looked at." if done.takes else "Nothing left to look at.")
    if done.unread:
        raise BadMedia(f"{_counted(len(done.unread), 'take')} could not be looked at.", hint=f"{done.unread[0][1]}")


@app.command()
def stats(context: typer.Context, json: Json = False) -> None:
    """The library in figures: takes, how many match, seconds and money, by model, character and day."""
    creations = studio_of(context).creations
    _catch_up(creations)
    found = creations.stats()
    if json:
        print_json(stats_document(found))
    else:
        _print_stats(found)


# --- documents --------------------------------------------------------------------------------------------------


def creation_document(creation: Creation) -> dict[str, object]:
    """A take as `library list --json` has it; docs/library.md describes it."""
    return {
        "take": creation.take,
        "shot": creation.shot,
        "number": creation.number,
        "made_at": creation.made_at.isoformat(),
        "prompt": creation.prompt,
        "model": creation.model,
        "kind": creation.kind,
        "width": creation.width,
        "height": creation.height,
        "length": creation.length,
        "seed": creation.seed,
        "characters": [{"handle": handle, "verdict": verdict} for handle, verdict in creation.who],
        "verdict": creation.verdict,
        "likeness": creation.likeness,
        "picked": creation.picked,
        "asset": creation.asset,
        "path": creation.path,
        "seconds": creation.seconds,
        "cost": creation.cost / 1_000_000,
        "tags": list(creation.tags),
    }


def stats_document(found: Stats) -> dict[str, object]:
    """`library stats --json`."""
    return {
        "characters": found.characters,
        "shots": found.shots,
        "takes": found.takes,
        "archived": found.archived,
        "trashed": found.trashed,
        "without_look": found.unlooked,
        "done": _tally_document(found.done),
        "verdicts": {name: tally.takes for name, tally in found.verdicts.items()},
        "kinds": _tallies_document(found.kinds),
        "models": _tallies_document(found.models),
        "cast": _tallies_document(found.cast),
        "days": _tallies_document(found.days),
    }


def _tallies_document(tallies: Mapping[str, Tally]) -> dict[str, object]:
    return {name: _tally_document(tally) for name, tally in tallies.items()}


def _tally_document(tally: Tally) -> dict[str, object]:
    low, high = wilson(tally.matched, tally.judged)
    return {
        "takes": tally.takes,
        "judged": tally.judged,
        "matched": tally.matched,
        "match_rate": tally.matched / tally.judged if tally.judged else None,
        "interval": [round(low, 4), round(high, 4)] if tally.judged else None,
        "seconds": round(tally.seconds, 1),
        "cost": tally.cost / 1_000_000,
    }


# --- asking -----------------------------------------------------------------------------------------------------


def _wanted(
    words: str,
    character: str | None,
    tag: str | None,
    model: str | None,
    kind: Kind | None,
    verdict: Verdict | None,
    picked: bool,
    since: datetime | None,
    until: datetime | None,
) -> Wanted:
    return Wanted(
        words=words,
        character=check_handle(character.strip().lower()) if character is not None else None,
        tag=tag,
        model=model,
        kind=kind.value if kind else None,
        verdict=verdict.value if verdict else None,
        picked=picked,
        since=since,
        until=until,
    )


def _print_page(context: typer.Context, wanted: Wanted, *, limit: int, after: str | None, json: bool) -> None:
    creations = studio_of(context).creations
    _catch_up(creations)
    page = creations.page(wanted, limit=limit, after=after)
    if json:
        print_json({"takes": [creation_document(one) for one in page.creations], "cursor": page.cursor})
        return
    _print_takes(page.creations, {})
    if not page.creations:
        nothing = wanted == Wanted() and after is None
        out.print("Nothing was made yet. Begin with: samecast shoot PROMPT" if nothing else "Nothing found.")
    _print_more(page.cursor)


def _print_trash(context: typer.Context, *, limit: int, after: str | None, json: bool) -> None:
    page = studio_of(context).creations.trashed(limit=limit, after=after)
    if json:
        takes = [creation_document(one.creation) | {"trashed_at": one.at.isoformat()} for one in page.trashed]
        print_json({"takes": takes, "cursor": page.cursor})
        return
    _print_takes([one.creation for one in page.trashed], {})
    if not page.trashed:
        out.print("The trash is empty." if after is None else "Nothing found.")
    _print_more(page.cursor)


def _print_more(cursor: str | None) -> None:
    if cursor:
        out.print(f"[dim]More: the same again with --after {cursor}[/]", soft_wrap=True)


def _catch_up(creations: Creations) -> None:
    """Once after a large import or an update, this takes a while: then it is shown."""
    with _bar("taking in") as watch:
        creations.catch_up(watch)


@contextmanager
def _bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    bar = Progress(
        TextColumn(doing),
        BarColumn(bar_width=None),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    with bar:
        task = None

        def watch(done: int, total: int) -> None:
            nonlocal task
            if task is None:
                task = bar.add_task("", total=float(total))
            bar.update(task, completed=done, total=float(total))

        yield watch


# --- showing ----------------------------------------------------------------------------------------------------


def _print_takes(takes: Sequence[Creation], distances: Mapping[str, str]) -> None:
    if not takes:
        return
    if out.width < WIDE:
        for take in takes:
            head = [escape(take.take), f"{take.made_at:%Y-%m-%d %H:%M}", escape(take.model), _kind(take), _who(take)]
            out.print(Text.from_markup("  ".join(part for part in head if part)))
            apart = f"{distances[take.take]}  " if take.take in distances else ""
            picked = ("picked  ", "not dim bold") if take.picked else ""
            below = Text.assemble("    ", apart, picked, _line(take.prompt), style="dim")
            out.print(below, no_wrap=True, overflow="ellipsis")
        return
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    for name in ("take", "made (UTC)", "model", "kind", "who", *(["distance"] if distances else []), ""):
        table.add_column(name, no_wrap=True)
    table.add_column("prompt", no_wrap=True, overflow="ellipsis", ratio=1)
    for take in takes:
        distance = [distances.get(take.take, "")] if distances else []
        made, mark = f"{take.made_at:%Y-%m-%d %H:%M}", "picked" if take.picked else ""
        prompt = escape(_line(take.prompt))
        table.add_row(escape(take.take), made, escape(take.model), _kind(take), _who(take), *distance, mark, prompt)
    out.print(table)


def _kind(take: Creation) -> str:
    return f"clip {take.length:g} s" if take.kind == "video" else "image"


def _who(take: Creation) -> str:
    """'@mira match, @jo drift 0.41': the figure is the take's, and so of its least like character."""
    said = ", ".join(
        f"@{handle} [{TONES.get(verdict or '', 'dim')}]{(verdict or 'not scored').replace('_', ' ')}[/]"
        for handle, verdict in take.who
    )
    return f"{said} {figure(take.likeness)}" if take.likeness is not None else said


def _line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _print_stats(found: Stats) -> None:
    done = found.done
    shots = ", ".join(f"{count} {state}" for state, count in sorted(found.shots.items()))
    others = ", ".join(f"{count} {state}" for state, count in sorted(found.takes.items()) if state != "done")
    cast, ordered = _counted(found.characters, "character"), _counted(sum(found.shots.values()), "shot")
    out.print(f"{cast}, {ordered}{f' ({shots})' if shots else ''}", soft_wrap=True)
    out.print(f"{_counted(done.takes, 'take')} done{f', {others}' if others else ''}; {_rate(done)}", soft_wrap=True)
    out.print(f"{_spent(done.seconds)} of rendering, {dollars(done.cost)}")
    if found.verdicts:
        out.print("  ".join(f"{tone(name)} {tally.takes}" for name, tally in found.verdicts.items()))
    for title, tallies in (("model", found.models), ("character", found.cast), ("day", found.days)):
        if tallies:
            out.print()
            _print_tallies(title, tallies)


def _print_tallies(title: str, tallies: Mapping[str, Tally]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(title, no_wrap=True, overflow="ellipsis", max_width=24)
    for name in ("takes", "match", "95% interval", "time", "money"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, tally in list(tallies.items())[:SHOWN]:
        low, high = wilson(tally.matched, tally.judged)
        share = [f"{100 * tally.matched / tally.judged:.0f}%", f"{100 * low:.0f}-{100 * high:.0f}"]
        label = f"@{name}" if title == "character" else name
        rate = share if tally.judged else ["", ""]
        table.add_row(escape(label), str(tally.takes), *rate, _spent(tally.seconds), dollars(tally.cost))
    out.print(table)
    if len(tallies) > SHOWN:
        out.print(f"[dim]... and {len(tallies) - SHOWN} more: --json has all[/]")


def _rate(tally: Tally) -> str:
    """The share of takes that match, of those with a character to look for."""
    if not tally.judged:
        return "none with a character to look for"
    low, high = wilson(tally.matched, tally.judged)
    share = 100 * tally.matched / tally.judged
    return f"{tally.matched} of {tally.judged} match: {share:.0f}% (95% interval {100 * low:.0f}-{100 * high:.0f})"


def _spent(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
