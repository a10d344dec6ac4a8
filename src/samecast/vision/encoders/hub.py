"""`Hub`: fetches one file of one commit from the Hugging Face hub, and hands it over only if its sha256 is right.

`huggingface_hub` is imported when something is really fetched. HF_ENDPOINT, HF_HUB_OFFLINE and HF_TOKEN mean what they
mean to it. An interrupted download is gone on with by the next.
"""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from samecast.core.encoders import HubFailed, Pin, Weights, WrongWeights
from samecast.core.errors import MissingPart, StorageFailed
from samecast.vision.encoders.session import digest_of
from samecast.vision.encoders.shelf import storage_failed

Watch = Callable[[int, int | None], None]
"""Told how many bytes are here, and of how many (None: not known)."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SPARE = 64 << 20
"""Bytes to leave free on the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the hub has: the commit a revision stands for, and the file's digest (None: it tells none) and size."""

    commit: str
    sha256: str | None
    size: int | None


class Hub:
    """`endpoint`: another hub than the one huggingface_hub is set to."""

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint

    def fetch(self, wanted: Weights, place: Path, watch: Watch) -> Pin:
        """Fetch the file to `place`, whole and verified or not at all. Says what it was.

        Where `wanted.sha256` is None, the digest that the hub states is held to, and becomes the pin. Raises
        `HubFailed` (no network, no such repository, commit or file, cut short), `WrongWeights`, `StorageFailed`.
        """
        offer = self._offer(wanted)
        if _COMMIT.fullmatch(wanted.revision) and offer.commit != wanted.revision:
            raise WrongWeights(
                f"The hub answered for commit {offer.commit[:12]} where {wanted.revision[:12]} was asked for.",
                hint="Nothing was fetched.",
            )
        expected = wanted.sha256 or offer.sha256
        if wanted.sha256 and offer.sha256 and wanted.sha256 != offer.sha256:
            raise _wrong(wanted, offer.sha256)
        folder = place.parent / "download"
        _room(place.parent, offer.size or wanted.size or 0)
        found = self._download(wanted, offer.commit, folder, watch)
        digest = digest_of(found)
        if expected and digest != expected:
            shutil.rmtree(folder, ignore_errors=True)
            raise _wrong(wanted, digest)
        size = found.stat().st_size
        try:
            os.replace(found, place)
        except OSError as error:
            raise storage_failed(place, error) from error
        shutil.rmtree(folder, ignore_errors=True)
        return Pin(repo=wanted.repo, revision=offer.commit, file=wanted.file, sha256=digest, size=size)

    def _offer(self, wanted: Weights) -> Offer:
        library = _library()
        with _told(wanted):
            url = library.hf_hub_url(wanted.repo, wanted.file, revision=wanted.revision, endpoint=self._endpoint)
            known = library.get_hf_file_metadata(url, endpoint=self._endpoint)
        if not known.commit_hash or not _COMMIT.fullmatch(known.commit_hash):
            raise HubFailed(
                f"The hub does not say which commit {wanted.repo} is at.", hint="HF_ENDPOINT may name something else."
            )
        digest = known.etag if known.etag and _DIGEST.fullmatch(known.etag) else None
        return Offer(commit=known.commit_hash, sha256=digest, size=known.size)

    def _download(self, wanted: Weights, commit: str, folder: Path, watch: Watch) -> Path:
        library = _library()
        with _told(wanted):
            folder.mkdir(parents=True, exist_ok=True)
            found = library.hf_hub_download(
                wanted.repo,
                wanted.file,
                revision=commit,
                local_dir=folder,
                endpoint=self._endpoint,
                tqdm_class=_bar(watch),
            )
        return Path(found)


def _library() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingPart(f"Encoders cannot be fetched: {error}.", hint='pip install "huggingface_hub>=1"') from error
    return huggingface_hub


def _bar(watch: Watch) -> type[Any]:
    """What huggingface_hub takes for a progress bar: it draws nothing and tells `watch`, never less than before.

    (It may make two, one for what came over the network and one for what was written.)
    """
    import tqdm  # type: ignore[import-untyped]

    most = 0

    class Told(tqdm.tqdm):  # type: ignore[misc]
        def __init__(self, *values: object, **options: object) -> None:
            options.pop("name", None)
            super().__init__(*values, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> None:
            nonlocal most
            self.n += n or 0
            if self.n > most:
                most = int(self.n)
                watch(most, int(self.total) if self.total else None)

    return Told


@contextmanager
def _told(wanted: Weights) -> Iterator[None]:
    """Whatever goes wrong with the hub, as one of our errors."""
    from huggingface_hub import errors

    what = f"{wanted.repo}, {wanted.file}"
    # The HTTP library's own error: that library has changed its name once.
    of_the_network = cast(type[Exception], errors.HfHubHTTPError.__bases__[0])
    try:
        yield
    except errors.GatedRepoError as error:
        raise HubFailed(f"{wanted.repo} asks for its terms to be agreed to first.", hint="Do so on the hub.") from error
    except errors.RevisionNotFoundError as error:
        raise HubFailed(
            f"{wanted.repo} has no revision '{wanted.revision}'.", hint="It may have been removed from the hub."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise HubFailed(
            f"There is no {wanted.repo} on the hub, or it is private.", hint="It may have been removed."
        ) from error
    except errors.EntryNotFoundError as error:
        if isinstance(error, errors.LocalEntryNotFoundError):
            raise _unreachable(what) from error
        raise HubFailed(f"{wanted.repo} has no file '{wanted.file}'.", hint="It may have been removed.") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise HubFailed(f"The hub refused {what} (HTTP {status}).", hint="Try again later.") from error
    except (errors.OfflineModeIsEnabled, of_the_network) as error:
        raise _unreachable(what) from error
    except OSError as error:
        if error.errno is None:  # huggingface_hub's own: what came is not as long as it should be
            raise HubFailed(f"The download of {what} was cut short.", hint="Pull again: it goes on.") from error
        if error.errno in (errno.ECONNREFUSED, errno.ECONNRESET, errno.ETIMEDOUT, errno.EPIPE):
            raise _unreachable(what) from error
        raise storage_failed(Path(str(error.filename or wanted.file)), error) from error


def _unreachable(what: str) -> HubFailed:
    return HubFailed(
        f"The hub could not be reached for {what}.",
        hint="Check the connection (and HF_HUB_OFFLINE), then pull again: it goes on where it stopped.",
    )


def _wrong(wanted: Weights, found: str) -> WrongWeights:
    return WrongWeights(
        f"{wanted.repo}, {wanted.file} is not the file that is pinned: its sha256 is {found[:12]}..., not "
        f"{(wanted.sha256 or 'what the hub stated')[:12]}...",
        hint="Nothing of it was kept. If its makers replaced it on purpose, a newer samecast will know.",
    )


def _room(folder: Path, size: int) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise storage_failed(folder, error) from error
    if free < size + _SPARE:
        raise StorageFailed(
            f"The disk is too full: {size / 1e6:.0f} MB are to come and {free / 1e6:.0f} MB are free.",
            hint=f"Free some space on the disk of {folder}, or set SAMECAST_HOME to another.",
        )
