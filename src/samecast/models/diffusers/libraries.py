"""torch and diffusers, imported when something is really made, and kept from talking past us.

They are typed as Any on purpose: what is asked of them is looked up by name, and checked against what is installed.
"""

import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import metadata, util
from typing import Any

from samecast.core.errors import MissingPart

NEEDED = ("torch", "diffusers", "transformers", "accelerate", "safetensors")
INSTALL = "pip install 'samecast[diffusers]'"
log = logging.getLogger("samecast.models.diffusers")

_WARNINGS = (
    (r".*steps_offset.*", FutureWarning),
    (r".*clip_sample.*", FutureWarning),
    (r".*torch_dtype.*", FutureWarning),
    (r".*CLIPFeatureExtractor.*", FutureWarning),
    (r"`torch.nn.utils.weight_norm` is deprecated.*", FutureWarning),
    (r"Already found a `peft_config` attribute.*", UserWarning),
    (r"__array__ implementation doesn't accept a copy keyword.*", DeprecationWarning),
)
"""What they warn their own users of, and whoever shoots can do nothing about."""


def check_installed(*more: str) -> None:
    """Raise `MissingPart` naming what is not installed, of what every model needs and of `more`. Imports nothing."""
    missing = [name for name in NEEDED if util.find_spec(name) is None]
    if missing:
        raise _missing(", ".join(missing))
    lacking = [name for name in more if util.find_spec(name) is None]
    if lacking:
        raise MissingPart(
            f"This model needs what is not installed: {', '.join(lacking)}.",
            hint=f"Install it: pip install {' '.join(lacking)}",
        )


@cache
def version_of(name: str) -> str:
    """The installed version; "none". Read once: it is asked for before every take."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def torch() -> Any:
    return _imported("torch")


def diffusers() -> Any:
    return _imported("diffusers")


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _missing(f"{name} ({error})") from error


def _missing(what: str) -> MissingPart:
    return MissingPart(f"Models on this computer need what is not installed: {what}.", hint=f"Install it: {INSTALL}")


# --- their noise ----------------------------------------------------------------------------------------------------


class _Forward(logging.Handler):
    """Their log lines as ours, for whoever looks for the reason of something."""

    def emit(self, record: logging.LogRecord) -> None:
        log.debug("%s: %s", record.name, record.getMessage())


@contextmanager
def hushed() -> Iterator[None]:
    """No progress bars, no log lines on stderr, none of the warnings above. One at a time: it is process-wide.

    Warnings stay ignored: putting filters back would undo those that other threads have set meanwhile.
    """
    diffusers()
    transformers = _imported("transformers")
    with ExitStack() as undo:
        for name, library in (("diffusers", diffusers()), ("transformers", transformers)):
            logger, words = logging.getLogger(name), library.utils.logging
            handlers = list(logger.handlers)
            undo.callback(setattr, logger, "handlers", handlers)
            logger.handlers = [_Forward()]
            if words.is_progress_bar_enabled():
                words.disable_progress_bar()
                undo.callback(words.enable_progress_bar)
        for message, category in _WARNINGS:
            warnings.filterwarnings("ignore", message=f"(?s){message}", category=category)
        yield
