"""Fetching a model's weights from the hub: only the files that its pipeline reads, of one commit, which stays pinned.

HF_ENDPOINT, HF_TOKEN and HF_HOME mean what they mean to `huggingface_hub`; what was fetched by other programs is used
as it is. An interrupted pull is gone on with by the next.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from samecast.core.errors import KeyRefused, MissingPart, NotFound, StorageFailed, Unreachable
from samecast.models.diffusers.weights import INDEXES, Depot, Source

Moved = Callable[[str, int, int], None]

_WEIGHTS = re.compile(
    r"(?:diffusion_pytorch_model|pytorch_model|model)(?:\.(?P<variant>[A-Za-z0-9_]+))?(?:-\d{5}-of-\d{5})?"
    r"\.safetensors(?:\.index(?:\.(?P<indexed>[A-Za-z0-9_]+))?\.json)?"
)
_OTHERS = (".bin", ".ckpt", ".pt", ".pth", ".msgpack", ".h5", ".onnx", ".onnx_data", ".gguf", ".xml", ".tflite")
"""Weights in formats that are not read: pickled ones run code."""
_SPARE = 1 << 30


def needed(files: Iterable[str], folders: Iterable[str], *, variant: str = "") -> list[str]:
    """Of a repository's files those that a pipeline of these component folders reads.

    Of each folder's weights the variant's where it has it, else those without one.
    """
    inside = tuple(f"{folder}/" for folder in folders)
    found = [name for name in files if name in INDEXES or name.startswith(inside)]
    found = [name for name in found if not name.endswith(_OTHERS)]
    varied = {_folder(name) for name in found if variant and _variant(name) == variant}
    return [name for name in found if _variant(name) in (None, variant if _folder(name) in varied else "")]


def _variant(name: str) -> str | None:
    """The precision that a weights file is marked with, "" for none; None for other files."""
    match = _WEIGHTS.fullmatch(name.rpartition("/")[2])
    return (match["variant"] or match["indexed"] or "") if match else None


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def components_of(index: Mapping[str, Any], skip: Iterable[str]) -> tuple[list[str], list[tuple[Source, str]]]:
    """The index's component folders, and those that lie in another repository: where, and in which folder of it.

    `skip`: components that are left out, with those whose names begin like theirs and an underscore.
    """
    own, elsewhere = [], []
    left_out = set(skip)
    for name, value in index.items():
        if not isinstance(value, list) or not value or value[0] is None or left_out & {name, name.rpartition("_")[0]}:
            continue
        spec = value[2] if len(value) == 3 and isinstance(value[2], dict) else {}
        own.append(str(spec.get("subfolder") or name))
        repo = spec.get("pretrained_model_name_or_path")
        if repo:
            source = Source(repo=str(repo), revision=str(spec.get("revision") or "main"))
            elsewhere.append((source, str(spec.get("subfolder") or name)))
    return own, elsewhere


def pull(
    depot: Depot,
    source: Source,
    on_step: Moved,
    *,
    variant: str = "",
    folders: Iterable[str] = (),
    skip: Iterable[str] = (),
) -> Path:
    """Fetch what is needed of `source.repo`, pin its commit, and say where it lies.

    `folders`: what to fetch where the repository describes no pipeline, such as an adapter's. `skip`: components that
    are not fetched. `on_step` is told bytes, and may raise to stop. Raises `Unreachable`, `NotFound`, `KeyRefused`
    (its terms want accepting), `StorageFailed`.
    """
    library = _library()
    with _told(source):
        api = library.HfApi(endpoint=depot.endpoint)
        about = api.repo_info(source.repo, revision=depot.pinned(source), files_metadata=True)
        commit, sizes = str(about.sha), {file.rfilename: file.size or 0 for file in about.siblings}
        index = next((name for name in INDEXES if name in sizes and not folders), None)
        elsewhere: list[tuple[Source, str]] = []
        if index is not None:
            text = library.hf_hub_download(
                source.repo, index, revision=commit, cache_dir=depot.cache, endpoint=depot.endpoint
            )
            folders, elsewhere = components_of(json.loads(Path(text).read_text(encoding="utf-8")), skip)
        files = needed(sizes, folders, variant=variant)
        _room(depot, sum(sizes[name] for name in files))
        found = library.snapshot_download(
            source.repo,
            revision=commit,
            allow_patterns=files,
            cache_dir=depot.cache,
            endpoint=depot.endpoint,
            tqdm_class=_bar(on_step, sum(sizes[name] for name in files)),
        )
    depot.pin(source, commit)
    for other, folder in elsewhere:
        if other.repo != source.repo:
            pull(depot, other, on_step, variant=variant, folders=[folder])
    return Path(found)


def _library() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingPart(f"Models cannot be fetched: {error}.", hint='pip install "huggingface_hub>=1"') from error
    return huggingface_hub


def _room(depot: Depot, size: int) -> None:
    from huggingface_hub import constants

    folder = depot.cache or Path(constants.HF_HUB_CACHE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise StorageFailed(f"{folder} cannot be written: {error.strerror}.", hint="Set HF_HOME elsewhere.") from error
    if free < size + _SPARE:
        raise StorageFailed(
            f"The disk is too full: {size / 1e9:.1f} GB are to come and {free / 1e9:.1f} GB are free.",
            hint=f"Free some space on the disk of {folder}, or set HF_HOME to another.",
        )


def _bar(on_step: Moved, total: int) -> type[Any]:
    """What huggingface_hub takes for a progress bar: it draws nothing and tells how many bytes are here, never fewer.

    (It makes two, one for what came over the network and one for what was written.)
    """
    import tqdm  # type: ignore[import-untyped]

    most = 0

    class Told(tqdm.tqdm):  # type: ignore[misc]
        def __init__(self, *values: object, **options: object) -> None:
            options.pop("name", None)
            self._bytes = options.get("unit") == "B"
            super().__init__(*values, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> None:
            nonlocal most
            self.n += n or 0
            if self._bytes and self.n > most:
                most = min(total, int(self.n))
                on_step("fetch", most, max(1, total))

    return Told


@contextmanager
def _told(source: Source) -> Iterator[None]:
    """Whatever goes wrong with the hub, as one of our errors."""
    from huggingface_hub import errors

    # The HTTP library's own error: that library has changed its name once.
    of_the_network = cast(type[Exception], errors.HfHubHTTPError.__bases__[0])
    try:
        yield
    except errors.GatedRepoError as error:
        raise KeyRefused(
            f"{source.repo} asks for its terms to be accepted first.",
            hint="Accept them on its page, put a token of that account into HF_TOKEN, and pull again.",
        ) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise NotFound(
            f"The hub has no {source.repo} at {source.revision}, or it is private.",
            hint="Correct the model's entry; for a private one set HF_TOKEN.",
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise _unreachable(source) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise Unreachable(f"The hub refused {source.repo} (HTTP {status}).", hint="Try again in a while.") from error
    except (errors.OfflineModeIsEnabled, of_the_network, ConnectionError) as error:
        raise _unreachable(source) from error
    except OSError as error:
        if error.errno is None:  # huggingface_hub's own: what came is not as long as it should be
            raise Unreachable(f"{source.repo} came cut short.", hint="Pull again: it goes on.") from error
        raise StorageFailed(f"{source.repo} cannot be kept: {error.strerror}.", hint="Is the disk full?") from error


def _unreachable(source: Source) -> Unreachable:
    return Unreachable(
        f"The hub could not be reached for {source.repo}.",
        hint="Check the connection (and HF_HUB_OFFLINE), then pull again: it goes on where it stopped.",
    )
