"""Pictures on their way to a provider that takes addresses, and the finished file on its way back."""

import base64
from collections.abc import Callable

from samecast.core.errors import RenderFailed
from samecast.models.hosted import pictures
from samecast.models.hosted.fetching import fetch
from samecast.models.hosted.fields import Delivered
from samecast.ports import Render, Rendered


def addresses(
    order: Render, *, inline: int, upload: Callable[[bytes], str], longest: int | None = None
) -> dict[str, str]:
    """Where the provider finds each picture that the recipe names, by sha256, each sent once.

    As data URLs while they are at most `inline` bytes together; else each at the address that `upload` returns for
    its PNG. `longest`: pixels of their longer side, if less than usual.
    """
    side = min(pictures.LONGEST, longest or pictures.LONGEST)
    recipe = order.recipe
    named = dict.fromkeys(
        sha256 for sha256 in (*recipe.pictures, recipe.edited, recipe.first_frame, recipe.last_frame) if sha256
    )
    content = {sha256: pictures.png(order.references[sha256], longest=side) for sha256 in named}
    urls = {sha256: pictures.data_url(png) for sha256, png in content.items()}
    if sum(map(len, urls.values())) <= inline:
        return urls
    found: dict[str, str] = {}
    for place, (sha256, png) in enumerate(content.items()):
        order.on_step("upload", place, len(content))
        found[sha256] = upload(png)
    return found


def fetched(found: Delivered, provider: str, *, near: str) -> Rendered:
    """The finished file as the provider delivered it. `near`: where the provider itself was asked."""
    notes = (f"{provider} made {found.count} of it; the first is kept.",) if found.count > 1 else ()
    if found.url.startswith("data:"):
        return Rendered(file=_decoded(found.url, provider), notes=notes)
    import httpx2

    with httpx2.Client() as client:
        return Rendered(file=fetch(client, found.url, provider=provider, near=near), notes=notes)


def _decoded(url: str, provider: str) -> bytes:
    head, _, content = url.partition(",")
    try:
        if not head.endswith(";base64"):
            raise ValueError(head)
        return base64.b64decode(content, validate=True)
    except ValueError as error:
        raise RenderFailed(f"{provider}'s answer has a file that cannot be read.", hint="Report it.") from error
