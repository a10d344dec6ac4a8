"""The command line: thin commands over the services. Every command and its JSON is described in docs/cli.md."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from samecast import __version__
from samecast.cli import cast, demo, doctor, models, score, shoot, shots
from samecast.cli.terminal import OpenStudio, err, fail
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
        typer.echo(f"samecast {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="The version.")] = False,
) -> None:
    """One cast. Every shot. The same character in every image and clip, measured."""


app.add_typer(cast.app, name="cast")
app.add_typer(shots.app, name="shots")
app.add_typer(models.app, name="models")
app.command("shoot")(shoot.shoot)
app.command("score")(score.score)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)


def run(open_studio: OpenStudio, arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 an error in one line, 2 wrong usage, 130 stopped."""
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
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:  # the last line of defence of the command line: a bug is told, not dumped
        if os.environ.get("SAMECAST_DEBUG"):
            raise
        detail = " ".join(f"{type(error).__name__}: {error}".split())
        err.print(f"[red]samecast:[/] something broke that should not: {detail}", markup=True, soft_wrap=True)
        err.print("Please report it. SAMECAST_DEBUG=1 shows where.", soft_wrap=True)
        return 1
    return left if isinstance(left, int) else 0


def _misused(error: typer.TyperException) -> int:
    """Usage errors know how to show themselves, with the command's usage; others are one line."""
    show = getattr(error, "show", None)
    if callable(show):
        show()
    else:
        err.print(error.format_message(), markup=False, soft_wrap=True)
    return error.exit_code
