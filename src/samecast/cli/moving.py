"""`samecast move`, `samecast migrate`, `samecast library export` and `import`: a library carried elsewhere.

Stopped with Ctrl-C, a move is begun again with the same command, and an export leaves no file.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from samecast.cli.terminal import err, escape, out, print_json, say, studio_of
from samecast.core.errors import InvalidInput
from samecast.ports.moving import Counted, Exported, Imported, Place, Standing
from samecast.services.moving import Migrated, Moved

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]
_SHOWN = 10


def move(
    context: typer.Context,
    to_database: Annotated[str | None, typer.Option(help="An SQLAlchemy URL, or a home folder.")] = None,
    to_assets: Annotated[str | None, typer.Option(help="s3://bucket/prefix, gs://, az://, or a folder.")] = None,
    from_database: Annotated[str | None, typer.Option(help="Where it is now; the settings' if left out.")] = None,
    from_assets: Annotated[str | None, typer.Option(help="Where its assets are; the settings' if left out.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Only compare both sides; copy nothing.")] = False,
    despite_workers: Annotated[
        bool, typer.Option("--despite-workers", help="Although workers are on record that died without a word.")
    ] = False,
    json: Json = False,
) -> None:
    """Copy the library to another database and asset store, and verify that all of it arrived."""
    moving = studio_of(context).moving
    source = Place(database=from_database, assets=from_assets)
    destination = Place(database=to_database, assets=to_assets)
    with _stoppable("What has arrived stays there. The same command goes on."), _bar() as watch:
        if verify:
            moved = moving.compare(source, destination, watch=watch)
        else:
            moved = moving.move(source, destination, despite_workers=despite_workers, watch=watch)
    if json:
        print_json(_moved(moved, verify))
    else:
        _print_moved(moved, verify)
    _mind(moved.missing, "missing or damaged at the source, and so not moved")


def migrate(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; the exit status is 1 where something is to be done.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring the database of the settings up to date."""
    moving = studio_of(context).moving
    if not check:
        migrated = moving.migrate()
        if json:
            print_json({"database": migrated.database, "before": migrated.before, "after": migrated.after})
        else:
            out.print(escape(_told_migrated(migrated)), soft_wrap=True)
        return
    standing = moving.standing()
    due = standing.revision != standing.newest
    if json:
        print_json(
            {"database": standing.database, "revision": standing.revision, "newest": standing.newest, "due": due}
        )
    else:
        out.print(escape(_told_standing(standing)), soft_wrap=True)
    if due:
        raise typer.Exit(1)


def export_library(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="The new file.")],
    character: Annotated[
        list[str] | None,
        typer.Option(help="Only this one, the shots with her or him, and who else is in those. Repeatable."),
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only shots ordered since, such as 2026-05-31 (UTC).")] = None,
    json: Json = False,
) -> None:
    """Write the library into one file: cast, shots, takes and every asset."""
    moving = studio_of(context).moving
    moment = _moment(since) if since is not None else None
    with _stoppable("No file was written."), _bar() as watch:
        exported = moving.export(file, characters=character or [], since=moment, watch=watch)
    if json:
        print_json(_exported(exported))
    else:
        out.print(
            f"{escape(str(exported.path))}: {_sum(exported.counts)}, {_many(exported.assets, 'asset')},"
            f" {exported.size / 1e6:,.1f} MB.",
            soft_wrap=True,
        )
    _mind(exported.missing, "missing or damaged here, and so not in it")


def import_library(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A file that `library export` wrote.")],
    rename: Annotated[
        list[str] | None,
        typer.Option(metavar="@OLD=NEW", help="Give a character of the file another handle here. Repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Add what an exported file holds and this library does not: all of it, or nothing."""
    moving = studio_of(context).moving
    with _stoppable("No character, shot or take was added."), _bar() as watch:
        imported = moving.bring_in(file, rename=rename or [], watch=watch)
    if json:
        print_json(_imported(imported))
    else:
        _print_imported(imported)
    _mind(imported.missing, "missing when the file was written, and not here either")


# --- progress ---------------------------------------------------------------------------------------------------


@contextmanager
def _bar() -> Iterator[Counted]:
    """Shows each step as a bar on stderr; nothing without a terminal."""
    columns = TextColumn("{task.description:<24}"), BarColumn(bar_width=None), MofNCompleteColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task: TaskID | None = None
        shown = ""

        def watch(step: str, done: int, total: int) -> None:
            nonlocal task, shown
            if task is None or step != shown:
                if task is not None:
                    bar.remove_task(task)
                task, shown = bar.add_task(step, total=None), step
            bar.update(task, completed=done, total=total or None)

        yield watch


@contextmanager
def _stoppable(words: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say(words)
        raise


# --- what is said -----------------------------------------------------------------------------------------------


def _mind(missing: Sequence[str], words: str) -> None:
    """Everything else is done; what is not is said, and the exit status is 1."""
    if not missing:
        return
    few = ", ".join(name[:12] for name in missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
    say(f"{_many(len(missing), 'asset')} {words}: {few}. See: samecast library verify")
    raise typer.Exit(1)


def _print_moved(moved: Moved, verify: bool) -> None:
    rows = sum(table.rows for table in moved.tables)
    added = sum(table.added for table in moved.tables)
    if verify:
        out.print(f"The same on both sides: {_many(rows, 'row')} and {_many(moved.assets, 'asset')}.", soft_wrap=True)
    else:
        out.print(
            f"Moved and verified: {_many(rows, 'row')} ({added:,} new) and {_many(moved.assets, 'asset')}"
            f" ({moved.assets_added:,} new). The source is as it was.",
            soft_wrap=True,
        )
    if moved.mended:
        out.print(f"{_many(len(moved.mended), 'asset')} lay damaged there and were replaced.")
    out.print("To use it, set:")
    for name, value in moved.destination.variables:
        out.print(f"  {name}={escape(value)}", soft_wrap=True)
    if any("***" in value for _, value in moved.destination.variables):
        out.print("with the password in place of ***.")


def _print_imported(imported: Imported) -> None:
    assets = _many(imported.assets_added, "asset")
    out.print(f"Added: {_sum(imported.added)}, {assets}.", soft_wrap=True)
    if any(imported.skipped.values()):
        out.print(f"Here already: {_sum(imported.skipped)}.", soft_wrap=True)
    for shot in imported.stopped[:_SHOWN]:
        out.print(f"Not finished: samecast shots resume {escape(shot)}", soft_wrap=True)
    if len(imported.stopped) > _SHOWN:
        out.print(f"... and {len(imported.stopped) - _SHOWN} shots more.")


def _sum(counts: Mapping[str, int]) -> str:
    told = [_many(counts.get(name, 0), name.removesuffix("s")) for name in ("characters", "versions", "shots", "takes")]
    return ", ".join(told)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _told_standing(standing: Standing) -> str:
    if standing.revision is None:
        return f"{standing.database}: no library yet; `samecast migrate` makes one of revision {standing.newest}."
    if standing.revision == standing.newest:
        return f"{standing.database}: up to date ({standing.newest})."
    return f"{standing.database}: revision {standing.revision}; this samecast knows {standing.newest}."


def _told_migrated(migrated: Migrated) -> str:
    if not migrated.changed:
        return f"{migrated.database}: up to date ({migrated.after}); nothing was to be done."
    return f"{migrated.database}: from {migrated.before or 'nothing'} to {migrated.after}."


def _moment(given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise InvalidInput(f"'{given}' is not a date.", hint="Write it as 2026-05-31 or 2026-05-31T18:00.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# --- documents --------------------------------------------------------------------------------------------------


def _moved(moved: Moved, verify: bool) -> dict[str, object]:
    return {
        "verified": True,
        "copied": not verify,
        "from": {"database": moved.source.database, "assets": moved.source.assets},
        "to": {"database": moved.destination.database, "assets": moved.destination.assets},
        "tables": [
            {"name": table.name, "rows": table.rows, "added": table.added, "sha256": table.digest}
            for table in moved.tables
        ],
        "assets": {"count": moved.assets, "added": moved.assets_added},
        "missing": list(moved.missing),
        "mended": list(moved.mended),
        "set": dict(moved.destination.variables),
    }


def _exported(exported: Exported) -> dict[str, object]:
    return {
        "path": str(exported.path),
        "counts": dict(exported.counts),
        "assets": exported.assets,
        "bytes": exported.size,
        "missing": list(exported.missing),
    }


def _imported(imported: Imported) -> dict[str, object]:
    return {
        "added": dict(imported.added),
        "skipped": dict(imported.skipped),
        "assets": {"added": imported.assets_added, "skipped": imported.assets_skipped},
        "stopped": list(imported.stopped),
        "missing": list(imported.missing),
    }
