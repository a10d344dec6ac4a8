"""`samecast doctor`: whether this installation is well, and what to do where it is not."""

from typing import Annotated

import typer

from samecast.cli.terminal import escape, out, print_json, studio_of


def doctor(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")] = False,
) -> None:
    """Check this installation: library, disk, face reader, encoder, video, fonts."""
    checks = studio_of(context).check()
    if json:
        entries = [{"name": c.name, "well": c.well, "said": c.said, "hint": c.hint} for c in checks]
        print_json({"well": all(check.well for check in checks), "checks": entries})
    else:
        for check in checks:
            mark = "[green]well[/]" if check.well else "[red]ill [/]"
            out.print(f"{mark}  {check.name:<14} {escape(check.said)}", soft_wrap=True)
            if check.hint:
                out.print(f"      [dim]{escape(check.hint)}[/]", soft_wrap=True)
    if not all(check.well for check in checks):
        raise typer.Exit(1)
