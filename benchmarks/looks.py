"""How well `samecast library similar` finds a picture again that was mirrored, cropped, regraded: `./run bench looks`.

The photographs (../shared/eval) do not belong to the project: where they are absent it says so and stops. All of them,
and 40 crops at random of each, are kept in a library on SQLite; then each is changed, and looked for as users do. Crops
of the very photograph that is looked for are no mistakes, and not counted. The last row asks with all crops left out:
another photograph of the same thing.
"""

import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from samecast.library import open_library
from samecast.library.looks_sqlite import SqliteCodes
from samecast.ports import Pixels
from samecast.ports.creations import Look
from samecast.services.creations import CANDIDATES
from samecast.settings import Settings
from samecast.vision.looks import LayoutLooks

EVAL = Path(__file__).resolve().parents[2] / "shared" / "eval"
SIDE = 384
CROPS = 40
LIKEST = 12
LOOKS = LayoutLooks()
Change = Callable[[Pixels], Pixels]


def main() -> None:
    if not EVAL.is_dir():
        sys.exit("Skipped: the pictures to measure on (../shared/eval) are not here.")
    paths = [path for path in sorted(EVAL.glob("*/*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    pictures = [_read(path) for path in paths]
    lots = random.Random(7)
    own = [LOOKS.look([rgb]) for rgb in pictures]
    crops = {f"crop-{n}-{m}": LOOKS.look([crop(rgb, lots)]) for n, rgb in enumerate(pictures) for m in range(CROPS)}
    kept = {f"own-{n}-": look for n, look in enumerate(own)} | crops
    print(f"{len(pictures)} photographs among {len(crops)} crops of them; {CANDIDATES} candidates\n")
    print("| The picture, | comes first | is among the first 5 |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="samecast-bench-") as folder:
        shelf = Shelf(Path(folder), kept)
        for name, change in CHANGES.items():
            ranks = [
                shelf.rank(LOOKS.look([change(rgb)]), [f"own-{n}-"], but=f"crop-{n}-") for n, rgb in enumerate(pictures)
            ]
            print(row(name, ranks), flush=True)
        found = {count: recall(shelf, kept, count) for count in (CANDIDATES, 100)}
        shelf.close()
        alone = Shelf(Path(folder) / "alone", {name: look for name, look in kept.items() if name.startswith("own")})
        things = defaultdict(list)
        for number, path in enumerate(paths):
            if path.parent.name == "dreambooth":
                things[path.name.rpartition("__")[0]].append(f"own-{number}-")
        asked = [(name, names) for names in things.values() for name in names]
        ranks = [alone.rank(kept[name], [n for n in names if n != name], but=name) for name, names in asked]
        print(row(f"another photograph of the same thing ({len(ranks)} photographs)", ranks))
        alone.close()
    told = ", ".join(f"{count} have {100 * share:.0f}%" for count, share in found.items())
    print(f"\nOf the {LIKEST} likest of all that is kept, as many candidates as: {told}")


def recall(shelf: "Shelf", kept: dict[str, Look], count: int) -> float:
    """How much of the likest by their vectors is among the `count` whose codes are nearest, over every 23rd look."""
    names, looks = list(kept), list(kept.values())
    shares = []
    for own in names[::23]:
        apart = dict(zip(names, LOOKS.distances(kept[own], looks), strict=True))
        likest = set(sorted(apart, key=lambda name: (name != own, apart[name]))[1 : LIKEST + 1])
        near = {name for name, _ in shelf.nearest(kept[own], count + 1)}
        shares.append(len(likest & near) / LIKEST)
    return sum(shares) / len(shares)


class Shelf:
    """A library with these looks, and nothing else."""

    def __init__(self, home: Path, kept: dict[str, Look]) -> None:
        self._library, self._codes = open_library(Settings(home=home)), SqliteCodes()
        with self._library.database.write() as connection:
            self._codes.put(connection, list(kept.items()))

    def nearest(self, look: Look, count: int) -> list[tuple[str, Look]]:
        with self._library.database.read() as connection:
            return self._codes.nearest(connection, look, count)

    def rank(self, look: Look, wanted: Sequence[str], *, but: str) -> int:
        """Where the first of those that are wanted comes, from 1, not counting names that begin with `but`.

        A large number where none does.
        """
        near = [(name, other) for name, other in self.nearest(look, CANDIDATES) if not name.startswith(but)]
        apart = dict(zip((name for name, _ in near), LOOKS.distances(look, [o for _, o in near]), strict=True))
        ranked = sorted(apart, key=lambda name: (apart[name], name))
        return min((ranked.index(name) + 1 for name in wanted if name in apart), default=10**6)

    def close(self) -> None:
        self._library.close()


def row(name: str, ranks: Sequence[int]) -> str:
    first, five = (100 * sum(rank <= most for rank in ranks) / len(ranks) for most in (1, 5))
    return f"| {name} | {first:.1f}% | {five:.1f}% |"


# --- changes: H x W x 3, uint8, RGB, to the same ------------------------------------------------------------------


def crop(rgb: Pixels, lots: random.Random) -> Pixels:
    share = lots.uniform(0.35, 0.9)
    height, width = (int(side * share) for side in rgb.shape[:2])
    top, left = lots.randint(0, rgb.shape[0] - height), lots.randint(0, rgb.shape[1] - width)
    return rgb[top : top + height, left : left + width]


def cut(share: float, *, off_centre: bool) -> Change:
    """Without so much of its width and height: half of that at each side, or all of it at the top and the left."""

    def change(rgb: Pixels) -> Pixels:
        down, across = (int(side * share) for side in rgb.shape[:2])
        if off_centre:
            return rgb[down:, across:]
        return rgb[down // 2 : rgb.shape[0] - down // 2, across // 2 : rgb.shape[1] - across // 2]

    return change


def toned(red: float, green: float, blue: float, *, light: float = 1.0) -> Change:
    factors = light * np.array([red, green, blue], np.float32)
    return lambda rgb: np.clip(rgb.astype(np.float32) * factors, 0, 255).astype(np.uint8)


def recompressed(rgb: Pixels) -> Pixels:
    packed = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 20])[1]
    read = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    assert read is not None
    return _rgb(read)


def grey(rgb: Pixels) -> Pixels:
    return np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8)


CHANGES: dict[str, Change] = {
    "mirrored": lambda rgb: rgb[:, ::-1],
    "recompressed (JPEG 20)": recompressed,
    "a quarter of the size": lambda rgb: _rgb(cv2.resize(rgb, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), 1),
    "blurred": lambda rgb: _rgb(cv2.GaussianBlur(rgb, (0, 0), 3.0), 1),
    "cropped by a tenth each way": cut(0.1, off_centre=False),
    "darker": toned(1, 1, 1, light=0.6),
    "in teal": toned(0.75, 1.0, 1.1),
    "in warm tones": toned(1.2, 1.0, 0.7),
    "in grey": grey,
    "mirrored, cropped by an eighth and regraded": lambda rgb: toned(1.1, 1.0, 0.8, light=0.85)(
        cut(0.125, off_centre=False)(rgb[:, ::-1])
    ),
    "a fifth cut off above and at the left": cut(0.2, off_centre=True),
    "three tenths cut off above and at the left": cut(0.3, off_centre=True),
}


def _read(path: Path) -> Pixels:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise SystemExit(f"{path.name} cannot be read.")
    share = SIDE / max(bgr.shape[:2])
    return _rgb(cv2.resize(bgr, None, fx=share, fy=share, interpolation=cv2.INTER_AREA))


def _rgb(pixels: "cv2.typing.MatLike", step: int = -1) -> Pixels:
    """From OpenCV's BGR, or as it is with `step` 1."""
    return np.ascontiguousarray(pixels[..., ::step]).astype(np.uint8)


if __name__ == "__main__":
    main()
