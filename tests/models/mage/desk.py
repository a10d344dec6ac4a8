"""What the tests of Mage need: models of it, and a desk that takes orders for several characters."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tests.models.mage.mage_server import MageServer
from tests.models.provider.desk import Desk, stated
from tests.models.provider.pictures import grey, shade, unpacked

from samecast.core.recipe import Member
from samecast.models.catalogue import parse_catalogue
from samecast.models.mage.engine import MageEngine
from samecast.ports import Render

ENTRIES = """
[[model]]
id = "mango"
aspects = ["1:1", "16:9", "9:16"]
characters = 8
references = 10
edits = true
options.resolution = { kind = "choice", says = "How fine.", choices = ["1K", "2K"], default = "2K" }
setup = { architecture = "mango", variant = "mango-v3", characters = true, image = "image", more = "additional_images" }

[[model]]
id = "guava"
aspects = ["1:1"]
characters = 3
references = 3
setup.architecture = "guava"
setup.variant = "guava-2-pro"
setup.characters = true
setup.image = "image"
setup.more = "additional_images"

[[model]]
id = "flux2"
aspects = ["1:1", "4:5"]
references = 4
edits = true
mentions = { picture = "image {n}", first = "the {noun} in {pictures}", again = "the {noun}" }
options.num_inference_steps = { kind = "number", says = "Steps.", default = 28 }
options.guidance_scale = { kind = "number", says = "Guidance.", least = 1, most = 8 }
setup = { architecture = "flux2", variant = "flux2-dev", image = "image", more = "additional_images" }

[[model]]
id = "sdxl"
aspects = ["1:1"]
characters = 1
references = 1
mentions = { picture = "image {n}", first = "the {noun} in {pictures}", again = "the {noun}" }
options.negative = { kind = "text", says = "What is not wanted." }
options.adetailer_face = { kind = "flag", says = "Mend faces.", default = true }
setup = { architecture = "sdxl_plus", image = "image", fields = { negative = "negative_prompt" } }

[[model]]
id = "lemon"
kinds = ["video"]
aspects = ["16:9"]
seconds = 4
lengths = [2, 3, 4]
references = 10
first_frame = true
last_frame = true
[model.setup]
architecture = "lemon"
characters = true
image = "image"
more = "additional_images"
first = "first_image"
last = "last_image"

[[model]]
id = "cherry"
kinds = ["video"]
aspects = ["16:9", "9:16"]
seconds = 30
lengths = [4, 5, 8, 10, 15, 20, 25, 30]
characters = 8
references = 50
[model.setup]
architecture = "cherry"
variant = "cherry-2-pro"
characters = true
image = "image"
more = "additional_images"
"""
MODELS = {
    model: replace(profile, at_once=20, knows_keys=True)
    for model, profile in parse_catalogue(stated("mage", ENTRIES)).items()
}


class MageDesk(Desk[MageServer, MageEngine]):
    """`scene` is an order for these characters as samecast makes it up: compiled where the model is shown pictures.

    Their references are plain pictures, of the shade that their names begin with.
    """

    def scene(
        self,
        *members: Member,
        prompt: str = "",
        told: Callable[[str, int, int], None] | None = None,
        **changes: Any,
    ) -> Render:
        prompt = prompt or " and ".join(f"@{member.handle}" for member in members) + " in the rain"
        shows = self.profile.mentioning is not None
        made: dict[str, Any] = {
            "prompt": prompt,
            "members": members,
            "compiled": f"compiled: {prompt.replace('@', '')}" if shows else "",
            "pictures": tuple(sha256 for member in members for sha256 in member.references) if shows else (),
        }
        order = self.order(told=told, **made | {"options": ()} | changes)
        recipe = order.recipe
        named = {sha256 for member in members for sha256 in member.references}
        named |= {*recipe.pictures, recipe.edited, recipe.first_frame, recipe.last_frame} - {""}
        return replace(order, references={sha256: grey(int(sha256[:2], 16)) for sha256 in named})

    def shoot(self, *members: Member, key: str = "a.1", **changes: Any) -> str:
        """Have a new engine submit such an order."""
        return self.engine().submit(self.scene(*members, **changes), key)

    def made(self) -> list[dict[str, Any]]:
        """The requests that became jobs, in order."""
        return [job.body for job in self.server.jobs.values()]


def member(handle: str, *shades: int, version: int = 1) -> Member:
    """A character with references of these shades."""
    return Member(
        handle=handle,
        name=handle.capitalize(),
        version=version,
        digest=f"{version:02x}{handle.encode().hex():0<62}"[:64],
        references=tuple(f"{shade:02x}" * 32 for shade in shades or (80,)),
    )


def seen(url: str) -> int:
    """The shade of a picture that was sent as a data URL."""
    return shade(unpacked(url, "image/png", "image/jpeg"))


def shades(body: dict[str, Any]) -> Sequence[int]:
    """Of the pictures of a request, the first and the others."""
    return [seen(url) for url in ([body["image"]] if "image" in body else []) + body.get("additional_images", [])]
