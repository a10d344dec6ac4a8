"""Takes in what the triggers queued: a take that was made, failed, judged again, picked, tagged, looked at, trashed,
restored or removed.

One batch is one transaction, and batches come one after the other, whoever works them off: a worker after a take, or
whoever looks for something first. What is worked out here can always be worked out again from the takes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, text, update

from samecast.core.consistency import ScoreVerdict, TakeScore, take_score_from_json
from samecast.core.recipe import TakeKind
from samecast.library import schema as t
from samecast.library.counting import Counts, Failure, Share
from samecast.library.database import Database
from samecast.library.looks import Codes, look_in
from samecast.library.searching import Index, place_of, tag_terms, terms_of, verdict_terms, who_to_json
from samecast.library.tagging import tags_of
from samecast.ports.creations import Counted

BATCH = 500
_INDEXING_LOCK = 0x5A3E_1DE5
"""PostgreSQL advisory lock: one batch at a time. (On SQLite the write lock does that.)"""
_GRAVEST: tuple[ScoreVerdict, ...] = ("missing", "not_measurable", "drift", "match")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A take that is done, as it is indexed; `terms` in their order of sorting."""

    take_id: str
    model: str
    kind: TakeKind
    verdict: ScoreVerdict | None
    likeness: float | None
    who: tuple[tuple[str, ScoreVerdict | None], ...]
    picked: bool
    cost: int
    seconds: float | None
    made_at: datetime
    shot_id: str
    number: int
    prompt: str
    width: int
    height: int
    length: float
    seed: int
    asset: str | None
    path: str | None
    tags: tuple[str, ...]
    terms: tuple[str, ...] = field(repr=False)


def catch_up(database: Database, index: Index, codes: Codes, watch: Counted) -> None:
    """Work off all that is queued now; what is queued meanwhile is left, so that this ends."""
    with database.read() as connection:
        newest: int | None = connection.execute(select(func.max(t.creation_queue.c.id))).scalar()
        if newest is None:
            return
        total = connection.execute(select(func.count()).select_from(t.creation_queue)).scalar_one()
    done = 0
    while done < total:
        with database.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _INDEXING_LOCK})
            taken = _batch(connection, newest, index, codes)
        if not taken:
            return
        done += taken
        watch(min(done, total), total)


def _batch(connection: Connection, newest: int, index: Index, codes: Codes) -> int:
    queue = t.creation_queue.c
    oldest = select(queue.take_id).where(queue.id <= newest).order_by(queue.id).limit(BATCH)
    take_ids = list(dict.fromkeys(connection.execute(oldest).scalars()))
    if not take_ids:
        return 0
    # All that is queued of these takes, whenever: what made it so is read after this, and so is not missed.
    removed = connection.execute(delete(t.creation_queue).where(queue.take_id.in_(take_ids))).rowcount
    _take_in(connection, take_ids, index, codes)
    return removed


def _take_in(connection: Connection, take_ids: Sequence[str], index: Index, codes: Codes) -> None:
    rows = connection.execute(_TAKES, {"ids": take_ids}).all()
    done = [row for row in rows if row.state == "done" and row.trashed_at is None]
    tags = tags_of(connection, [row.id for row in done])
    made, counts = {row.id: made_of(row, tags[row.id]) for row in done}, Counts()
    _take_in_made(connection, take_ids, made, index, counts)
    _take_in_failures(connection, take_ids, [_failure(row) for row in rows if row.state == "failed"], counts)
    counts.keep(connection)
    codes.remove(connection, [take_id for take_id in take_ids if take_id not in made])
    codes.put(connection, [(row.id, look_in(row)) for row in done if row.code is not None])


def _take_in_made(
    connection: Connection, take_ids: Sequence[str], made: Mapping[str, Made], index: Index, counts: Counts
) -> None:
    creations = t.creations.c
    before = {
        row.take_id: row for row in connection.execute(select(t.creations).where(creations.take_id.in_(take_ids)))
    }
    for row in before.values():
        who = tuple((handle, verdict) for handle, verdict in json.loads(row.who))
        counts.done(_share(row, place=row.place, who=who, tags=json.loads(row.tags)), -1)
    gone = [row.place for take_id, row in before.items() if take_id not in made]
    if gone:
        connection.execute(delete(t.creations).where(creations.place.in_(gone)))
        index.remove(connection, gone)
    places = {take_id: row.place for take_id, row in before.items() if take_id in made}
    fresh = [one for take_id, one in made.items() if take_id not in before]
    places |= _new_places(connection, fresh)
    for take_id, one in made.items():
        counts.done(_share(one, place=places[take_id], who=one.who, tags=one.tags), 1)
    if fresh:
        connection.execute(insert(t.creations), [_row(one) | {"place": places[one.take_id]} for one in fresh])
    again = [one for take_id, one in made.items() if take_id in before]
    if again:
        values: dict[str, object] = {name: bindparam(name) for name in _row(again[0]) if name != "take_id"}
        change = update(t.creations).where(creations.place == bindparam("at")).values(values)
        connection.execute(change, [_row(one) | {"at": places[one.take_id]} for one in again])
    index.write(connection, {places[one.take_id]: one.terms for one in made.values()})


def _take_in_failures(
    connection: Connection, take_ids: Sequence[str], failures: Sequence[Failure], counts: Counts
) -> None:
    table = t.creation_failures
    of_these = table.c.take_id.in_(take_ids)
    for row in connection.execute(select(table).where(of_these)):
        counts.failed(Failure(**{**row._mapping, "who": tuple(json.loads(row.who))}), -1)
    connection.execute(delete(table).where(of_these))
    for failure in failures:
        counts.failed(failure, 1)
    if failures:
        connection.execute(insert(table), [asdict(failure) | {"who": json.dumps(failure.who)} for failure in failures])


TAKEN = (
    select(
        t.takes,
        t.shots.c.prompt,
        t.shots.c.created_at,
        t.picks.c.take_id.label("picked"),
        t.take_looks.c.maker,
        t.take_looks.c.vector,
        t.take_looks.c.code,
    )
    .join(t.shots, t.shots.c.id == t.takes.c.shot_id)
    .join(t.picks, (t.picks.c.shot_id == t.takes.c.shot_id) & (t.picks.c.take_id == t.takes.c.id), isouter=True)
    .join(t.take_looks, t.take_looks.c.take_id == t.takes.c.id, isouter=True)
)
"""Takes as rows, with what `made_of` reads of their shots, picks and looks."""
_TAKES = (
    # Not the states that are wanted: SQLite would rather walk their index, through a million takes that are done.
    TAKEN.where(t.takes.c.id.in_(bindparam("ids", expanding=True)), t.takes.c.state != "waiting")
)


def made_of(row: Row[tuple[object, ...]], tags: Sequence[str]) -> Made:
    """A row of `TAKEN` that is done, as it is indexed."""
    recipe = json.loads(row.recipe)
    score = take_score_from_json(row.score) if row.score else TakeScore()
    verdicts = {entry.handle: entry.verdict for entry in score.characters}
    named = dict.fromkeys([member["handle"] for member in recipe["members"]] + list(verdicts))
    who = tuple((handle, verdicts.get(handle)) for handle in named)
    verdict = verdict_of(score)
    terms = terms_of([row.prompt, recipe["prompt"]], model=recipe["model"], kind=recipe["kind"], who=who)
    terms |= tag_terms(tags)
    return Made(
        take_id=row.id,
        model=recipe["model"],
        kind=recipe["kind"],
        verdict=verdict,
        likeness=min((entry.weakest for entry in score.characters if entry.likeness is not None), default=None),
        who=who,
        picked=row.picked is not None,
        cost=row.cost,
        seconds=row.seconds,
        made_at=row.made_at or row.created_at,
        shot_id=row.shot_id,
        number=row.number,
        prompt=row.prompt,
        width=recipe["width"],
        height=recipe["height"],
        length=recipe["seconds"],
        seed=recipe["seed"],
        asset=row.asset,
        path=row.path,
        tags=tuple(tags),
        terms=tuple(sorted(terms | verdict_terms(verdict, picked=row.picked is not None))),
    )


def _failure(row: Row[tuple[object, ...]]) -> Failure:
    recipe = json.loads(row.recipe)
    return Failure(
        take_id=row.id,
        model=recipe["model"],
        kind=recipe["kind"],
        who=tuple(dict.fromkeys(member["handle"] for member in recipe["members"])),
        cost=row.cost,
        seconds=row.seconds,
    )


def verdict_of(score: TakeScore) -> ScoreVerdict | None:
    """That of the worst character; None without one. Whoever is mixed up with somebody does not hold: that is drift."""
    found = {entry.verdict for entry in score.characters}
    worst = next((verdict for verdict in _GRAVEST if verdict in found), None)
    return "drift" if worst == "match" and not score.holds else worst


def _new_places(connection: Connection, fresh: Sequence[Made]) -> dict[str, int]:
    """A free place for each, in the order of time."""
    wanted = {one.take_id: place_of(one.made_at) for one in fresh}
    place = t.creations.c.place
    used = set(connection.execute(select(place).where(place.in_(set(wanted.values())))).scalars())
    found: dict[str, int] = {}
    for one in sorted(fresh, key=lambda one: (one.made_at, one.number, one.take_id)):
        spot = wanted[one.take_id]
        while spot in used:
            following = connection.execute(select(place).where(place == spot + 1)).scalar()
            spot += 1
            if following is not None:
                used.add(spot)
        used.add(spot)
        found[one.take_id] = spot
    return found


def _row(made: Made) -> dict[str, object]:
    return {name: getattr(made, name) for name in _AS_IT_IS} | {
        "who": who_to_json(made.who),
        "picked": int(made.picked),
        "tags": json.dumps(made.tags, ensure_ascii=False),
    }


_AS_IT_IS = [column.name for column in t.creations.columns if column.name not in ("place", "who", "picked", "tags")]


def _share(
    one: Row[tuple[object, ...]] | Made, *, place: int, who: tuple[tuple[str, str | None], ...], tags: Sequence[str]
) -> Share:
    return Share(
        place=place,
        model=one.model,
        kind=one.kind,
        verdict=one.verdict,
        who=who,
        cost=one.cost,
        seconds=one.seconds,
        tags=tuple(tags),
    )
