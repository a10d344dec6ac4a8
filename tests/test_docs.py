"""The documents keep up with the code: every command and option is told, every link leads somewhere."""

import re
from pathlib import Path

import pytest
import typer

from samecast.cli import app
from samecast.core.brief import STORYBOARD_ASPECTS
from samecast.models.catalogue import read_catalogue
from samecast.models.storyboard.scenes import PLACES

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> dict[str, object]:
    """Every command by its full name."""
    root = typer.main.get_command(app)
    found: dict[str, object] = {}
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        children = getattr(command, "commands", None)
        if children:
            found |= {f"{name} {child}": entry for child, entry in children.items()}
        else:
            found[name] = command
    return found


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_and_option_is_in_the_command_line_page(name: str):
    page = (ROOT / "docs" / "cli.md").read_text()
    assert f"samecast {name}" in page
    for parameter in commands()[name].params:  # type: ignore[attr-defined]
        options = [
            option for option in parameter.opts if option.startswith("--") and option not in ("--json", "--help")
        ]
        for option in options:
            assert option in page, f"{name} {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_storyboard_page_names_every_place_and_frame():
    page = (ROOT / "docs" / "storyboard.md").read_text()
    for place in PLACES:
        assert place.replace("_", " ") in page
    for width, height in STORYBOARD_ASPECTS:
        assert f"{width}:{height}" in page


def test_the_catalogue_says_what_the_storyboard_does():
    profile = read_catalogue()["storyboard"]
    assert set(profile.aspects) == set(STORYBOARD_ASPECTS)
    assert profile.composites
    assert profile.deterministic
