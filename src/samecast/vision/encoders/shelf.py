"""Where pulled encoders lie: a folder each, with the weights, what was pinned, and the user's own calibration.

    SAMECAST_HOME/encoders/NAME/weights.onnx  pinned.toml  calibration.toml

What is written appears whole or not at all. Whether a file is the right one is for `session` and `hub` to say.
"""

import errno
import os
import secrets
import tomllib
from contextlib import suppress
from pathlib import Path

from samecast.core.calibrations import Calibration, calibration_to_toml, parse_calibration
from samecast.core.encoders import Pin
from samecast.core.errors import InvalidInput, StorageFailed

WEIGHTS, PINNED, CALIBRATION = "weights.onnx", "pinned.toml", "calibration.toml"


class Shelf:
    """The folders of all encoders, by name (names are checked by the catalogue)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, name: str) -> Path:
        return self._folder / name

    def weights(self, name: str) -> Path:
        return self.folder(name) / WEIGHTS

    def pin(self, name: str) -> Pin | None:
        """What was pulled, or None. Raises `InvalidInput` where the file was damaged."""
        text = _read(self.folder(name) / PINNED)
        if text is None:
            return None
        try:
            tree = tomllib.loads(text)
            return Pin(
                repo=str(tree["repo"]),
                revision=str(tree["revision"]),
                file=str(tree["file"]),
                sha256=str(tree["sha256"]),
                size=int(tree["size"]),
            )
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            path = self.folder(name) / PINNED
            raise InvalidInput(f"{path} is damaged.", hint=f"Remove it, then: samecast encoders pull {name}") from error

    def keep_pin(self, name: str, pin: Pin) -> None:
        lines = (
            "# What `samecast encoders pull` fetched. Weights with any other sha256 are refused from now on.",
            f'repo = "{pin.repo}"',
            f'revision = "{pin.revision}"',
            f'file = "{pin.file}"',
            f'sha256 = "{pin.sha256}"',
            f"size = {pin.size}",
        )
        write_whole(self.folder(name) / PINNED, "\n".join(lines) + "\n")

    def calibration(self, name: str) -> Calibration | None:
        """The user's own calibration, or None. Raises `InvalidInput` where it cannot be read as one."""
        path = self.folder(name) / CALIBRATION
        text = _read(path)
        if text is None:
            return None
        try:
            return parse_calibration(text)
        except InvalidInput as error:
            hint = f"Make it again with: samecast encoders calibrate INDEX.csv --encoder {name}"
            raise InvalidInput(f"{path} cannot be used: {error.message}", hint=hint) from error

    def keep_calibration(self, calibration: Calibration, out: Path | None) -> Path:
        """Keep it for its encoder, or write it to `out` alone."""
        path = out or self.folder(calibration.encoder) / CALIBRATION
        write_whole(path, calibration_to_toml(calibration))
        return path


def write_whole(path: Path, text: str) -> None:
    """Write a small text file, making its folder. Raises `StorageFailed`."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise storage_failed(path, error) from error


def storage_failed(path: Path, error: OSError) -> StorageFailed:
    """The one line for a folder that cannot be written to."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFailed(f"{path} could not be written: the disk is full.", hint="Free some space, then try again.")
    return StorageFailed(
        f"{path} could not be written: {error.strerror or error}.", hint="SAMECAST_HOME says where it lies."
    )


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", hint="Remove it, or correct its permissions.") from error
