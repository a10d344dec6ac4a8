"""Looking at shots while workers make them, from any machine that sees the library. Implements `ports.Watching`.

It reads and never writes. How a look is shown is the faces' business; who works on what is production's.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from samecast.core.consistency import ScoreVerdict, take_score_from_json
from samecast.core.recipe import TakeKind
from samecast.core.story import Shot, Take
from samecast.ports import ModelProfile, Progress, ShotRepository, WorkerCard, WorkerRepository, WorkRepository
from samecast.ports.watching import SeenShot, SeenTake, SeenWorker, Sight
from samecast.services.documents import Json

MOST_RUNNING = 20
"""Unasked, so many running shots are looked at, the oldest first: those that are being worked on."""
LATEST = 6
"""Unasked, so many shots that ended are looked at too, if they are among the latest."""
_AHEAD = 200
"""So many waiting takes are counted for how long is left; behind more of them nobody can say."""
_WORST_FIRST: tuple[ScoreVerdict, ...] = ("missing", "drift", "not_measurable", "match")

_Outcome = tuple[ScoreVerdict | None, float | None]


def nobody(cards: Sequence[WorkerCard]) -> Sequence[WorkerCard]:
    """Whoever is on paper is there."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Looks again and again with one of these: what was read of finished takes is kept for the next look."""

    shots: ShotRepository
    work: WorkRepository
    workers: WorkerRepository
    models: Mapping[str, ModelProfile]
    missing: Callable[[Sequence[WorkerCard]], Sequence[WorkerCard]] = nobody
    """Who of those on paper is gone, though nobody has noticed: the last worker has none to notice it."""
    _outcomes: dict[str, tuple[datetime | None, _Outcome]] = field(default_factory=dict)
    _paces: dict[tuple[str, TakeKind], tuple[int, float | None]] = field(default_factory=dict)

    def look(self, shot_ids: Sequence[str] = ()) -> Sight:
        """Raises `NotFound` for a shot there is not, `StorageFailed` where the library cannot be read."""
        waiting = self.work.waiting(_AHEAD)
        present = self.workers.present()
        gone = {card.id for card in self.missing(present)}
        cards = {card.id: card for card in present if card.id not in gone}
        in_queue = {take.shot_id for take in waiting} | set(shot_ids)
        # Before the shots are read: a take that is finished in between is seen as finished, not as waiting once more.
        # A worker that is gone has nothing in hand, whatever it noted last.
        hands = {made.take_id: made for made in self.workers.progress(sorted(in_queue)) if made.worker in cards}
        shots = [self.shots.get(shot_id) for shot_id in dict.fromkeys(shot_ids)] if shot_ids else self._lately(waiting)
        left = self._left(waiting, shots, cards, hands)
        seen = [self._seen(shot, hands, cards, left.get(shot.id)) for shot in shots]
        self._forget({take.id for shot in shots for take in shot.takes})
        return Sight(shots=tuple(seen), workers=_workers(cards, hands))

    def preview(self, take_id: str) -> bytes | None:
        return self.workers.preview(take_id)

    def _lately(self, waiting: Sequence[Take]) -> list[Shot]:
        recent = self.shots.recent(LATEST + MOST_RUNNING)
        there = {shot.id: shot for shot in recent}
        awaiting = [shot.id for shot in recent if shot.state == "running" and shot.awaits]
        queued = dict.fromkeys([*(take.shot_id for take in waiting), *self.work.unconcluded(MOST_RUNNING), *awaiting])
        running = [there.get(shot_id) or self.shots.get(shot_id) for shot_id in list(queued)[:MOST_RUNNING]]
        ended = [shot for shot in recent if shot.state != "running"]
        return sorted(running, key=lambda shot: (shot.created_at, shot.id)) + ended[:LATEST]

    def _seen(
        self, shot: Shot, hands: Mapping[str, Progress], cards: Mapping[str, WorkerCard], left: float | None
    ) -> SeenShot:
        takes = tuple(self._seen_take(take, hands.get(take.id), cards) for take in shot.kept)
        return SeenShot(
            id=shot.id,
            prompt=shot.prompt,
            model=shot.model,
            queue=self._queue(shot.model),
            state=shot.state,
            round=shot.round,
            takes=takes,
            goal=shot.goal,
            spent=shot.spent,
            worst=min((take.worst for take in takes if take.worst is not None), default=None),
            seconds_left=left if shot.state == "running" else None,
            picked=next((take.number for take in shot.takes if take.id == shot.picked), None),
            why=shot.why,
            awaits=shot.awaits,
        )

    def _seen_take(self, take: Take, made: Progress | None, cards: Mapping[str, WorkerCard]) -> SeenTake:
        if take.state != "waiting" or made is None:
            verdict, worst = self._outcome(take)
            return SeenTake(
                id=take.id, number=take.number, state=take.state, verdict=verdict, worst=worst, error=take.error or ""
            )
        return SeenTake(
            id=take.id,
            number=take.number,
            state="running",
            worker=cards[made.worker].name,
            step=made.step,
            share=_share(made),
            shown=made.shown,
        )

    def _outcome(self, take: Take) -> _Outcome:
        """What a finished take's score comes to. Scores are long and never change: each is read once."""
        if take.state != "done" or take.score is None:
            return None, None
        known = self._outcomes.get(take.id)
        if known is None or known[0] != take.made_at:
            scores = take_score_from_json(take.score).characters
            verdict = next((each for each in _WORST_FIRST if any(score.verdict == each for score in scores)), None)
            worst = min((score.weakest for score in scores if score.likeness is not None), default=None)
            known = self._outcomes[take.id] = (take.made_at, (verdict, worst))
        return known[1]

    def _forget(self, takes: set[str]) -> None:
        for gone in self._outcomes.keys() - takes:
            del self._outcomes[gone]

    # --- how long still -------------------------------------------------------------------------------------------

    def _left(
        self,
        waiting: Sequence[Take],
        shots: Sequence[Shot],
        cards: Mapping[str, WorkerCard],
        hands: Mapping[str, Progress],
    ) -> dict[str, float]:
        """Seconds until each shot's waiting takes are rendered, by the pace of takes made before.

        A queue is worked off in order, by as many hands as it has; what is behind a take whose pace nobody knows, or
        in a queue that nobody serves, has no figure.
        """
        done = Counter(shot.model for shot in shots for take in shot.takes if take.state == "done")
        busy = Counter(self._queue(take.recipe.model) for take in waiting if take.id in hands)
        ahead: defaultdict[str, float] = defaultdict(float)
        left: dict[str, float] = {}
        unknown: set[str] = set()
        for take in waiting:
            queue = self._queue(take.recipe.model)
            pace = self._pace(take, done[take.recipe.model])
            lanes = self._lanes(take.recipe.model, queue, busy[queue], cards)
            if pace is None or lanes == 0:
                unknown.add(queue)
            if pace is None or lanes == 0 or queue in unknown:
                left.pop(take.shot_id, None)
                continue
            rest = pace * (1.0 - (_share(hands[take.id]) if take.id in hands else 0.0))
            ahead[queue] += rest
            left[take.shot_id] = max(ahead[queue] / lanes, rest, left.get(take.shot_id, 0.0))
        if len(waiting) == _AHEAD:  # the last shot's takes may be cut off
            left.pop(waiting[-1].shot_id, None)
        return left

    def _lanes(self, model: str, queue: str, busy: int, cards: Mapping[str, WorkerCard]) -> int:
        serving = sum(queue in card.queues and card.state == "working" for card in cards.values())
        lanes = max(busy, serving)
        profile = self.models.get(model)
        return min(lanes, profile.at_once) if profile is not None and profile.at_once is not None else lanes

    def _pace(self, take: Take, done: int) -> float | None:
        """Seconds that a take like this one takes. Asked of the library again once another take was done."""
        recipe = take.recipe
        kept = self._paces.get((recipe.model, recipe.kind))
        if kept is None or kept[0] != done:
            pace = self.work.pace(recipe.model, recipe.kind)
            kept = self._paces[recipe.model, recipe.kind] = (done, pace.median if pace else None)
        if kept[1] is None:
            return None
        return kept[1] * recipe.seconds if recipe.kind == "video" else kept[1]

    def _queue(self, model: str) -> str:
        """A model that this machine does not know (an older or newer samecast ordered it) is its own queue."""
        profile = self.models.get(model)
        return profile.resource if profile is not None else model


def _share(made: Progress) -> float:
    """How much of the whole take is made, 0..1: rendering is most of it."""
    part = min(1.0, max(0.0, made.done / max(1, made.total)))
    match made.step:
        case "begin":
            return 0.0
        case "render":
            return 0.15 + 0.70 * part
        case "decode":
            return 0.85
        case "score":
            return 0.85 + 0.15 * part
        case _:
            return 0.15 * part


def _workers(cards: Mapping[str, WorkerCard], hands: Mapping[str, Progress]) -> tuple[SeenWorker, ...]:
    busy = Counter(made.worker for made in hands.values())
    return tuple(
        SeenWorker(
            id=card.id,
            name=card.name,
            machine=card.machine.partition("/")[0],
            queues=card.queues,
            draining=card.state == "draining",
            takes=busy[card.id],
        )
        for card in cards.values()
    )


# --- as a document ----------------------------------------------------------------------------------------------


def sight_document(sight: Sight) -> Json:
    """{"shots": [{"shot", "state", ..., "takes": [...]}], "workers": [...]}; money in dollars, shares in 0..1."""
    return {
        "shots": [_shot_document(shot) for shot in sight.shots],
        "workers": [
            {
                "id": worker.id,
                "worker": worker.name,
                "machine": worker.machine,
                "queues": list(worker.queues),
                "draining": worker.draining,
                "takes": worker.takes,
            }
            for worker in sight.workers
        ],
    }


def _shot_document(shot: SeenShot) -> Json:
    return {
        "shot": shot.id,
        "state": shot.state,
        "prompt": shot.prompt,
        "model": shot.model,
        "queue": shot.queue,
        "rounds": shot.round,
        "until": shot.goal.until if shot.goal else None,
        "spent": shot.spent / 1_000_000,
        "worst": shot.worst,
        "seconds_left": shot.seconds_left,
        "picked": shot.picked,
        "why": shot.why,
        "awaits": shot.awaits or None,
        "takes": [
            {
                "id": take.id,
                "number": take.number,
                "state": take.state,
                "worker": take.worker or None,
                "step": take.step or None,
                "share": take.share if take.state == "running" else None,
                "verdict": take.verdict,
                "worst": take.worst,
                "error": take.error or None,
            }
            for take in shot.takes
        ],
    }
