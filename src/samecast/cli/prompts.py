"""`samecast prompts`: scenes and portraits to begin from, each with its models, its negative prompt and its still."""

import json as json_text
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from samecast.cli.terminal import escape, out, print_json, say, studio_of
from samecast.core.brief import brief_to_json
from samecast.core.portrait_slots import write_slots
from samecast.core.prompt_pack import ReadyKind, ReadyPrompt
from samecast.services.prompting import STILLS_SAY, Filled, Prompting

app = typer.Typer(help="Prompts to begin from: scenes and portraits.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]


@app.command("list")
def list_prompts(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(help="Only those with all of these words.")] = None,
    genre: Annotated[str | None, typer.Option("--genre", "-g", help="Only this genre, such as noir.")] = None,
    portrait: Annotated[bool, typer.Option("--portrait", help="Only reference portraits.")] = False,
    image: Annotated[bool, typer.Option("--image", help="Only scenes as images.")] = False,
    video: Annotated[bool, typer.Option("--video", help="Only scenes as clips.")] = False,
    json: Json = False,
) -> None:
    """Every prompt of the pack: its genre, what it makes, and its title."""
    asked: dict[ReadyKind, bool] = {"portrait": portrait, "image": image, "video": video}
    kinds = [kind for kind, wanted in asked.items() if wanted]
    if len(kinds) > 1:
        raise typer.BadParameter("choose one of --portrait, --image and --video, or none")
    prompting = studio_of(context).prompting
    found = prompting.find(genre=genre, kind=kinds[0] if kinds else None, words=" ".join(words or []))
    if json:
        genres = [{"id": entry.id, "title": entry.title} for entry in prompting.genres]
        print_json({"genres": genres, "prompts": [_document(prompting, ready) for ready in found]})
        return
    if not found:
        out.print("No prompt has all of that. See them all with: samecast prompts list", soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("prompt", "genre", "makes", "title"):
        table.add_column(column, no_wrap=column == "prompt", overflow="fold")
    for ready in found:
        table.add_row(ready.id, ready.genre, _makes(ready), escape(ready.title))
    out.print(table)
    say("One whole: samecast prompts show PROMPT --character @H")


@app.command()
def show(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="PROMPT", help="A prompt's id.")],
    character: Annotated[str | None, typer.Option("--character", "-c", help="Filled in for her.", metavar="@H")] = None,
    still: Annotated[Path | None, typer.Option("--still", help="Write its still there.", metavar="OUT.webp")] = None,
    json: Json = False,
) -> None:
    """One prompt: its text, the models it is meant for and why, what to keep out, and why it works."""
    prompting = studio_of(context).prompting
    ready = prompting.get(wanted)
    filled = prompting.fill(wanted, character) if character is not None else None
    if still is not None:
        prompting.save_still(wanted, still)
        say(f"Still: {still}")
    if json:
        print_json(_document(prompting, ready) | _filled(filled))
        return
    for finding in filled.findings if filled else ():
        say(finding.message)
    _print(prompting, ready, filled)


def _makes(ready: ReadyPrompt) -> str:
    length = f", {ready.seconds:g} s" if ready.seconds else ""
    return f"{ready.kind} {ready.aspect[0]}:{ready.aspect[1]}{length}"


def _print(prompting: Prompting, ready: ReadyPrompt, filled: Filled | None) -> None:
    out.print(f"[bold]{escape(ready.title)}[/]  {ready.genre}, {_makes(ready)}")
    out.print(f"\n{escape(filled.text if filled else ready.formula or ready.prompt)}\n", soft_wrap=True)
    choices = prompting.choices(ready)
    told = ", ".join(choice.profile.id for choice in choices)
    negative = ", ".join(choice.profile.id for choice in choices if choice.takes_negative)
    for label, text in (
        ("models", f"{told}: {ready.because}"),
        ("negative", f"{ready.negative} ({f'for {negative}' if negative else 'optional: none of these takes one'})"),
        ("why it works", ready.note),
        ("its still", " ".join((STILLS_SAY, *prompting.still_notes(ready.id)))),
    ):
        out.print(f"[dim]{label:>12}[/]  {escape(text)}", soft_wrap=True)
    if ready.slots is not None and filled is None:
        out.print(f"\nFor `samecast cast draft --from`:\n{escape(write_slots(ready.slots))}", soft_wrap=True)


def _document(prompting: Prompting, ready: ReadyPrompt) -> dict[str, object]:
    choices = prompting.choices(ready)
    return {
        "id": ready.id,
        "title": ready.title,
        "genre": ready.genre,
        "kind": ready.kind,
        "prompt": ready.prompt,
        "formula": ready.formula or None,
        "slots": asdict(ready.slots) if ready.slots else None,
        "aspect": f"{ready.aspect[0]}:{ready.aspect[1]}",
        "seconds": ready.seconds or None,
        "models": [{"id": choice.profile.id, "takes_negative": choice.takes_negative} for choice in choices],
        "because": ready.because,
        "negative": ready.negative,
        "negative_optional": not any(choice.takes_negative for choice in choices),
        "note": ready.note,
        "still_notes": list(prompting.still_notes(ready.id)),
    }


def _filled(filled: Filled | None) -> dict[str, object]:
    if filled is None:
        return {}
    findings = [{"code": finding.code, "message": finding.message} for finding in filled.findings]
    return {"filled": filled.text, "brief": json_text.loads(brief_to_json(filled.brief)), "findings": findings}
