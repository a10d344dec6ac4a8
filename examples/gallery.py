"""Makes the pictures of docs/gallery.md: `./run` once, then `.venv/bin/python examples/gallery.py [FOLDER]`.

Everything goes through the public API, as a user's own script would; the cast is the demo's.
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from samecast import Order, Studio, open_studio
from samecast.settings import Settings

SHOTS = {
    "alley": "Slow tracking shot following @eileen walking through a neon-lit Tokyo alley at night in heavy rain, "
    "steam rising from a ramen vendor, shallow depth of field, shot on 35mm, 9:16",
    "forest": "Medium close-up of @eileen in a forest at dawn, god rays, shot on 50mm, 16:9",
    "rooftop": "Medium close-up of @eileen on a rooftop at golden hour, backlit, shot on 85mm, 4:5",
    "beach": "Medium shot of @eileen on a beach at dusk, warm light, shot on 35mm, 3:2",
    "spacecraft": "Medium close-up of @eileen on the bridge of a spaceship, cold light, shot on 40mm, 21:9",
    "mountains": "Medium close-up of @eileen in the mountains at golden hour, shot on 50mm, 1:1",
    "noir": "Close-up of @eileen in a bar at night, film noir, black and white, shot on 85mm, 4:5",
    "cafe": "Medium close-up of @eileen and @chelsea in a cafe by day, shot on 50mm, 16:9",
}
SEED = 11
LONGEST = 1200


def cast(studio: Studio) -> None:
    studio.casting.add([studio.sample("astronaut.png")], name="Eileen")
    studio.casting.add([studio.sample("chelsea.png")], name="Chelsea")


def shoot(studio: Studio, name: str, prompt: str, folder: Path, work: Path) -> None:
    plan = studio.shooting.plan(Order(prompt=prompt, kind="image", takes=1, seed=SEED, out=work / name))
    shot = studio.shooting.run(studio.shooting.start(plan))
    picture = Image.open(str(shot.takes[0].path)).convert("RGB")
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    picture.save(folder / f"{name}.jpg", quality=88, optimize=True)
    print(f"{name}: {'; '.join(shot.takes[0].notes) or 'as asked'}")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, open_studio(Settings(home=Path(name) / "home")) as studio:
        cast(studio)
        for shot, prompt in SHOTS.items():
            shoot(studio, shot, prompt, folder, Path(name))


if __name__ == "__main__":
    main()
