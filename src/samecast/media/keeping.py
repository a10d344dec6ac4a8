"""Keeping a clip that somebody else made as it is: its streams copied, sound and all, and the recipe put beside them.

Nothing is decoded, so nothing is lost; a container that cannot hold an MP4's streams is refused, not converted.
"""

from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Stream

from samecast.core.errors import BadMedia
from samecast.media.decoding import open_container
from samecast.media.files import storage_failed, whole_or_nothing, write_bytes
from samecast.media.provenance import CLIP_KEY, clip_note
from samecast.media.sniffing import HEAD_BYTES, kind_of

_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}


def keep_clip(path: Path, content: bytes, *, recipe: str | None = None) -> None:
    """Write a clip's bytes as an MP4 with the same pictures and sound. Raises `BadMedia` for what is no clip.

    The first video and the first audio stream are kept; whole or not at all.
    """
    if kind_of(content[:HEAD_BYTES]).family != "video":
        raise BadMedia("What was delivered is no clip.", hint="Try the take again.")
    raw = path.with_name(f"{path.stem}.delivered")
    write_bytes(raw, content)
    try:
        with whole_or_nothing(path) as part:
            _copy(raw, part, note=None if recipe is None else clip_note(recipe))
    finally:
        raw.unlink(missing_ok=True)


def _copy(source: Path, target: Path, *, note: str | None) -> None:
    try:
        with (
            open_container(source, kind_of(source.read_bytes()[:HEAD_BYTES])) as clip,
            av.open(f"file:{target.absolute()}", "w", format="mp4", container_options=_OPTIONS) as copy,
        ):
            if note is not None:
                copy.metadata[CLIP_KEY] = note
            _mux(clip, copy)
    except FFmpegError as error:
        raise BadMedia(
            f"The clip that was delivered cannot be kept: {error.strerror}.", hint="Try the take again."
        ) from error
    except OSError as error:
        raise storage_failed(target, error) from error


def _mux(clip: InputContainer, copy: OutputContainer) -> None:
    kept: dict[int, Stream] = {}
    for stream in [*clip.streams.video[:1], *clip.streams.audio[:1]]:
        kept[stream.index] = copy.add_stream_from_template(stream)
    if not clip.streams.video:
        raise BadMedia("What was delivered has no picture in it.", hint="Try the take again.")
    for packet in clip.demux([clip.streams[index] for index in kept]):
        if packet.dts is None:
            continue
        packet.stream = kept[packet.stream.index]
        copy.mux(packet)
