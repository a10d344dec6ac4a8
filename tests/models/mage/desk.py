"""What the tests of Mage need: models of it, engines that share one home, and orders for them."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from PIL import Image
from tests.models.mage.mage_server import SECRET, MageServer
from tests.models.mage.serving import Time, picture, unpacked

from samecast.core.errors import MissingKey
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.models.catalogue import parse_catalogue
from samecast.models.mage.engine import MageEngine
from samecast.ports import ModelProfile, Picture, Render
from samecast.ports.plugins import Parts

_SAME = """
engine = "mage"
deterministic = false
composites = false
price = "Gems."
licence = "Mage's."
source = "the tests"
date = 2026-11-30
notes = ""
resource = "mage"
at_once = 20
knows_keys = true
"""
_SHOWN = 'mentions = { picture = "image {n}", first = "the {noun} in {pictures}", again = "the {noun}" }'
MODELS = f"""
[[model]]
id = "mango"
name = "Mango"
kinds = ["image"]
aspects = ["1:1", "16:9", "9:16"]
seconds = 0
characters = 8
references = 10
edits = true
{_SAME}
options.resolution = {{ kind = "choice", says = "How fine.", choices = ["1K", "2K"], default = "2K" }}
setup.architecture = "mango"
setup.variant = "mango-v3"
setup.characters = true
setup.image = "image"
setup.more = "additional_images"

[[model]]
id = "guava"
name = "Guava"
kinds = ["image"]
aspects = ["1:1"]
seconds = 0
characters = 3
references = 3
{_SAME}
setup.architecture = "guava"
setup.variant = "guava-2-pro"
setup.characters = true
setup.image = "image"
setup.more = "additional_images"

[[model]]
id = "flux2"
name = "Flux 2"
kinds = ["image"]
aspects = ["1:1", "4:5"]
seconds = 0
characters = 4
references = 4
edits = true
{_SHOWN}
{_SAME}
options.num_inference_steps = {{ kind = "number", says = "Steps.", default = 28 }}
options.guidance_scale = {{ kind = "number", says = "Guidance.", least = 1, most = 8 }}
setup = {{ architecture = "flux2", variant = "flux2-dev", image = "image", more = "additional_images" }}

[[model]]
id = "sdxl"
name = "SDXL Plus"
kinds = ["image"]
aspects = ["1:1"]
seconds = 0
characters = 1
references = 1
{_SHOWN}
{_SAME}
options.negative = {{ kind = "text", says = "What is not wanted." }}
options.adetailer_face = {{ kind = "flag", says = "Mend faces.", default = true }}
setup = {{ architecture = "sdxl_plus", image = "image", fields = {{ negative = "negative_prompt" }} }}

[[model]]
id = "lemon"
name = "Lemon"
kinds = ["video"]
aspects = ["16:9"]
seconds = 4
lengths = [2, 3, 4]
characters = 4
references = 10
first_frame = true
last_frame = true
{_SAME}
setup.architecture = "lemon"
setup.variant = "lemon"
setup.characters = true
setup.image = "image"
setup.more = "additional_images"
setup.first = "first_image"
setup.last = "last_image"

[[model]]
id = "cherry"
name = "Cherry 2 Pro"
kinds = ["video"]
aspects = ["16:9", "9:16"]
seconds = 30
lengths = [4, 5, 8, 10, 15, 20, 25, 30]
characters = 8
references = 50
{_SAME}
setup.architecture = "cherry"
setup.variant = "cherry-2-pro"
setup.characters = true
setup.image = "image"
setup.more = "additional_images"
"""


@dataclass
class Secrets:
    """`ports.plugins.Keys`."""

    key: str = SECRET

    def get(self, name: str) -> str:
        if name != "MAGE_API_KEY" or not self.key:
            raise MissingKey(f"There is no {name}.", hint=f"samecast models key {name}")
        return self.key


@dataclass
class Desk:
    """What a test needs: Mage, time, and engines that share one home, as the workers of one machine do."""

    server: MageServer
    home: Path
    time: Time = field(default_factory=Time)
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def parts(self) -> Parts:
        return Parts(home=self.home, keys=self.secrets, faces=cast(Any, None), matting=cast(Any, None))

    def profile(self, model: str) -> ModelProfile:
        return parse_catalogue(MODELS)[model]

    def engine(self, model: str | ModelProfile = "mango") -> MageEngine:
        profile = self.profile(model) if isinstance(model, str) else model
        return MageEngine(profile, self.parts, sleep=self.time.sleep, clock=self.time.clock)

    def order(
        self,
        model: str = "mango",
        *members: Member,
        prompt: str | None = None,
        told: Callable[[str, int, int], None] = lambda step, done, total: None,
        **more: Any,
    ) -> Render:
        """An order for these characters, made up as samecast does it: compiled where the model is shown pictures."""
        profile = self.profile(model)
        kind = profile.kinds[0]
        size = profile.size(kind, profile.aspects[0])
        assert size is not None
        prompt = prompt or " and ".join(f"@{member.handle}" for member in members) + " in the rain"
        shown = tuple(sha256 for member in members for sha256 in member.references)
        recipe = Recipe(
            model=model, engine_version="1", kind=cast(Any, kind), prompt=prompt,
            brief=Brief(aspect=profile.aspects[0]), members=tuple(members), width=size[0], height=size[1], seed=7,
            seconds=4.0 if kind == "video" else 0.0, fps=24 if kind == "video" else 0,
            compiled=f"compiled: {prompt.replace('@', '')}" if profile.mentioning else "",
            pictures=shown if profile.mentioning else (),
        )  # fmt: skip
        recipe = replace(recipe, **more)
        named = {*shown, *recipe.pictures, recipe.edited, recipe.first_frame, recipe.last_frame} - {""}
        return Render(recipe=recipe, references={sha256: _picture(sha256) for sha256 in named}, on_step=told)

    def made(self) -> list[dict[str, Any]]:
        """The requests that became jobs, in order."""
        return [job.body for job in self.server.jobs.values()]


def _picture(sha256: str) -> Picture:
    return picture(int(sha256[:2], 16))


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
    with Image.open(io.BytesIO(unpacked(url))) as image:
        return int(image.convert("RGB").getpixel((200, 200))[0])  # type: ignore[index]


def shades(body: dict[str, Any]) -> Sequence[int]:
    """Of the pictures of a request, the first and the others."""
    return [seen(url) for url in ([body["image"]] if "image" in body else []) + body.get("additional_images", [])]
