"""The stills of the ready prompts, drawn anew by the storyboard: `./run bench stills [ID]... [--write]`.

Every prompt of `core/prompts.toml` is shot as one image of the demo's astronaut, reduced, and compared with the still
that samecast ships; `--write` replaces what differs, and keeps what the engine says it could not show as asked in
`notes.toml`. Then look at what changed: numbers do not see whether a still is worth showing.
"""

import argparse
import io
import json
import tempfile
import time
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from samecast import Order, Studio, open_studio
from samecast.core.prompt_pack import ReadyPrompt
from samecast.ports import Pixels
from samecast.settings import Settings

STILLS = Path(str(resources.files("samecast.core"))) / "stills"
HANDLE = "eileen"
LONGEST, QUALITY = 640, 76
CLOSE = 3.0
"""Levels of 255, the mean over a still of 64 pixels: what WebP and another machine's rounding may change."""


def cast(studio: Studio) -> None:
    """The demo's astronaut, whose photograph is in the public domain."""
    studio.casting.add([studio.sample("astronaut.png")], name="Eileen", handle=HANDLE)


def order_of(ready: ReadyPrompt, prompt: str, out: Path) -> Order:
    """One image of the prompt, in the prompt's own shape, on the storyboard."""
    aspect = f"{ready.aspect[0]}:{ready.aspect[1]}"
    return Order(prompt=prompt, kind="image", aspect=aspect, takes=1, seed=ready.seed, out=out)


def draw(studio: Studio, ready: ReadyPrompt, work: Path) -> tuple[Image.Image, tuple[str, ...]]:
    """The prompt's still at its full size, and the engine's notes on it."""
    order = order_of(ready, ready.of(HANDLE), work / ready.id)
    shot = studio.shooting.run(studio.shooting.start(studio.shooting.plan(order)))
    return Image.open(str(shot.takes[0].path)).convert("RGB"), shot.takes[0].notes


def packed(picture: Image.Image) -> bytes:
    """As it is shipped: WebP, 640 pixels on the longer side."""
    small = picture.copy()
    small.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=QUALITY, method=6)
    return buffer.getvalue()


def unlikeness(one: bytes, other: bytes) -> float:
    """How far two stills are apart: mean difference in levels of 255, at 64 pixels; 255 where the sizes differ."""
    first, second = Image.open(io.BytesIO(one)), Image.open(io.BytesIO(other))
    if first.size != second.size:
        return 255.0
    return float(np.abs(_small(first) - _small(second)).mean())


def _small(picture: Image.Image) -> npt.NDArray[np.float64]:
    pixels: Pixels = np.asarray(picture.convert("RGB").resize((64, 64), Image.Resampling.BOX))
    return pixels.astype(np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help="only these prompts")
    parser.add_argument("--write", action="store_true", help="replace the stills that differ, and add those missing")
    parser.add_argument("--folder", type=Path, default=STILLS, help="where the stills are")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    notes = _read_notes(given.folder)
    with tempfile.TemporaryDirectory() as name, open_studio(Settings(home=Path(name) / "home")) as studio:
        cast(studio)
        chosen = [studio.prompting.get(wanted) for wanted in given.ids] or studio.prompting.find()
        print("| still | seconds | KB | levels apart | the storyboard's notes |\n|---|---|---|---|---|")
        for ready in chosen:
            begun = time.perf_counter()
            picture, notes[ready.id] = draw(studio, ready, Path(name))
            still, path = packed(picture), given.folder / f"{ready.id}.webp"
            apart = unlikeness(still, path.read_bytes()) if path.exists() else None
            if given.write and (apart is None or apart > CLOSE):
                path.write_bytes(still)
            print(_row(ready.id, time.perf_counter() - begun, still, apart, notes[ready.id]), flush=True)
        known = {ready.id for ready in studio.prompting.find()}
    if given.write:
        _write_notes(given.folder, {name: told for name, told in notes.items() if told and name in known})
    stills = list(given.folder.glob("*.webp"))
    print(f"\n{len(stills)} stills, {sum(path.stat().st_size for path in stills) / 1e6:.2f} MB")
    for path in stills:
        if path.stem not in known:
            print(f"{path.name} belongs to no prompt.")


def _row(name: str, seconds: float, still: bytes, apart: float | None, notes: tuple[str, ...]) -> str:
    told = "missing" if apart is None else f"{apart:.1f}"
    return f"| {name} | {seconds:.1f} | {len(still) / 1e3:.0f} | {told} | {' '.join(notes) or 'as asked'} |"


def _read_notes(folder: Path) -> dict[str, tuple[str, ...]]:
    path = folder / "notes.toml"
    tree = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: tuple(told) for name, told in tree.items()}


def _write_notes(folder: Path, notes: dict[str, tuple[str, ...]]) -> None:
    head = "# What the storyboard could not show as asked on a still. Made by `./run bench stills --write`.\n\n"
    lines = [f"{name} = {json.dumps([unnamed(note) for note in told])}\n" for name, told in sorted(notes.items())]
    (folder / "notes.toml").write_text(head + "".join(lines), encoding="utf-8")


def unnamed(note: str) -> str:
    """Without who it is about: on a still that is always the same one."""
    return note.removeprefix(f"@{HANDLE}: ")


if __name__ == "__main__":
    main()
