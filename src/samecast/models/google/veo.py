"""Veo's clips on Google Cloud: an operation that is asked for until it is done.

References and frames exclude each other there: a clip that begins with a given frame is shown no references. A job
cannot be told to stop; what was begun is made, and paid.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samecast.core.errors import InvalidInput, RenderFailed, StorageFailed, SubmissionUnsure
from samecast.models.google.access import Access
from samecast.models.google.calls import Pace, Said, asked, forbidden, submitted
from samecast.models.google.images import aspect
from samecast.models.google.settings import Setup
from samecast.models.hosted.pictures import jpeg, shown
from samecast.models.hosted.spool import Spool
from samecast.models.hosted.words import line, lost, refused
from samecast.ports import ModelProfile, Picture, Render, Rendered

if TYPE_CHECKING:
    from google import genai
    from google.genai import types

SECONDS = 120.0

SEEDS = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Veo:
    """`HostedEngine` over `models.generate_videos`. A ticket is the operation's name."""

    profile: ModelProfile
    setup: Setup
    access: Access
    spool: Spool
    pace: Pace
    sleep: Callable[[float], None] = field(default=time.sleep)

    @property
    def version(self) -> str:
        return f"1-{self.setup.model}"

    def check(self) -> None:
        self.access.check()

    def submit(self, order: Render, key: str) -> str:
        """Raises `InvalidInput` for what Veo is known to refuse, before anything is sent."""
        self._check(order)

        def begin(client: "genai.Client") -> str:
            from google.genai import types

            first = order.recipe.first_frame
            made = client.models.generate_videos(
                model=self.setup.model,
                source=types.GenerateVideosSource(
                    prompt=order.recipe.said, image=self._image(order.references[first]) if first else None
                ),
                config=self._config(order),
            )
            return made.name or ""

        ticket = submitted(self.access, begin, order, seconds=SECONDS, sleep=self.sleep)
        if not ticket:
            raise SubmissionUnsure(
                f"{self.access.provider} began a clip and does not say which.", hint="Look at its console first."
            )
        with suppress(StorageFailed):  # only so that a crash right now costs nothing
            self.spool.keep(key, ticket.encode())
        return ticket

    def find(self, key: str) -> str | None:
        kept = self.spool.get(key)
        return kept.decode() if kept is not None else None

    def collect(self, ticket: str) -> Rendered | None:
        if not self.pace.due(ticket):
            return None

        def ask(client: "genai.Client") -> "types.GenerateVideosOperation":
            from google.genai import types

            operation = types.GenerateVideosOperation()
            operation.name = ticket
            return client.operations.get(operation)

        found = asked(self.access, ask, seconds=SECONDS)
        if isinstance(found, Said):
            raise lost(self.access.provider)
        if not found.done:
            return None
        self.pace.forget(ticket)
        return Rendered(file=clip_in(found, self.access.provider))

    def cancel(self, ticket: str) -> None:
        """Nothing: it goes on."""

    def _check(self, order: Render) -> None:
        recipe, only = order.recipe, self.setup.reference_seconds
        if recipe.last_frame and not recipe.first_frame:
            raise InvalidInput(
                f"{recipe.model} takes a last frame only with a first.", hint="Give --first-frame too, or neither."
            )
        if recipe.pictures and not recipe.first_frame and only and recipe.seconds not in only:
            lengths = " or ".join(f"{second:g}" for second in only)
            raise InvalidInput(
                f"{recipe.model} makes clips of {lengths} seconds from references, not of {recipe.seconds:g}.",
                hint=f"Ask for it with --seconds {only[0]:g}, or begin with a --first-frame.",
            )

    def _config(self, order: Render) -> "types.GenerateVideosConfig":
        from google.genai import types

        recipe, options = order.recipe, dict(order.recipe.options)
        references = [] if recipe.first_frame else shown(order)
        return types.GenerateVideosConfig(
            number_of_videos=1,
            aspect_ratio=aspect(self.profile, order),
            duration_seconds=round(recipe.seconds),
            resolution=options.get("resolution"),
            generate_audio=options["audio"] == "true" if "audio" in options else None,
            negative_prompt=options.get("negative"),
            seed=recipe.seed % SEEDS if self.setup.seed else None,
            last_frame=self._image(order.references[recipe.last_frame]) if recipe.last_frame else None,
            reference_images=[
                types.VideoGenerationReferenceImage(
                    image=self._image(picture), reference_type=types.VideoGenerationReferenceType.ASSET
                )
                for picture in references
            ]
            or None,
        )

    def _image(self, picture: Picture) -> "types.Image":
        from google.genai import types

        return types.Image(image_bytes=jpeg(picture, longest=self.setup.longest), mime_type="image/jpeg")


def clip_in(found: "types.GenerateVideosOperation", provider: str) -> bytes:
    """The clip of an operation that is done. Raises `Refused` where it was filtered, else `RenderFailed`."""
    if found.error:
        words = line(found.error.get("message") or found.error)
        if forbidden(words):
            raise refused(provider, words)
        raise RenderFailed(f"{provider} made no clip: {words}.", hint="Try the take again.", charged=False)
    made = found.response
    for video in (made and made.generated_videos) or []:
        if video.video is not None and video.video.video_bytes:
            return video.video.video_bytes
        if video.video is not None and video.video.uri:
            raise RenderFailed(
                f"{provider} put the clip into a bucket: {line(video.video.uri)}.",
                hint="Fetch it there: gcloud storage cp",
            )
    reasons = (made and made.rai_media_filtered_reasons) or []
    if reasons or (made and made.rai_media_filtered_count):
        raise refused(provider, " ".join(reasons) or "the clip was filtered")
    raise RenderFailed(f"{provider} made no clip, and does not say why.", hint="Try the take again.", charged=False)
