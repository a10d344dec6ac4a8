"""`samecast score`: any picture or clip, made anywhere, against a character."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from samecast.cli.terminal import err, escape, out, print_json, studio_of, tone
from samecast.core.consistency import Score, unread
from samecast.core.errors import BadMedia
from samecast.services.documents import score_document
from samecast.services.sheets import words


def score(
    context: typer.Context,
    handle: Annotated[str, typer.Argument(help="The character's handle, such as @mira.", metavar="@H")],
    files: Annotated[list[Path], typer.Argument(help="Pictures or clips.", metavar="FILE...")],
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")] = False,
) -> None:
    """Score pictures and clips, made anywhere, for how much the character stayed the same."""
    studio = studio_of(context)
    character = studio.casting.get(handle)
    scores: list[tuple[Path, Score]] = []
    refused: list[BadMedia] = []
    for number, path in enumerate(files, start=1):
        if err.is_terminal and len(files) > 1:
            err.print(f"[dim]{number}/{len(files)} {escape(path.name)}[/]", end="\r")
        try:
            scores.append((path, studio.scoring.score_file(character, path)))
        except BadMedia as error:
            refused.append(error)
            scores.append((path, unread(character.handle, error.message)))
    if len(refused) == len(files):
        raise refused[0]
    if json:
        entries = [{"path": str(path), **score_document(entry)} for path, entry in scores]
        print_json({"handle": character.handle, "files": entries})
    else:
        _print_scores(scores)
    if refused:
        raise BadMedia(
            f"{len(refused)} of {len(files)} files could not be read; the others are scored.", hint=str(refused[0])
        )


def _print_scores(scores: Sequence[tuple[Path, Score]]) -> None:
    for path, entry in scores:
        out.print(f"{tone(entry.verdict)}  {escape(path.name)}  {escape(words(entry))}", soft_wrap=True)
        out.print(f"    [dim]{escape(entry.reason)}[/]", soft_wrap=True)
