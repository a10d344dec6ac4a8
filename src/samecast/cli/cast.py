"""`samecast cast`: the characters, their references and anchors."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from samecast.cli.terminal import escape, out, print_json, say, studio_of, tone
from samecast.core.cast import Anchor, Character
from samecast.core.grading import Grade, grade_from_json
from samecast.core.portrait import PortraitSlots, portrait_prompt
from samecast.core.travelling import Papers
from samecast.services.auditioning import audition as hold_audition
from samecast.services.casting import Change
from samecast.services.documents import added_document, character_document, grade_document

app = typer.Typer(help="The cast: add, show, edit and grade characters.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]
Anchors = Annotated[
    list[str] | None,
    typer.Option("--anchor", "-a", help="A detail that must come back: 'scar across the left cheekbone'. Repeatable."),
]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A tag. Repeatable.")]
Handle = Annotated[str, typer.Argument(help="The character's handle, such as @mira.", metavar="@H")]


@app.command()
def add(
    context: typer.Context,
    images: Annotated[list[Path], typer.Argument(help="The reference image (or several).", metavar="IMAGE...")],
    name: Annotated[str, typer.Option("--name", "-n", help="The character's name.")],
    handle: Annotated[str | None, typer.Option(help="Its permanent @handle; made from the name if left out.")] = None,
    description: Annotated[str, typer.Option(help="Who she or he is, in a sentence or two.")] = "",
    tags: Tags = None,
    anchors: Anchors = None,
    json: Json = False,
) -> None:
    """Cast a character from a reference image. The reference is graded at once."""
    added = studio_of(context).casting.add(
        images, name=name, handle=handle, description=description, tags=tags or [], anchors=anchors or []
    )
    if json:
        print_json(added_document(added.character, added.grade))
        return
    out.print(f"Cast [bold]{escape(added.character.name)}[/] as [bold]@{added.character.handle}[/].")
    if added.grade:
        print_grade(added.grade)
    out.print(f"\nNext: samecast shoot 'Slow push in on @{added.character.handle} in a cafe at dusk'", soft_wrap=True)


@app.command("list")
def list_cast(
    context: typer.Context,
    archived: Annotated[bool, typer.Option("--archived", help="Only those who are archived.")] = False,
    json: Json = False,
) -> None:
    """Everyone in the cast but the archived."""
    everyone = studio_of(context).casting.all(archived=archived)
    if json:
        print_json({"characters": [character_document(character) for character in everyone]})
        return
    if not everyone and archived:
        out.print("Nobody is archived.")
        return
    if not everyone:
        out.print("Nobody is cast yet. Begin with: samecast cast add IMAGE --name NAME", soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("handle", "name", "version", "grade", "anchors", "tags"):
        table.add_column(column, no_wrap=column == "handle", overflow="fold")
    for character in everyone:
        stored = character.current.references[0].grade
        table.add_row(
            f"@{character.handle}",
            escape(character.name),
            str(character.current.number),
            tone(grade_from_json(stored).verdict) if stored else "",
            str(len(character.current.anchors)),
            escape(", ".join(character.tags)),
        )
    out.print(table)


@app.command()
def show(context: typer.Context, handle: Handle, json: Json = False) -> None:
    """One character: references, anchors, versions."""
    studio = studio_of(context)
    character, papers = studio.casting.get(handle), studio.travelling.papers(handle)
    if json:
        loras = [
            {"model": model, "sha256": lora.sha256, "scale": lora.scale, "word": lora.word}
            for model, lora in studio.fitting.of(handle)
        ]
        told = {"consent": papers.consent, "licence": papers.licence, "loras": loras}
        print_json({**character_document(character), **told})
        return
    print_character(character)
    for model, lora in studio.fitting.of(handle):
        out.print(f"[dim]lora[/] {escape(model)}  {lora.sha256[:12]}  at {lora.scale:g}  {escape(lora.word)}".rstrip())
    print_papers(papers)


@app.command()
def edit(
    context: typer.Context,
    handle: Handle,
    name: Annotated[str | None, typer.Option(help="A new name; the handle stays.")] = None,
    description: Annotated[str | None, typer.Option(help="A new description.")] = None,
    tags: Tags = None,
    anchors: Anchors = None,
    image: Annotated[list[Path] | None, typer.Option(help="Add a reference image. Repeatable.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="With --image: drop the references so far.")] = False,
    clear_anchors: Annotated[bool, typer.Option("--no-anchors", help="Drop all anchors.")] = False,
    clear_tags: Annotated[bool, typer.Option("--no-tags", help="Drop all tags.")] = False,
    lora: Annotated[Path | None, typer.Option(help="Trained weights of hers, .safetensors; with --for.")] = None,
    model: Annotated[str | None, typer.Option("--for", metavar="M", help="Which model loads the LoRA.")] = None,
    scale: Annotated[float, typer.Option("--scale", help="How strongly the LoRA acts.")] = 1.0,
    word: Annotated[str, typer.Option("--word", help="The word that calls the LoRA, put before the prompt.")] = "",
    clear_loras: Annotated[bool, typer.Option("--no-lora", help="With --for: shoot without any again.")] = False,
    json: Json = False,
) -> None:
    """Change a character. New looks make a new version; earlier shots keep theirs."""
    if (clear_anchors and anchors) or (clear_tags and tags):
        raise typer.BadParameter("give new ones, or drop all; not both")
    if replace and not image:
        raise typer.BadParameter("--replace needs a new --image")
    if (lora is not None or clear_loras) != (model is not None) or (lora is not None and clear_loras):
        raise typer.BadParameter("--lora FILE or --no-lora, with --for M")
    given = (name, description, tags, anchors, image, clear_anchors or None, clear_tags or None)
    if all(value is None for value in given) and model is None:
        raise typer.BadParameter("nothing to change: give --name, --description, --tag, --anchor, --image or --lora")
    change = Change(
        name=name,
        description=description,
        tags=() if clear_tags else (tuple(tags) if tags else None),
        anchors=() if clear_anchors else (tuple(anchors) if anchors else None),
        images=tuple(image or ()),
        replace_images=replace,
    )
    studio = studio_of(context)
    casting = studio.casting
    before = casting.get(handle)
    if model is not None and lora is not None:
        studio.fitting.fit(handle, lora, model, scale=scale, word=word)
        say(f"{model} shoots @{before.handle} with {lora.name} from now on.")
    elif model is not None:
        studio.fitting.unfit(handle, model)
        say(f"{model} shoots @{before.handle} without a LoRA again.")
    added = casting.edit(handle, change)
    if model is not None and all(value is None for value in given) and not json:
        return
    if json:
        print_json(added_document(added.character, added.grade))
        return
    number, who = added.character.current.number, f"@{added.character.handle}"
    if number != before.current.number:
        out.print(f"{who} is now version {number}.")
    elif added.character != before:
        out.print(f"{who} is changed; the looks are not, so this is still version {number}.")
    else:
        out.print(f"Nothing to change: {who} is that already, in version {number}.")
    if added.grade:
        print_grade(added.grade)


@app.command()
def remove(context: typer.Context, handle: Handle, json: Json = False) -> None:
    """Take a character out of the cast. Versions that shots were made with stay."""
    studio = studio_of(context)
    gone = studio.casting.remove(handle)
    for sentence in studio.modelling.forget(handle):
        say(sentence)
    bare = handle.strip().removeprefix("@").lower()
    if json:
        print_json({"handle": bare, "removed": True, "kept_for_shots": not gone})
        return
    out.print(f"@{bare} has left the cast." + ("" if gone else " What its shots were made with is kept."))


@app.command()
def archive(context: typer.Context, handle: Handle, json: Json = False) -> None:
    """Put a character away: out of lists and new shots, until it is brought back. Old shots still have it."""
    casting = studio_of(context).casting
    changed, bare = casting.archive(handle), casting.get(handle).handle
    if json:
        print_json({"handle": bare, "archived": True, "changed": changed})
        return
    said = "is archived" if changed else "was archived already"
    out.print(f"@{bare} {said}. Bring it back with: samecast cast unarchive @{bare}", soft_wrap=True)


@app.command()
def unarchive(context: typer.Context, handle: Handle, json: Json = False) -> None:
    """Bring an archived character back."""
    casting = studio_of(context).casting
    changed, bare = casting.unarchive(handle), casting.get(handle).handle
    if json:
        print_json({"handle": bare, "archived": False, "changed": changed})
        return
    out.print(f"@{bare} is back in the cast." if changed else f"@{bare} was not archived.")


@app.command()
def duplicate(
    context: typer.Context,
    handle: Handle,
    name: Annotated[str, typer.Option("--name", "-n", help="The new character's name.")],
    new_handle: Annotated[str | None, typer.Option("--handle", help="Its @handle; from the name if left out.")] = None,
    json: Json = False,
) -> None:
    """Cast another character with the same references, anchors, description and tags, to change from there."""
    second = studio_of(context).casting.duplicate(handle, name=name, as_handle=new_handle)
    if json:
        print_json(added_document(second, None))
        return
    out.print(f"Cast [bold]{escape(second.name)}[/] as [bold]@{second.handle}[/], with the same looks.")


@app.command()
def grade(
    context: typer.Context,
    image: Annotated[Path, typer.Argument(help="The picture to grade as a reference.")],
    anchors: Anchors = None,
    overlay: Annotated[Path | None, typer.Option(help="Draw what was seen into this PNG.", metavar="OUT.png")] = None,
    json: Json = False,
) -> None:
    """Grade a picture as a reference: pose, eyes, light, sharpness, resolution, subject, anchors."""
    studio = studio_of(context)
    graded = studio.casting.grade(image, anchors or [])
    if overlay:
        studio.casting.save_overlay(graded, overlay)
        say(f"Overlay: {overlay}")
    if json:
        print_json(grade_document(graded.grade))
        return
    print_grade(graded.grade)


@app.command()
def audition(
    context: typer.Context,
    images: Annotated[list[Path], typer.Argument(help="Candidate references of one character.", metavar="IMAGE...")],
    anchors: Anchors = None,
    json: Json = False,
) -> None:
    """Rank candidate references of one character, strongest first."""
    ranked = hold_audition(studio_of(context).casting, images, anchors or [])
    if json:
        entries = [
            {
                "rank": place,
                "path": str(entry.path),
                "why": entry.why,
                "grade": grade_document(entry.grade) if entry.grade else None,
            }
            for place, entry in enumerate(ranked, start=1)
        ]
        print_json({"candidates": entries})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "picture", "grade", "why"):
        table.add_column(column, overflow="fold")
    for place, entry in enumerate(ranked, start=1):
        verdict = tone(entry.grade.verdict) if entry.grade else "[red]unreadable[/]"
        table.add_row(str(place), escape(entry.path.name), verdict, escape(entry.why))
    out.print(table)


@app.command()
def prompt(
    context: typer.Context,
    character: Annotated[str, typer.Option("--character", "-c", help="Who: 'a cyber samurai woman, mid-30s'.")],
    anchors: Anchors = None,
    expression: Annotated[str, typer.Option("--expression", "-e", help="Face: 'calm intense expression'.")] = "",
    hair: Annotated[str, typer.Option(help="Hair with its signature feature.")] = "",
    clothing: Annotated[str, typer.Option(help="Clothes with their texture.")] = "",
    background: Annotated[str, typer.Option(help="What lies behind, blurred.")] = "",
    lens: Annotated[str, typer.Option(help="The lens.")] = "85mm anamorphic",
    lighting: Annotated[str, typer.Option(help="The light; keep it even on the face.")] = "",
    style: Annotated[str, typer.Option(help="One style anchor, such as a film's look.")] = "",
    json: Json = False,
) -> None:
    """The prompt for a reference portrait, built from its slots, with what is missing or vague."""
    slots = PortraitSlots(
        character=character,
        anchors=tuple(anchors or ()),
        expression=expression,
        hair=hair,
        clothing=clothing,
        background=background,
        lens=lens,
        lighting=lighting,
        style=style,
    )
    built = portrait_prompt(slots, studio_of(context).lexicon)
    if json:
        print_json(
            {
                "prompt": built.text,
                "missing": list(built.missing),
                "vague": list(built.vague),
                "contradictions": list(built.contradictions),
                "advice": list(built.advice),
            }
        )
        return
    for sentence in built.advice:
        say(sentence)
    out.print(escape(built.text), soft_wrap=True)


def print_grade(grade: Grade) -> None:
    """A grade as a table: rule, verdict, advice."""
    out.print(f"\nReference: {tone(grade.verdict)}")
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column()
    table.add_column(overflow="fold")
    for rule in grade.rules:
        table.add_row(rule.rule, tone(rule.verdict), escape(rule.advice))
    out.print(table)


def print_papers(papers: Papers) -> None:
    """Consent and licence, where there are any."""
    for what, text in (("consent", papers.consent), ("licence", papers.licence)):
        if text:
            out.print(f"[dim]{what}[/] {escape(text)}", soft_wrap=True)


def print_character(character: Character) -> None:
    """A character in words."""
    current = character.current
    out.print(f"[bold]{escape(character.name)}[/]  @{character.handle}  version {current.number}")
    if character.archived_at is not None:
        say(f"Archived. Bring it back with: samecast cast unarchive @{character.handle}")
    if current.description:
        out.print(escape(current.description), soft_wrap=True)
    if character.tags:
        out.print(f"[dim]tags[/] {escape(', '.join(character.tags))}", soft_wrap=True)
    for anchor in current.anchors:
        out.print(f"[dim]anchor[/] {escape(_anchor(anchor))}", soft_wrap=True)
    for reference in current.references:
        out.print(f"[dim]reference[/] {reference.width} x {reference.height}  {reference.sha256[:12]}")
        if reference.grade:
            print_grade(grade_from_json(reference.grade))


def _anchor(anchor: Anchor) -> str:
    side = f"  (the character's own {anchor.side})" if anchor.side else ""
    box = anchor.region
    where = f"  at [{box.x:g},{box.y:g},{box.width:g},{box.height:g}]" if box else ""
    return f"{anchor.text}{side}{where}"
