"""`samecast library verify` and `gc`: whether every stored file is there and whole, and making room."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from samecast.cli.terminal import err, escape, out, print_json, studio_of
from samecast.core.errors import StorageFailed
from samecast.ports.keeping import Holder, LoraFile, ReferencePicture, TakeFile, TakeSource
from samecast.services.keeping import GRACE, TRASH, Hit, Swept, Verified

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]
_HOURS = GRACE / timedelta(hours=1)
_NAMED = 3
"""So many of those hit are named in the one line; the others are only counted there."""


def verify(
    context: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only look whether every file is there; do not read any.")
    ] = False,
    json: Json = False,
) -> None:
    """Check that every take's file and every reference is stored, and whole."""
    keeping = studio_of(context).keeping
    with _bar("looking") as bar:
        found = keeping.verify(quick=quick, watch=bar)
    if json:
        print_json(verified_document(found))
    else:
        _print_verified(found)
    if not found.well:
        raise _loss(found)


def gc(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    older_than: Annotated[
        float, typer.Option("--older-than", metavar="HOURS", min=0, help="Keep what was stored or wanted since then.")
    ] = _HOURS,
    unrecorded: Annotated[
        bool,
        typer.Option(
            "--unrecorded",
            help="Also remove what this library has no record of storing: never where two libraries share the place.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Empty the trash of what lay in it for 30 days, and remove the stored files that nothing uses any more."""
    keeping = studio_of(context).keeping
    with _bar("removing" if not dry_run else "looking") as bar:
        swept = keeping.gc(older_than=timedelta(hours=older_than), dry_run=dry_run, unrecorded=unrecorded, watch=bar)
    if json:
        print_json(swept_document(swept))
        return
    _print_swept(swept, older_than)


def verified_document(found: Verified) -> dict[str, object]:
    """What `verify --json` says; docs/keeping.md describes it."""
    counts = ("quick", "assets", "bytes", "missing", "damaged", "orphaned", "orphaned_bytes", "recent", "unrecorded")
    return {name: getattr(found, name) for name in counts} | {"hits": [_hit(hit) for hit in found.hits]}


def swept_document(swept: Swept) -> dict[str, object]:
    """What `gc --json` says."""
    counts = ("dry_run", "purged", "assets", "removed", "freed", "kept_recent", "kept_unrecorded")
    return {name: getattr(swept, name) for name in counts}


def _hit(hit: Hit) -> dict[str, object]:
    takes = [holder for holder in hit.holders if isinstance(holder, TakeFile)]
    references = [holder for holder in hit.holders if isinstance(holder, ReferencePicture)]
    sources = [holder for holder in hit.holders if isinstance(holder, TakeSource)]
    loras = [holder for holder in hit.holders if isinstance(holder, LoraFile)]
    return {
        "sha256": hit.sha256,
        "trouble": hit.trouble,
        "takes": [{"shot": t.shot, "take": t.take, "number": t.number, "prompt": t.prompt} for t in takes],
        "references": [{"handle": r.handle, "name": r.name, "version": r.number, "left": r.left} for r in references],
        "sources": [{"shot": s.shot, "take": s.take, "number": s.number, "prompt": s.prompt} for s in sources],
        "loras": [{"handle": entry.handle, "name": entry.name, "model": entry.model} for entry in loras],
    }


def _print_verified(found: Verified) -> None:
    how = "all there" if found.quick else "all there and whole"
    state = how if found.well else f"[red]{found.missing} missing, {found.damaged} damaged[/]"
    out.print(f"{_files(found.assets)} stored ({_size(found.bytes)}): {state}", soft_wrap=True)
    for hit in found.hits:
        who = "; ".join(_who(holder) for holder in hit.holders) or "nothing uses it"
        out.print(f"[red]{hit.trouble:<7}[/] {hit.sha256[:12]}  {escape(who)}", soft_wrap=True)
    if (more := found.missing + found.damaged - len(found.hits)) > 0:
        out.print(f"... and {more} more", soft_wrap=True)
    if found.orphaned:
        said = f"{_files(found.orphaned)} ({_size(found.orphaned_bytes)}) not in use"
        notes = [f"{found.recent} stored or wanted within a day"] if found.recent else []
        notes += [f"{found.unrecorded} that this library has no record of storing"] if found.unrecorded else []
        out.print(said + (f", of them {' and '.join(notes)}" if notes else ""), soft_wrap=True)
        if found.orphaned > found.recent + found.unrecorded:
            out.print("[dim]samecast library gc makes room[/]", soft_wrap=True)


def _print_swept(swept: Swept, hours: float) -> None:
    verb = "would be removed" if swept.dry_run else "removed"
    if swept.purged:
        takes = f"{swept.purged} take{'s' if swept.purged != 1 else ''}"
        said = "would be deleted for good" if swept.dry_run else "deleted for good"
        out.print(f"{takes} {said}, in the trash for more than {TRASH.days} days", soft_wrap=True)
    out.print(f"{_files(swept.removed)} {verb} ({_size(swept.freed)}) of {swept.assets} stored", soft_wrap=True)
    if swept.kept_recent:
        out.print(f"{_files(swept.kept_recent)} not in use kept: younger than {hours:g} hours", soft_wrap=True)
    if swept.kept_unrecorded:
        out.print(
            f"{_files(swept.kept_unrecorded)} not in use kept: this library has no record of storing them"
            " (--unrecorded removes them too)",
            soft_wrap=True,
        )


def _loss(found: Verified) -> StorageFailed:
    hit = list(dict.fromkeys(_who(holder) for entry in found.hits for holder in entry.holders))
    named = ", ".join(hit[:_NAMED]) or "nothing that is in use"
    more = f" and {len(hit) - _NAMED} more" if len(hit) > _NAMED else ""
    verb = "is" if found.missing + found.damaged == 1 else "are"
    return StorageFailed(
        f"{_files(found.missing + found.damaged)} {verb} missing or damaged: {named}{more}.",
        hint="Restore them from a backup. A reference, picture or LoRA also comes back when its file is given again.",
    )


def _who(holder: Holder) -> str:
    match holder:
        case TakeFile(shot=shot, number=number, prompt=prompt):
            short = prompt if len(prompt) <= 40 else prompt[:39] + "…"
            return f"take {number} of shot {shot} ({short})"
        case ReferencePicture(handle=handle, number=number, left=left):
            return f"a reference of @{handle} (version {number}{', no longer in the cast' if left else ''})"
        case TakeSource(shot=shot, number=number):
            return f"what take {number} of shot {shot} is made from"
        case LoraFile(handle=handle, model=model):
            return f"a LoRA of @{handle} for {model}"


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _size(count: int) -> str:
    """Bytes as people say them, in powers of ten."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


@contextmanager
def _bar(step: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr; none without a terminal."""
    columns = (TextColumn(step, style="dim"), BarColumn(bar_width=None), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(step, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
