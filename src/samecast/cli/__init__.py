"""The command line: thin commands over the services. Every command and its JSON is described in docs/cli.md."""

import errno
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata
from typing import Annotated

import typer

from samecast.cli import (
    cast,
    demo,
    doctor,
    encoders,
    library,
    models,
    moving,
    prompts,
    references,
    score,
    shoot,
    shots,
    sorting,
    studio,
    travelling,
    upkeep,
    worker,
)
from samecast.cli.terminal import OpenStudio, err, escape, fail
from samecast.core.errors import SamecastError

STOPPED = 130

app = typer.Typer(
    name="samecast",
    help="One cast. Every shot. The same character in every image and clip, measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"samecast {metadata.version('samecast')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="The version.")] = False,
) -> None:
    """One cast. Every shot. The same character in every image and clip, measured."""


cast.app.command("draft")(references.draft)
cast.app.command("screen-test")(references.screen_test)
cast.app.command("sheet")(references.sheet)
cast.app.command("export")(travelling.export_character)
cast.app.command("import")(travelling.import_character)
library.app.command("trash")(sorting.trash)
library.app.command("restore")(sorting.restore)
library.app.command("tag")(sorting.tag)
library.app.command("verify")(upkeep.verify)
library.app.command("gc")(upkeep.gc)
library.app.command("export")(moving.export_library)
library.app.command("import")(moving.import_library)
app.add_typer(cast.app, name="cast")
app.add_typer(library.app, name="library")
app.add_typer(shots.app, name="shots")
app.add_typer(models.app, name="models")
app.add_typer(encoders.app, name="encoders")
app.add_typer(prompts.app, name="prompts")
app.command("shoot")(shoot.shoot)
app.command("migrate")(moving.migrate)
app.command("move")(moving.move)
app.command("worker")(worker.worker)
app.command("studio")(studio.studio)
app.command("score")(score.score)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)


def run(open_studio: OpenStudio, arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 an error in one line, 2 wrong usage, 130 stopped."""
    if sys.stdout is None:  # closed by the caller
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show an é shows a ? and stops at nothing
            stream.reconfigure(errors="replace")
    try:
        status = _run(open_studio, arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough: `samecast cast list | head -1`
        _let_go_of_stdout()
        return 0
    except OSError as error:
        _let_go_of_stdout()
        err.print(f"[red]samecast:[/] the output could not be written: {escape(str(error.strerror))}.", soft_wrap=True)
        return 1
    return status


def _run(open_studio: OpenStudio, arguments: Sequence[str] | None) -> int:
    command = typer.main.get_command(app)
    try:
        # Outside standalone mode typer returns what a command left with: 130 after Ctrl-C, else nothing or its Exit.
        left = command.main(
            args=list(arguments) if arguments is not None else None,
            obj=open_studio,
            prog_name="samecast",
            standalone_mode=False,
        )
    except SamecastError as error:
        return fail(error)
    except typer.TyperException as error:
        return _misused(error)
    except typer.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, typer.Abort):
        err.print("[yellow]samecast:[/] stopped.")
        return STOPPED
    except OSError as error:
        if error.filename is None and error.errno in (errno.EPIPE, errno.ENOSPC, errno.EIO):  # of our own output
            raise
        return _broke(error)
    except Exception as error:  # the last line of defence of the command line: a bug is told, not dumped
        return _broke(error)
    return left if isinstance(left, int) else 0


def _broke(error: Exception) -> int:
    if os.environ.get("SAMECAST_DEBUG"):
        raise error
    detail = " ".join(f"{type(error).__name__}: {error}".split())
    err.print(f"[red]samecast:[/] something broke that should not: {escape(detail)}", soft_wrap=True)
    err.print("Please report it. SAMECAST_DEBUG=1 shows where.", soft_wrap=True)
    return 1


def _let_go_of_stdout() -> None:
    """So that nothing more is written to it, nor complained of, when Python ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _misused(error: typer.TyperException) -> int:
    """Usage errors know how to show themselves, with the command's usage; others are one line."""
    error.message = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in error.message)
    show = getattr(error, "show", None)
    if callable(show):
        show()
    else:
        err.print(error.format_message(), markup=False, soft_wrap=True)
    return error.exit_code
