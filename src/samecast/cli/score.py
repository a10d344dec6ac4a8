"""`samecast score`: any picture or clip, made anywhere, against one character or several."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from samecast.cli.terminal import err, escape, out, print_json, say, studio_of, tone
from samecast.core.cast import Character
from samecast.core.consistency import AnchorScore, Score, TakeScore, match_rate
from samecast.core.errors import BadMedia, InvalidInput
from samecast.services.documents import scores_document
from samecast.services.reporting import Refused, Reporting, Result, score_of
from samecast.services.sheets import words


def score(
    context: typer.Context,
    handle: Annotated[str, typer.Argument(help="The character's handle, such as @mira.", metavar="@H")],
    files: Annotated[
        list[str], typer.Argument(help="Pictures or clips; further handles first score several.", metavar="FILE...")
    ],
    report: Annotated[
        Path | None, typer.Option(help="Write one page that shows what was measured.", metavar="HTML")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every judged frame as a table.", metavar="FILE")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")] = False,
) -> None:
    """Score pictures and clips, made anywhere, for how much the character stayed the same."""
    handles, paths = _sorted_out(handle, files)
    studio = studio_of(context)
    cast = [studio.casting.get(name) for name in handles]
    results = _examined(studio.reporting, cast, paths, evidence=report is not None or csv is not None)
    refused = [result.error for result in results if isinstance(result, Refused)]
    if len(refused) == len(results):
        raise refused[0]
    scores = [score_of(result, cast) for result in results]
    if json:
        print_json(scores_document([character.handle for character in cast], list(zip(paths, scores, strict=True))))
    else:
        _print_scores(paths, scores)
    if report is not None or csv is not None:
        whole = studio.reporting.report(cast, results)
        if report is not None:
            studio.reporting.write_html(whole, report)
            say(f"report  {report}")
        if csv is not None:
            studio.reporting.write_csv(whole, csv)
            say(f"table   {csv}")
    if refused:
        raise BadMedia(
            f"{len(refused)} of {len(results)} files could not be read; the others are scored.", hint=str(refused[0])
        )


def _sorted_out(handle: str, files: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Handles are what starts with @ before the first file; a file of such a name is given as ./@name."""
    more = next((position for position, name in enumerate(files) if not name.startswith("@")), len(files))
    handles = list(dict.fromkeys([handle, *files[:more]]))
    if more == len(files):
        raise InvalidInput(
            f"No file is given to score {' and '.join(handles)} in.", hint="Name pictures or clips after the handle."
        )
    return handles, [Path(name) for name in files[more:]]


def _examined(
    reporting: Reporting, cast: Sequence[Character], paths: Sequence[Path], *, evidence: bool
) -> list[Result]:
    """Every file in turn, with a bar on a terminal; long clips show how far they are."""
    bar = Progress(
        TextColumn("{task.fields[name]}"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=float(len(paths)), name="")
        results = []
        for number, path in enumerate(paths):
            bar.update(task, name=escape(path.name), completed=number)

            def moved(share: float, done: int = number) -> None:
                bar.update(task, completed=done + share)

            results.append(reporting.examine(cast, path, evidence=evidence, watch=moved))
    return results


def _print_scores(paths: Sequence[Path], scores: Sequence[TakeScore]) -> None:
    for path, score in zip(paths, scores, strict=True):
        for entry in score.characters:
            _print_score(path, entry)
        gone = {entry.handle for entry in score.characters if entry.verdict == "missing"}
        for outcome in score.outcomes:
            if outcome.kind != "missing" or not gone.issuperset(outcome.handles):  # that was said already
                out.print(f"    [yellow]{outcome.kind}[/] {escape(outcome.reason)}", soft_wrap=True)
    if len(scores) > 1:
        out.print(f"files that match: [bold]{escape(match_rate(scores))}[/]", soft_wrap=True)


def _print_score(path: Path, entry: Score) -> None:
    out.print(f"{tone(entry.verdict)}  {escape(path.name)}  {escape(words(entry))}", soft_wrap=True)
    out.print(f"    [dim]{escape(entry.reason)}[/]", soft_wrap=True)
    for anchor in entry.anchors:
        out.print(f"    {_anchor_line(anchor)}", soft_wrap=True)
    if entry.copy is not None and entry.copy.verdict == "copy":
        out.print(f"    [yellow]copy alarm[/] {escape(entry.copy.reason)}", soft_wrap=True)


def _anchor_line(anchor: AnchorScore) -> str:
    return f"{tone(anchor.verdict)}  {escape(anchor.text)}  [dim]{escape(anchor.reason)}[/]"
