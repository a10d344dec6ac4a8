"""Where a provider's key is found: the environment first, then the system's keyring, where it is installed."""

import os
from dataclasses import dataclass

from samecast.core.errors import MissingKey, MissingPart, SamecastError, StorageFailed
from samecast.core.secrets import remember

SERVICE = "samecast"


@dataclass(frozen=True, slots=True)
class UserKeys:
    """`ports.plugins.Keys` and `KeyRing`. A key is never part of an error, a log, a recipe or a file of ours."""

    def get(self, name: str) -> str:
        key = (os.environ.get(name) or _from_keyring(name) or "").strip()
        if not key:
            raise MissingKey(
                f"There is no {name}.", hint=f"Set it in the environment, or keep it: samecast models key {name}"
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            raise MissingKey(f"What {name} holds is no key.", hint="Set it again, without quotes or line ends.")
        return remember(key)

    def keep(self, name: str, key: str) -> None:
        """Put a key into the keyring, or take it out again with "". Raises `MissingPart`, `StorageFailed`."""
        try:
            import keyring
            from keyring.errors import KeyringError, PasswordDeleteError
        except ImportError as error:
            raise MissingPart(
                "Keys cannot be kept: keyring is not installed.",
                hint=f"Set {name} in the environment, or: pip install 'samecast[keyring]'",
            ) from error
        try:
            if key:
                keyring.set_password(SERVICE, name, remember(key))
            else:
                keyring.delete_password(SERVICE, name)
        except PasswordDeleteError:
            return
        except KeyringError as error:
            raise StorageFailed(
                f"The keyring cannot be used: {_said(error)}.", hint=f"Set {name} in the environment instead."
            ) from error


def _from_keyring(name: str) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        kept: str | None = keyring.get_password(SERVICE, name)
    except KeyringError:  # locked, or a machine without one: as if there were none
        return None
    return kept


def _said(error: Exception | SamecastError) -> str:
    return " ".join((str(error) or type(error).__name__).split()).rstrip(".")
