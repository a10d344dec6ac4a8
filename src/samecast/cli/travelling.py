"""`samecast cast export` and `samecast cast import`: a character as one file, out and in."""

from pathlib import Path
from typing import Annotated

import typer

from samecast.cli.cast import print_grade, print_papers
from samecast.cli.terminal import escape, out, print_json, say, studio_of
from samecast.services.documents import added_document
from samecast.services.travelling import Brought

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]


def export_character(
    context: typer.Context,
    handle: Annotated[str, typer.Argument(help="The character's handle, such as @mira.", metavar="@H")],
    file: Annotated[Path, typer.Argument(help="The file to write, such as mira.samecast.", metavar="FILE")],
    consent: Annotated[
        str | None, typer.Option(help="Who agreed to what, and when. Kept with the character from now on.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="What others may do with it. Kept with the character from now on.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there already.")] = False,
    json: Json = False,
) -> None:
    """Write a character, all of its versions and references, into one file."""
    travelling = studio_of(context).travelling
    exported = travelling.export(handle, file, consent=consent, licence=licence, overwrite=overwrite)
    character, papers = exported.travelled.character, exported.travelled.papers
    if not papers.consent:
        say(
            f"No consent is noted for @{character.handle}. If this is a real person, say who agreed to what, and when:"
            " --consent 'Mira Tanaka, by e-mail, 4 March 2025: short films, until 2027'"
        )
    if json:
        print_json(
            {
                "handle": character.handle,
                "path": str(exported.path),
                "versions": len(character.versions),
                "references": len(exported.travelled.files),
                "bytes": exported.size,
                "sha256": exported.sha256,
                "consent": papers.consent,
                "licence": papers.licence,
            }
        )
        return
    versions, references = _counted(len(character.versions), "version"), len(exported.travelled.files)
    out.print(
        f"Wrote [bold]@{character.handle}[/] to {escape(str(exported.path))}:"
        f" {versions}, {_counted(references, 'reference')}, {exported.size:,} bytes.",
        soft_wrap=True,
    )
    print_papers(papers)


def import_character(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `samecast cast export` wrote.", metavar="FILE")],
    as_handle: Annotated[
        str | None, typer.Option("--as", help="The handle to give it here, where its own is taken.", metavar="HANDLE")
    ] = None,
    json: Json = False,
) -> None:
    """Take in a character from a file, or the versions of it that are missing here."""
    brought = studio_of(context).travelling.bring(file, as_handle)
    for note in brought.notes:
        say(note)
    if json:
        print_json(
            {
                **added_document(brought.character, brought.grade),
                "new": brought.new,
                "added": list(brought.added),
                "consent": brought.papers.consent,
                "licence": brought.papers.licence,
                "notes": list(brought.notes),
            }
        )
        return
    out.print(_summary(brought), soft_wrap=True)
    for reference in brought.character.current.references:
        out.print(f"[dim]reference[/] {reference.width} x {reference.height}  {reference.sha256[:12]}")
    print_papers(brought.papers)
    if brought.grade:
        print_grade(brought.grade)
    out.print(f"\nNext: samecast shoot 'Slow push in on @{brought.character.handle} in a cafe at dusk'", soft_wrap=True)


def _summary(brought: Brought) -> str:
    who, count = f"[bold]@{brought.character.handle}[/]", len(brought.added)
    if brought.new:
        versions = _counted(count, "version")
        return f"Cast [bold]{escape(brought.character.name)}[/] as {who}, with {versions}."
    if count:
        return f"{who} was here already; added {_counted(count, 'version')}, up to version {brought.added[-1]}."
    return f"{who} is here already, with every version in the file: nothing was added."


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
