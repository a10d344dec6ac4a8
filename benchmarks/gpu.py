"""Takes a minute of models on this computer beside a plain diffusers script, and what each of our measures adds.

On a GPU the models have their true sizes, and random weights: FLUX.2 klein 4B and 9B, Qwen-Image-Edit, Wan VACE 1.3B.
Without one (or with `--tiny`) they are the tests' tiny ones, whose figures say nothing of a GPU. Each shot has a prompt
and references of its own, so that its first take reads them; loading counts for neither side. Run it with
`./run bench gpu`; docs/models-local.md has what it printed.
"""

import argparse
import gc
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.measuring.local_models import (
    LOCALS,
    REFERENCES,
    Drawn,
    Local,
    load_plain,
    profile_of,
    shot,
    tiny_models,
)
from PIL import Image

from samecast.core.errors import SamecastError
from samecast.models.diffusers.engine import Diffusers
from samecast.models.diffusers.libraries import check_installed, hushed, torch, version_of
from samecast.models.diffusers.loading import Loaded
from samecast.models.diffusers.resident import Company, Resident, Seat
from samecast.models.diffusers.weights import Depot
from samecast.ports import Pixels, Render

GOAL = 1.5
WORTH = 1.03
"""How many times as quick a measure must make takes to be among those that are tried together."""
MEASURES = ("encodings", "batch", "attention", "compile", "cache", "dtype", "memory")
ATTENTION = {"cuda": ("_native_cudnn", "flash", "_flash_3", "sage"), "cpu": ("_native_math",)}
Setup = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to make a shot's takes. `setup`: what the model's entry would say; None: it is the plain script.

    `remembers`: encodings are kept. `measure`: what it shows, over the engine without any.
    """

    name: str
    setup: Setup | None = None
    remembers: bool = False
    measure: str = ""

    @property
    def batched(self) -> bool:
        return "batch" in (self.setup or {})


PLAIN = Way(name="plain diffusers script")
BARE = Way(name="engine, no measure", setup={})


@dataclass(slots=True, kw_only=True)
class Figures:
    """Of one way: seconds and peak bytes of each round; `off`: most and mean levels of 255 from the plain script's.

    On a CPU, which others use as well, seconds are the process's own. `first`: until its first takes were there, by the
    clock, loading and compiling included. `calls`: takes in each call.
    """

    way: Way
    takes: int
    first: float = 0.0
    seconds: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)
    off: list[tuple[int, float]] = field(default_factory=list)
    calls: tuple[int, ...] = ()
    failed: str = ""

    @property
    def each(self) -> float:
        """Seconds for one take, in the median round."""
        return statistics.median(self.seconds) / self.takes

    @property
    def rate(self) -> float:
        """Takes a minute."""
        return 60 / self.each


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is measured: one model in its folder, on one device."""

    local: Local
    folder: Path
    home: Path
    device: str
    tiny: bool
    takes: int
    rounds: int
    steps: int | None
    measures: tuple[str, ...]
    drawn: Drawn | None

    def orders(self, number: int, takes: int) -> list[Render]:
        profile = profile_of(self.local, self.folder, {}, tiny=self.tiny, remembers=True)
        return shot(profile, number, takes, tiny=self.tiny, steps=self.steps)


# --- both sides -------------------------------------------------------------------------------------------------


class Script:
    """What a user writes: the pipeline loaded once, a shot's pictures opened once, a call for each take."""

    calls: tuple[int, ...] = ()

    def __init__(self, ground: Ground) -> None:
        with hushed():
            self._pipe = load_plain(ground.local, ground.folder, ground.device)
        self._call = ground.local.script

    def make(self, orders: Sequence[Render]) -> list[Any]:
        first = orders[0]
        images = [Image.fromarray(first.references[name].rgb) for name in first.recipe.pictures]
        return [self._call(self._pipe, order, images) for order in orders]

    def free(self) -> None:
        self._pipe = None


class Ours:
    """The engine as a worker asks it: of one slot, or with a batch, of as many as there are takes."""

    def __init__(self, ground: Ground, way: Way) -> None:
        self._batched, self._resident = way.batched, Counting()
        setup = dict(way.setup or {})
        if ground.device == "cuda":  # what fills the GPU are other pipelines' weights, and these are the same
            setup = {"memory": "none", **setup}
        profile = profile_of(ground.local, ground.folder, setup, tiny=ground.tiny, remembers=way.remembers)
        self._engine = Diffusers(profile, depot=Depot(ground.home), resident=self._resident)

    @property
    def calls(self) -> tuple[int, ...]:
        return tuple(self._resident.calls)

    def make(self, orders: Sequence[Render]) -> list[Any]:
        self._resident.calls.clear()
        if not self._batched:
            return [self._take(order) for order in orders]
        with ThreadPoolExecutor(len(orders)) as pool:
            return list(pool.map(self._take, orders))

    def _take(self, order: Render) -> list[Pixels]:
        return list(self._engine.render(order).frames)

    def free(self) -> None:
        self._resident.free()


class Counting(Resident[Loaded]):
    """Notes how many takes each call made."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []

    def serve(self, seat: Seat, *, alike: str, most: int, make: Callable[[Company], None]) -> None:
        def noted(company: Company) -> None:
            self.calls.append(len(company.seats))
            make(company)

        super().serve(seat, alike=alike, most=most, make=noted)


# --- ways -------------------------------------------------------------------------------------------------------


def alone(ground: Ground) -> list[Way]:
    """The plain script, the engine without any measure, and with each one alone."""
    local, wanted, ways = ground.local, ground.measures, [PLAIN, BARE]
    if "encodings" in wanted:
        ways.append(Way(name="encodings kept", setup={}, remembers=True))
    tried: list[tuple[str, Setup]] = [("batch", {"batch": ground.takes})] if local.several else []
    tried += [("attention", {"attention": kind}) for kind in ATTENTION[ground.device]]
    tried += [("compile", {"compile": True}), ("cache", {"cache": local.cache})]
    return ways + [Way(name=words(setup), setup=setup, measure=name) for name, setup in tried if name in wanted]


def joined(ground: Ground, found: Sequence[Figures]) -> list[Way]:
    """What made takes quicker alone, together with kept encodings: without what changes pictures, and with it."""
    bare = found[1]
    good = [f for f in found[2:] if f.way.measure and not f.failed and f.rate > WORTH * bare.rate]
    setup: dict[str, object] = {}
    for figures in sorted(good, key=lambda f: f.rate):  # of several ways to attend the quickest comes last, and stays
        if figures.way.measure != "cache" and (figures.way.measure != "compile" or pays(bare, figures)):
            setup |= figures.way.setup or {}
    ways = [Way(name=f"encodings kept, {words(setup)}".rstrip(", "), setup=setup, remembers=True)]
    if any(figures.way.measure == "cache" for figures in good):
        setup = {**setup, "cache": ground.local.cache}
        ways.append(Way(name=f"encodings kept, {words(setup)}", setup=setup, remembers=True))
    return ways


def apart(ground: Ground) -> list[Way]:
    """What has weights of its own, in another precision or place: measured after all others, each by itself."""
    cuda = ground.device == "cuda"
    tried: list[Setup] = [{"dtype": "float32" if cuda else "bfloat16"}]
    tried += [{"memory": kind} for kind in ("model", "group") if cuda]
    return [
        Way(name=f"encodings kept, {words(setup)}", setup=setup, remembers=True)
        for setup in tried
        if set(setup) <= set(ground.measures)
    ]


def words(setup: Setup) -> str:
    """As an entry has it, shortened."""
    said = {"cache": "a cache (other pictures)", "compile": "compile"}
    return ", ".join(said.get(key) or f"{key} = {value}" for key, value in setup.items())


def pays(bare: Figures, compiled: Figures) -> bool:
    """Whether what compiling took was made up for within this run."""
    return (compiled.first - bare.first) < (bare.each - compiled.each) * compiled.takes * len(compiled.seconds)


# --- measuring --------------------------------------------------------------------------------------------------


def run(ground: Ground, ways: Sequence[Way]) -> list[Figures]:
    """All of them loaded and warm, then round after round, each beginning with another. The first is the yardstick."""
    found = [Figures(way=way, takes=ground.takes) for way in ways]
    makers: dict[int, Script | Ours] = {}
    for number, figures in enumerate(found):
        progress(f"  warming up: {figures.way.name}")
        with excused(figures):
            makers[number] = warm(ground, figures)
    if ground.drawn is not None:
        ground.drawn.forget()  # everybody has them by now, and may move its own elsewhere
    for turn in range(ground.rounds):
        progress(f"  round {turn + 1} of {ground.rounds}")
        takes: dict[int, list[list[Pixels]]] = {}
        for number in [(turn + n) % len(found) for n in range(len(found))]:
            with excused(found[number]):
                if not found[number].failed:
                    takes[number] = once(ground, found[number], makers[number], turn)
        for number, made in takes.items():
            if found[0].way is PLAIN:
                found[number].off.append(differing(takes[0], made))
    for maker in makers.values():
        maker.free()
    makers.clear()
    gc.collect()
    if ground.device == "cuda":
        torch().cuda.empty_cache()
    return found


@contextmanager
def excused(figures: Figures) -> Iterator[None]:
    """A measure may be more than this machine or model can do; without the engine itself there is nothing to report."""
    try:
        yield
    except SamecastError as error:
        if figures.way is BARE:
            raise
        figures.failed = error.message.replace("|", "/")


def warm(ground: Ground, figures: Figures) -> Script | Ours:
    """One take of another shot; where takes are made together, a whole shot: other numbers are other work."""
    begun, way = time.perf_counter(), figures.way
    maker = Script(ground) if way.setup is None else Ours(ground, way)
    try:
        maker.make(ground.orders(0, ground.takes if way.batched else 1))
    except SamecastError:
        maker.free()
        raise
    figures.first = time.perf_counter() - begun
    return maker


def once(ground: Ground, figures: Figures, maker: Script | Ours, turn: int) -> list[list[Pixels]]:
    """A round of one way; returns its takes' frames."""
    cuda = torch().cuda if ground.device == "cuda" else None
    orders = ground.orders(turn + 1, ground.takes)
    if cuda is not None:
        cuda.synchronize()
        cuda.reset_peak_memory_stats()
    clock = time.perf_counter if cuda is not None else time.process_time
    begun = clock()
    made = maker.make(orders)  # frames in main memory: nothing is left to wait for
    figures.seconds.append(clock() - begun)
    figures.calls = maker.calls
    if cuda is not None:
        figures.peaks.append(int(cuda.max_memory_allocated()))
    return [[levels(frame) for frame in (take if np.ndim(take) == 4 else [take])] for take in made]


def levels(frame: Any) -> Pixels:
    """Of a picture, or of a clip's frame in 0 to 1, as pipelines hand them out."""
    array = np.asarray(frame)
    return array if array.dtype == np.uint8 else (array * 255).round().astype(np.uint8)


def differing(plain: list[list[Pixels]], made: list[list[Pixels]]) -> tuple[int, float]:
    """The most and the mean levels between both ways' takes; a plain clip has the frame more that the model made."""
    pairs = [pair for both in zip(plain, made, strict=True) for pair in zip(*both, strict=False)]
    off = [np.abs(a.astype(np.int16) - b) for a, b in pairs]
    return max(int(each.max()) for each in off), float(np.mean([each.mean() for each in off]))


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def measure(ground: Ground) -> str:
    with ExitStack() as reading:
        if ground.drawn is not None:
            ground.drawn.write(ground.folder)
            reading.enter_context(ground.drawn.reading())
        else:
            from tests.models.diffusers import tiny

            tiny.build(ground.local.tiny, ground.folder)
        first = run(ground, alone(ground))
        then = run(ground, [PLAIN, *joined(ground, first)])
        last = [figures for way in apart(ground) for figures in run(ground, [way])]
    return section(ground, first, then, last)


# --- the report -------------------------------------------------------------------------------------------------


def section(ground: Ground, first: Sequence[Figures], then: Sequence[Figures], last: Sequence[Figures]) -> str:
    recipe = ground.orders(1, 1)[0].recipe
    frames = f", {recipe.frames} frames" if recipe.kind == "video" else ""
    lines = [
        f"## {ground.local.model}{', a tiny likeness' if ground.tiny else ''}",
        "",
        f"{recipe.width} x {recipe.height}{frames}, {dict(recipe.options)['steps']} steps, {REFERENCES} references; "
        f"{ground.takes} takes of one shot, median of {ground.rounds} rounds.",
        "",
        "| | takes a minute (all rounds) | times plain | over no measure | peak on the GPU | levels off, most / mean |",
        "|---|---|---|---|---|---|",
        *(row(figures, first[0], first[1]) for figures in first),
        "| *together what helped alone, in rounds of their own* | | | | | |",
        *(row(figures, then[0], first[1]) for figures in then),
    ]
    if last:
        lines.append("| *each by itself, after the others* | | | | | |")
        lines += [row(figures, first[0], first[1]) for figures in last]
    return "\n".join([*lines, "", *told(ground, first, then)])


def row(figures: Figures, plain: Figures, bare: Figures) -> str:
    if figures.failed:
        return f"| {figures.way.name} | not here: {figures.failed} | | | | |"
    rates = [60 * figures.takes / seconds for seconds in figures.seconds]
    most = max((most for most, _ in figures.off), default=0)
    mean = statistics.fmean(mean for _, mean in figures.off) if figures.off else 0.0
    cells = [
        figures.way.name,
        f"{figures.rate:.1f} ({min(rates):.1f} to {max(rates):.1f})",
        f"{figures.rate / plain.rate:.2f}",
        f"{figures.rate / bare.rate - 1:+.0%}" if figures.way is not PLAIN else "",
        f"{max(figures.peaks) / 1e9:.1f} GB" if figures.peaks else "",
        (f"{most} / {mean:.2f}" if most else "equal") if figures.off and figures.way is not PLAIN else "",
    ]
    return f"| {' | '.join(cells)} |"


def told(ground: Ground, first: Sequence[Figures], then: Sequence[Figures]) -> Iterator[str]:
    bare = first[1]
    for figures in first:
        if figures.way.batched and not figures.failed:
            calls = " + ".join(map(str, figures.calls))
            yield f"- Asked for all at once of an engine at rest, the batch's takes were made in calls of {calls}."
        if figures.way.measure == "compile" and not figures.failed:
            cost, saved = figures.first - bare.first, bare.each - figures.each
            paid = f"paid back after {cost / saved:.0f} takes" if saved > 0 else "which nothing pays back"
            yield f"- Compiling kept the first take waiting for {cost:.0f} s, {paid}."
    if not ground.local.several:
        yield "- Its pipeline makes one take at a time, so there is no batch."
    tried = [(f.rate / side[0].rate, f.way.name) for side in (first, then[:2]) for f in side if f.way.remembers]
    best, name = max(tried)
    said = "not judged on tiny models" if ground.tiny else "met" if best >= GOAL else "MISSED"
    yield f"- Goal: {GOAL} times plain without other pictures. {best:.2f}, by {name}: {said}."


def machine(device: str) -> str:
    versions = ", ".join(f"{name} {version_of(name)}" for name in ("torch", "diffusers", "transformers"))
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    cores = f"{os.cpu_count()} cores{load}"
    if device == "cuda":
        card = torch().cuda.get_device_properties(0)
        return f"{card.name}, {card.total_memory / 1e9:.0f} GB, CUDA {torch().version.cuda}; {cores}; {versions}"
    return f"{platform.machine()}, {cores}, torch on one of them, whose own time is counted; {versions}"


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [local.model for local in LOCALS]
    parser.add_argument("--model", action="append", choices=names, help="only this one; may be given several times")
    parser.add_argument("--takes", type=int, default=4, help="of one shot (%(default)s)")
    parser.add_argument("--steps", type=int, help="of denoising; as each model's entry says if left out")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--measures", nargs="*", default=MEASURES, choices=MEASURES, help="all if left out")
    parser.add_argument("--tiny", action="store_true", help="tiny models, on a GPU too")
    return parser.parse_args()


def main() -> None:
    chosen = asked()
    try:
        check_installed("ftfy")
    except SamecastError as error:
        raise SystemExit(f"{error.message} In a checkout: ./run with models") from error
    folder = tempfile.TemporaryDirectory()
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = f"{folder.name}/compiled"  # compiling takes what it takes the first time
    device = "cuda" if torch().cuda.is_available() else "cpu"
    tiny = chosen.tiny or device == "cpu"
    if tiny:
        where = "GPU" if device == "cuda" else "CPU"
        print(f"# TINY models of random weights on the {where}: these figures say nothing of real models on a GPU\n")
    else:
        print("# Models at their true sizes, of random weights, on a GPU\n")
    if device == "cpu":
        torch().set_num_threads(1)  # on models so small more are slower, and less steady
    print(f"{machine(device)}\n", flush=True)
    wanted = [local for local in LOCALS if not chosen.model or local.model in chosen.model]
    if tiny:  # one likeness stands for all that share it
        wanted = list({local.tiny: local for local in reversed(wanted)}.values())[::-1]
    with folder as name, ExitStack() as stand_ins:
        if tiny:
            stand_ins.enter_context(tiny_models())
        for local in wanted:
            progress(local.model)
            ground = Ground(
                local=local,
                folder=Path(name) / local.model,
                home=Path(name) / "home",
                device=device,
                tiny=tiny,
                takes=chosen.takes,
                rounds=chosen.rounds,
                steps=chosen.steps,
                measures=tuple(chosen.measures),
                drawn=None if tiny else Drawn(local, device),
            )
            try:
                print(f"{measure(ground)}\n", flush=True)
            except (SamecastError, torch().OutOfMemoryError) as error:
                print(f"## {local.model}\n\nNot measured: {str(error).splitlines()[0]}\n", flush=True)
    if device == "cpu":
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
        print(f"Peak memory of the whole process, all ways together: {most:.1f} GB.")


if __name__ == "__main__":
    main()
