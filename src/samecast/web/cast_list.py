"""Who can be named, as browsers read it: once for every change of the cast, however many pages are opened."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.cast import Character
from samecast.web.kit import picture


@dataclass(frozen=True, slots=True, kw_only=True)
class CastList:
    """`content` is a JSON list of handle, name and portrait's address; its `address` changes with it."""

    handles: frozenset[str]
    content: bytes

    @property
    def address(self) -> str:
        return f"/studio/cast/{hashlib.sha256(self.content).hexdigest()[:32]}.json"


def cast_list(cast: Sequence[Character]) -> CastList:
    named = [(one.handle, one.name, picture(one.current.references[0].sha256, 96)) for one in cast]
    return CastList(
        handles=frozenset(handle for handle, _, _ in named),
        content=json.dumps(named, ensure_ascii=False, separators=(",", ":")).encode(),
    )
