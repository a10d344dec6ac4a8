"""Scoring: how much a character stayed the same in a picture or clip, made here or anywhere.

People are compared by a face encoder with a stored calibration; subjects without a human face by an appearance encoder,
which is another word for another thing. What cannot be measured is said to be so, with the reason. `subjects` learns
the characters, `judging` judges single frames, and what they amount to is concluded in `verdicts`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from samecast.core.cast import Character
from samecast.core.consistency import Score, TakeScore
from samecast.core.kinds import Kinds
from samecast.core.recipe import Member
from samecast.core.sightings import Limits
from samecast.ports import AssetStore, ClipFacts, ClipFrame, Cutting
from samecast.services.judging import Judged, Judging, every
from samecast.services.subjects import Eyes, Known, Learning, Wanted
from samecast.services.tracks import Footage, Measures
from samecast.services.verdicts import conclude

SAMPLED_FRAMES = 32
"""Evenly spaced frames of a clip that are judged (consistency.md, OpenS2V's protocol), besides one after each cut."""
LOOKED_AT_CLOSELY = 8
"""Of a clip's frames, how many are searched for the reference's own pixels, and for sharpness."""
READING = 0.4
"""The share of the time that reading a clip through takes, for progress."""
_AT_ONCE = 2

In = TypeVar("In")
Out = TypeVar("Out")
Share: TypeAlias = Callable[[float], None]


def unwatched(share: float) -> None:
    """Nobody is watching."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A scored file with everything that was judged on the way. `size`: width, height in pixels.

    `facts` and `cutting` are None for a still.
    """

    path: Path
    score: TakeScore
    known: tuple[Known, ...]
    judged: tuple[Judged, ...]
    size: tuple[int, int]
    facts: ClipFacts | None = None
    cutting: Cutting | None = None


class Scoring:
    def __init__(self, *, eyes: Eyes, assets: AssetStore, kinds: Kinds, limits: Limits) -> None:
        self._eyes = eyes
        self._limits = limits
        self._learning = Learning(eyes=eyes, assets=assets, kinds=kinds)

    def score_file(self, character: Character, path: Path) -> Score:
        """Score any image or clip against a character's current version. Raises `BadMedia` for neither."""
        return self.examine([Wanted.of_character(character)], path).score.characters[0]

    def score_take(self, members: Sequence[Member], path: Path, *, composited: bool) -> TakeScore:
        """Score a take for every character in it, assigned jointly."""
        wanted = [Wanted.of_member(member) for member in members]
        return self.examine(wanted, path, composited=composited).score if wanted else TakeScore()

    def know(self, wanted: Wanted) -> Known:
        """What a character looks like to the encoders."""
        return self._learning.know(wanted)

    def examine(
        self,
        wanted: Sequence[Wanted],
        path: Path,
        *,
        composited: bool = False,
        evidence: bool = False,
        watch: Share = unwatched,
    ) -> Examined:
        """Score a file for several characters at once; with `evidence`, keep small JPEGs of every judged frame.

        `composited`: the engine works from the reference's own pixels. `watch` is told the share done, 0..1.
        """
        known = tuple(self._learning.know(entry) for entry in wanted)
        judging = Judging(eyes=self._eyes, known=known, limits=self._limits, evidence=evidence)
        if self._eyes.media.picture_or_clip(path) == "video":
            return self._clip(known, judging, path, composited=composited, watch=watch)
        rgb = self._eyes.media.read_picture(path).rgb
        judged = judging(ClipFrame(seconds=0.0, rgb=rgb), closely=True)
        footage = Footage(known=known, judged=(judged,), clip=False, composited=composited)
        watch(1.0)
        size = (int(rgb.shape[1]), int(rgb.shape[0]))
        return Examined(path=path, score=self._concluded(footage), known=known, judged=(judged,), size=size)

    def _clip(
        self, known: tuple[Known, ...], judging: Judging, path: Path, *, composited: bool, watch: Share
    ) -> Examined:
        media = self._eyes.media
        cutting = media.read_through(path, lambda share: watch(READING * share))
        total = min(cutting.frames, SAMPLED_FRAMES + len(cutting.cuts))
        asked = every(total, LOOKED_AT_CLOSELY)
        frames = enumerate(media.judged_frames(path, SAMPLED_FRAMES, cutting))
        judged: list[Judged] = []
        for one in in_order(lambda item: judging(item[1], closely=item[0] in asked), frames):
            judged.append(one)
            watch(min(1.0, READING + (1 - READING) * len(judged) / max(1, total)))
        footage = Footage(known=known, judged=tuple(judged), clip=True, composited=composited, cutting=cutting)
        facts = media.clip_facts(path)
        return Examined(
            path=path,
            score=self._concluded(footage),
            known=known,
            judged=tuple(judged),
            size=(facts.width, facts.height),
            facts=facts,
            cutting=cutting,
        )

    def _concluded(self, footage: Footage) -> TakeScore:
        measures = Measures(
            face=self._eyes.identity.card,
            looks=self._eyes.appearance.card_for,
            limits=self._limits,
            copied=self._eyes.copies.limit,
            distance=self._apart,
        )
        return conclude(footage, measures)

    def _apart(self, a: Known, b: Known) -> float:
        """The least distance between the references of two people."""
        return min(self._eyes.identity.distance(one.vector, other.vector) for one in a.learnt for other in b.learnt)


def in_order(see: Callable[[In], Out], frames: Iterable[In]) -> Iterator[Out]:
    """What `see` makes of every frame, in their order, two at a time; only a few frames are held at once."""
    waiting: deque[Future[Out]] = deque()
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="see") as pool:
        try:
            for frame in frames:
                waiting.append(pool.submit(see, frame))
                if len(waiting) > _AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
