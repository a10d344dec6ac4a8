"""Close-ups of anchors: each one's place on the reference, and in a take at the moment that shows its verdict best.

Nothing is judged anew: the moments are those of the take's score, and only their frames are looked at once more.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from samecast.core.consistency import AnchorScore, Score, take_score_from_json
from samecast.core.report import AnchorShown
from samecast.core.sightings import Limits
from samecast.core.story import Take
from samecast.ports import AssetStore, ClipFrame
from samecast.services.judging import ANCHOR_SIDE, AnchorCrops, Judged, Judging, boxed
from samecast.services.scoring import SAMPLED_FRAMES, Scoring
from samecast.services.subjects import Eyes, Known, SoughtAnchor, Wanted

SAME_MOMENT = 1e-3
"""Seconds: a frame is the one that was judged, whatever rounding its time went through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeup:
    """An anchor of a character in a take: its score, and its places as JPEGs."""

    handle: str
    score: AnchorScore
    shown: AnchorShown


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeups:
    """Raises `NotFound` where the take's file or a reference is gone, `BadMedia`, and `StorageFailed`."""

    scoring: Scoring
    eyes: Eyes
    limits: Limits
    assets: AssetStore

    def of(self, take: Take) -> tuple[Closeup, ...]:
        """Every anchor that was looked for in a take, by character, in the order of the score."""
        scores = take_score_from_json(take.score).characters if take.score else ()
        if take.asset is None or not any(score.anchors for score in scores):
            return ()
        known = [self.scoring.know(Wanted.of_member(member)) for member in take.recipe.members]
        judged = self._judged(take.asset, known, scores)
        found = []
        for index, one in enumerate(known):
            score = next((score for score in scores if score.handle == one.handle), None)
            for number, anchor in enumerate(score.anchors if score is not None else ()):
                sought = one.anchors[number] if number < len(one.anchors) else None
                if sought is None or sought.anchor.text != anchor.text:
                    continue
                crops = _crops(judged, index, number, anchor.at)
                found.append(Closeup(handle=one.handle, score=anchor, shown=self._shown(one, sought, anchor, crops)))
        return tuple(found)

    def _judged(self, asset: str, known: Sequence[Known], scores: Sequence[Score]) -> list[Judged]:
        """The frames in which an anchor shows its verdict best, judged as they were."""
        judging = Judging(eyes=self.eyes, known=known, limits=self.limits, evidence=True)
        moments = {anchor.at for score in scores for anchor in score.anchors if anchor.verdict != "not_assessable"}
        with _as_file(self.assets.get(asset)) as path:
            return [judging(frame, closely=False) for frame in self._frames(path, moments)]

    def _frames(self, path: Path, moments: set[float | None]) -> Iterator[ClipFrame]:
        media = self.eyes.media
        if media.picture_or_clip(path) != "video":
            yield ClipFrame(seconds=0.0, rgb=media.read_picture(path).rgb)
            return
        wanted = sorted(at for at in moments if at is not None)
        if not wanted:
            return
        for frame in media.judged_frames(path, SAMPLED_FRAMES, media.read_through(path)):
            if any(abs(frame.seconds - at) < SAME_MOMENT for at in wanted):
                yield frame
            if frame.seconds > wanted[-1]:
                return

    def _shown(self, known: Known, sought: SoughtAnchor, anchor: AnchorScore, crops: AnchorCrops) -> AnchorShown:
        reference = None
        if not isinstance(sought.wanted, str):
            reference = boxed(known.first.rgb, sought.wanted.box, margin=0.6)
        return AnchorShown(
            handle=known.handle,
            text=anchor.text,
            reference=None if reference is None else self.eyes.media.jpeg(reference, longest=ANCHOR_SIDE),
            own=crops.own,
            mirrored=crops.mirrored,
            seconds=anchor.at,
        )


def _crops(judged: Sequence[Judged], index: int, number: int, at: float | None) -> AnchorCrops:
    frame = next((one for one in judged if at is None or abs(one.seconds - at) < SAME_MOMENT), None)
    return frame.crops[index][number] if frame is not None else AnchorCrops()


@contextmanager
def _as_file(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
        path = Path(folder) / "take"
        path.write_bytes(content)
        yield path
