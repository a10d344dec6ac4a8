"""A prompt that names somebody archived: told with the command that brings them back, and never taken for another."""

import pytest

from samecast.core.archived import resolve_present
from samecast.core.errors import InvalidInput, NotFound
from samecast.core.mentions import CastName

MIRA = CastName(handle="mira", name="Mira Tanaka")
JO = CastName(handle="jo", name="Jo")


@pytest.mark.parametrize(
    "prompt", ["@mira in the rain", "@Mira-like", "[Mira Tanaka] waits", "[MIRA]", "@jo meets @mira", "@tanaka runs"]
)
def test_who_is_archived_is_told(prompt: str) -> None:
    with pytest.raises(NotFound) as caught:
        resolve_present(prompt, [JO], [MIRA])
    assert caught.value.message == "@mira is archived, so no new shot can show it."
    assert caught.value.hint == "Bring it back first: samecast cast unarchive @mira"


def test_a_handle_stays_its_own_and_a_name_goes_to_who_is_there() -> None:
    other = CastName(handle="mira_2", name="Mira")
    with pytest.raises(NotFound, match="@mira is archived"):
        resolve_present("@mira in the rain", [other], [MIRA])
    assert resolve_present("@mira_2 in the rain", [other], [MIRA]).who == ("mira_2",)
    assert resolve_present("[Tanaka] runs", [CastName(handle="ken", name="Ken Tanaka")], [MIRA]).who == ("ken",)


def test_a_placeholder_never_means_somebody_archived() -> None:
    assert resolve_present("[CHARACTER NAME] runs", [JO], [MIRA]).who == ("jo",)
    with pytest.raises(InvalidInput, match="the cast is empty"):
        resolve_present("[CHARACTER NAME] runs", [], [MIRA])


def test_all_else_is_as_ever() -> None:
    assert resolve_present("rain", [JO], [MIRA]).who == ()
    assert resolve_present("@jo runs", [JO], []).prompt == "@jo runs"
    with pytest.raises(NotFound, match="no @nobody in the cast"):
        resolve_present("@nobody runs", [JO], [MIRA])
    with pytest.raises(InvalidInput, match="empty"):
        resolve_present("  ", [JO], [MIRA])
