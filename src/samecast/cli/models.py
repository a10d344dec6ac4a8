"""`samecast models`: what can be shot on, what each model can do and still misses, and adding one's own."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from samecast.cli.terminal import err, escape, out, print_json, say, studio_of
from samecast.core.choosing import Record
from samecast.core.money import dollars
from samecast.core.terms import in_words
from samecast.ports import ModelProfile
from samecast.services.modelling import Modelling, Moved, Readiness

app = typer.Typer(help="The models that can be shot on.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]
Model = Annotated[str, typer.Argument(metavar="M", help="A model's id.")]


@app.command("list")
def list_models(
    context: typer.Context,
    ready: Annotated[bool, typer.Option("--ready", help="Only those that can be shot on now.")] = False,
    json: Json = False,
) -> None:
    """Every model: what it makes, what it costs, and whether it can be shot on now."""
    modelling = modelling_of(context)
    found = [entry for entry in modelling.all() if not ready or entry.missing is None]
    if json:
        print_json({"models": [_document(entry) for entry in found]})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    widest = max((len(entry.profile.id) for entry in found), default=5)
    for column, width in (("model", widest), ("makes", 12), ("here", 13), ("price", 12)):
        table.add_column(column, no_wrap=True, min_width=width)
    table.add_column("licence", no_wrap=True, overflow="ellipsis")
    for entry in found:
        profile = entry.profile
        makes = ", ".join(profile.kinds)
        table.add_row(escape(profile.id), makes, _here(entry), _cost(profile), escape(_short(profile.licence)))
    out.print(table)
    if any(entry.missing for entry in found):
        say("What one misses: samecast models show M")


@app.command()
def show(context: typer.Context, model: Model, json: Json = False) -> None:
    """One model: what it can do, its options, its licence, and what it still misses."""
    entry = modelling_of(context).readiness(model)
    document = _document(entry)
    if json:
        print_json(document)
        return
    options = document.pop("options")
    document["ready"] = "yes" if entry.missing is None else "no"
    document["missing"] = str(entry.missing or "")
    for key, value in document.items():
        if value is None or value in ("", [], {}):
            continue
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        out.print(f"[dim]{key.replace('_', ' '):>16}[/]  {escape(shown)}", soft_wrap=True)
    for option in options if isinstance(options, list) else ():
        told = f"{option['says']} {option['bounds'].capitalize()}"
        default = f"; {option['default']} if left out" if option["default"] else ""
        name = f"-O {option['name']}"
        out.print(f"[dim]{name:>16}[/]  {escape(f'{told}{default}.')}", soft_wrap=True)


@app.command()
def add(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="A TOML file of [[model]], or weights.")],
    id: Annotated[str | None, typer.Option("--id", help="What to call a folder of weights.")] = None,
    json: Json = False,
) -> None:
    """Add models of your own: a file of the catalogue's form, or a folder of diffusers weights."""
    added = modelling_of(context).add(source, model=id)
    if json:
        print_json({"models": [_document(entry) for entry in added]})
        return
    for entry in added:
        out.print(f"Added [bold]{escape(entry.profile.id)}[/], {_here(entry)}.")
        if entry.missing:
            out.print(escape(str(entry.missing)), soft_wrap=True)


@app.command()
def remove(context: typer.Context, model: Model, json: Json = False) -> None:
    """Take one of your own models away. Its weights and the takes made with it stay."""
    modelling_of(context).remove(model)
    if json:
        print_json({"id": model, "removed": True})
        return
    out.print(f"{escape(model)} is no longer among the models.")


@app.command()
def compare(
    context: typer.Context,
    handle: Annotated[str, typer.Argument(help="The character's handle, such as @mira.", metavar="@H")],
    image: Annotated[bool, typer.Option("--image", help="Only images.")] = False,
    video: Annotated[bool, typer.Option("--video", help="Only clips.")] = False,
    json: Json = False,
) -> None:
    """How each model fared with a character, in takes made here: match rate, seconds and money per accepted take."""
    if image and video:
        raise typer.BadParameter("choose --image or --video, or neither")
    records = studio_of(context).comparing.of(handle, "image" if image else "video" if video else None)
    if json:
        print_json({"handle": handle.strip().removeprefix("@").lower(), "models": [_record(r) for r in records]})
        return
    if not records:
        out.print(f"No take of {escape(handle)} was made yet. Begin with: samecast shoot", soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("model", "makes", "match rate", "takes", "seconds each", "money each"):
        table.add_column(column, no_wrap=column == "model", overflow="fold")
    for record in records:
        table.add_row(*map(escape, _told(record)))
    out.print(table)
    out.print("[dim]Each: per accepted take, those that were not accepted included.[/]", soft_wrap=True)
    if any(record.by_design for record in records):
        out.print("[dim]By design: it works from the reference's own pixels, so its matches prove nothing.[/]")


@app.command()
def accept(context: typer.Context, model: Model, json: Json = False) -> None:
    """Put down that you have read and accepted a model's licence, where it asks for that."""
    profile = modelling_of(context).accept(model)
    if json:
        print_json({"id": profile.id, "licence": profile.licence, "accepted": True})
        return
    out.print(escape(f"{profile.licence} {in_words(profile.terms)}".strip()), soft_wrap=True)
    out.print(f"Accepted for {escape(profile.id)}. Should it change, it will be asked again.", soft_wrap=True)


@app.command()
def pull(context: typer.Context, model: Model, json: Json = False) -> None:
    """Fetch a model's weights from the hub."""
    modelling = modelling_of(context)
    profile = modelling.readiness(model).profile
    say(f"{profile.name}: {profile.licence} {in_words(profile.terms)}".rstrip())
    with _bar() as moved:
        entry = modelling.pull(model, moved)
    if json:
        print_json(_document(entry))
        return
    out.print(f"{escape(model)} is {_here(entry)}.")


@app.command()
def refresh(
    context: typer.Context,
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Whose list to read, such as mage.")],
    json: Json = False,
) -> None:
    """Read what a provider offers today, and add what is new to your models."""
    found = modelling_of(context).refresh(provider)
    if json:
        print_json({"models": [profile.id for profile in found]})
        return
    for profile in found:
        out.print(f"{escape(profile.id)}  [dim]{escape(', '.join(profile.kinds))}  {escape(profile.price)}[/]")


@app.command()
def key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The variable's name, such as BFL_API_KEY.")],
    forget: Annotated[bool, typer.Option("--forget", help="Take it out of the keyring.")] = False,
) -> None:
    """Keep a provider's key in the system's keyring. It is asked for, never shown, and never an argument."""
    modelling = modelling_of(context)
    given = "" if forget else typer.prompt(f"{name}", hide_input=True, err=True).strip()
    modelling.keep_key(name, given)
    say(f"{name} is {'no longer' if forget else 'now'} in the keyring.")


def modelling_of(context: typer.Context) -> Modelling:
    """The models' use cases, after telling which catalogues were left out."""
    modelling = studio_of(context).modelling
    for bad in modelling.bad:
        err.print(f"[yellow]models[/] {escape(f'{bad.where} is left out: {bad.error}')}", soft_wrap=True)
    return modelling


@contextmanager
def _bar() -> Iterator[Moved]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=1)
        yield lambda step, done, total: bar.update(task, description=escape(step), completed=done, total=max(1, total))


def _here(entry: Readiness) -> str:
    """Whether it is ready, in a word or two."""
    if entry.missing is None:
        return "[green]ready[/]"
    words = {
        "missing_key": "needs a key",
        "missing_part": "not installed",
        "licence_excludes": "licence",
        "not_found": "not here",
    }
    return f"[yellow]{words.get(entry.missing.code, 'not ready')}[/]"


def _told(record: Record) -> tuple[str, ...]:
    low, high = record.interval
    rate = "by design" if record.by_design else "nothing judged"
    if record.rate is not None and not record.by_design:
        span = f"(95% CI {round(100 * low)}-{round(100 * high)})"
        rate = f"{record.matched}/{record.judged} = {round(100 * record.rate)}% {span}"
    takes = f"{record.takes}" + (f", {record.failed} failed" if record.failed else "")
    seconds = "none accepted" if record.seconds_each is None else f"{record.seconds_each:.1f} s"
    money = "none accepted" if record.cost_each is None else dollars(record.cost_each)
    return record.model, record.kind, rate, takes, seconds, money


def _record(record: Record) -> dict[str, object]:
    low, high = record.interval
    return {
        "model": record.model,
        "kind": record.kind,
        "ready": record.ready,
        "by_design": record.by_design,
        "takes": record.takes,
        "failed": record.failed,
        "judged": record.judged,
        "matched": record.matched,
        "match_rate": record.rate,
        "interval": [low, high] if record.judged else None,
        "seconds_per_accepted": record.seconds_each,
        "cost_per_accepted": record.cost_each / 1_000_000 if record.cost_each is not None else None,
    }


def _cost(profile: ModelProfile) -> str:
    """What an image or a second costs, as far as it is known beforehand."""
    if profile.cost is None:
        return "varies"
    image, second = profile.cost.per_image, profile.cost.per_second
    told = [dollars(image)] if "image" in profile.kinds and image else []
    told += [f"{dollars(second)}/s"] if "video" in profile.kinds and second else []
    return ", ".join(told) or "free"


def _short(sentence: str) -> str:
    """What a table has room for; `models show` has the whole sentence."""
    return re.split(r"[:;,.](?:\s|$)", sentence, maxsplit=1)[0]


def _document(entry: Readiness) -> dict[str, object]:
    profile = entry.profile
    missing = entry.missing
    return {
        "id": profile.id,
        "name": profile.name,
        "engine": profile.engine,
        "ready": missing is None,
        "missing": {"code": missing.code, "said": missing.message, "hint": missing.hint} if missing else None,
        "kinds": list(profile.kinds),
        "aspects": [f"{w}:{h}" for w, h in profile.aspects],
        "max_seconds": profile.max_seconds,
        "lengths": list(profile.lengths),
        "fps": profile.fps if "video" in profile.kinds else None,
        "max_characters": profile.max_characters,
        "references": profile.references,
        "mentions": profile.mentioning.first if profile.mentioning else None,
        "picture": profile.mentioning.picture if profile.mentioning else None,
        "seeds": profile.seeds,
        "voices": profile.voices,
        "edits": profile.edits,
        "first_frame": profile.first_frame,
        "last_frame": profile.last_frame,
        "keyframe": profile.keyframe,
        "deterministic": profile.deterministic,
        "composites": profile.composites,
        "real_faces": profile.faces,
        "price": profile.price,
        "licence": profile.licence,
        "terms": in_words(profile.terms),
        "notes": profile.notes,
        "source": profile.source,
        "checked": profile.checked,
        "options": _form(profile),
    }


def _form(profile: ModelProfile) -> list[dict[str, object]]:
    """The model's own options, as a form could be drawn from."""
    return [
        {
            "name": option.name,
            "kind": option.kind,
            "says": option.says,
            "bounds": option.bounds,
            "default": option.default,
            "least": option.least,
            "most": option.most,
            "choices": list(option.choices),
        }
        for option in profile.options
    ]
