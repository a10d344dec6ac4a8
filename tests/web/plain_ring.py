"""A keyring in a file, for tests: `PYTHON_KEYRING_BACKEND=tests.web.plain_ring.Ring`, with the file in PLAIN_RING."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class Ring(KeyringBackend):
    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return _held().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        _hold({**_held(), f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        held = _held()
        if held.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError("There is none.")
        _hold(held)


def _file() -> Path:
    return Path(os.environ["PLAIN_RING"])


def _held() -> dict[str, str]:
    return dict(json.loads(_file().read_text())) if _file().exists() else {}


def _hold(held: dict[str, str]) -> None:
    _file().write_text(json.dumps(held))
