"""Reads made scenes as scoring reads pictures: faces, vectors, clothes; and asks who is who. For `who.py`."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.measuring.who_scenes import Sitter

from samecast.core.consistency import Outcome
from samecast.core.sightings import SeenFace, SeenFrame
from samecast.core.whoswho import outcomes
from samecast.ports import Face, Floats, Pixels
from samecast.vision.clothing import Clothing
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.identity import DlibIdentity
from samecast.vision.whoswho import limits_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A cast member: who, from which photograph, and what the encoders make of it."""

    sitter: Sitter
    vector: Floats
    clothes: Floats | None


class Eyes:
    """Reads pictures as scoring does, and remembers what it read."""

    def __init__(self) -> None:
        self.faces = MediaPipeFaces()
        self.identity = DlibIdentity()
        self.clothing = Clothing()
        self.limits = limits_for(self.identity.card)
        self._read: dict[str, list[tuple[Face, Floats | None, Floats | None]]] = {}

    def look(self, rgb: Pixels) -> list[tuple[Face, Floats | None, Floats | None]]:
        """Every face with its vector (None: not measurable) and its clothes (None: not to be seen)."""
        key = hashlib.blake2b(rgb.tobytes()).hexdigest()
        if key not in self._read:
            found = self.faces.faces(rgb)
            self._read[key] = [
                (
                    face,
                    self.identity.encode(rgb, face) if self.identity.doubt(rgb, face) is None else None,
                    self.clothing.describe(rgb, face, found),
                )
                for face in found
            ]
        return self._read[key]

    def know(self, sitter: Sitter) -> Known:
        """From the photograph itself, not from a panel."""
        (_, vector, clothes), *_ = self.look(sitter.rgb)
        assert vector is not None, f"{sitter.path} cannot be measured"
        return Known(sitter=sitter, vector=vector, clothes=clothes)

    def frame(self, rgb: Pixels, cast: Sequence[Known], seconds: float = 0.0) -> SeenFrame:
        high, wide = rgb.shape[:2]
        seen = self.look(rgb)
        faces = []
        for index, (face, vector, clothes) in enumerate(seen):
            left, top, width, height = face.box
            box = (left / wide, top / high, width / wide, height / high)
            if vector is None:
                faces.append(SeenFace(box=box))
                continue
            others = [
                self.identity.distance(vector, v) for i, (_, v, _) in enumerate(seen) if i != index and v is not None
            ]
            worn = () if clothes is None else tuple(self._worn(clothes, member.clothes) for member in cast)
            distances = tuple(self.identity.distance(vector, member.vector) for member in cast)
            faces.append(SeenFace(box=box, distances=distances, worn=worn, nearest_other=min(others, default=None)))
        return SeenFrame(seconds=seconds, faces=tuple(faces))

    def judge(self, pictures: Iterable[Pixels], cast: Sequence[Known]) -> tuple[Outcome, ...]:
        """`pictures`: one for a still, several for a clip, 0.3 seconds apart."""
        frames = [self.frame(rgb, cast, 0.3 * index) for index, rgb in enumerate(pictures)]
        apart = [[self.identity.distance(a.vector, b.vector) for b in cast] for a in cast]
        return outcomes(frames, [member.sitter.subject for member in cast], self.limits, apart)

    def _worn(self, clothes: Floats, known: Floats | None) -> float | None:
        return None if known is None else self.clothing.likeness(clothes, known)
