"""How far the meter can be trusted: faces, other subjects, degradations, who is who, anchors, copies, clips, selection.

Every part measures one thing and prints a Markdown section; `--write FILE` keeps them, `PART...` runs some. Parts that
need the pictures to measure on skip, saying so, where these are not here.
"""

import argparse
import importlib
import time
from pathlib import Path

PARTS = (
    "faces",
    "turns",
    "degradations",
    "covering",
    "speed",
    "appearance",
    "who",
    "anchors",
    "copies",
    "best_of_n",
    "clips",
)

HEAD = """# How far the meter can be trusted

What `./run bench meter` printed, on two cores, on photographs kept beside the repository, which do not belong to it.
[What a consistency number means](consistency.md) explains the words. Most limits were set while looking at the same
pictures; where a table says *out of fold*, what is tried was not fitted to."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all of them where none is named")
    asked.add_argument("--write", type=Path, metavar="FILE", help="also keep the sections in a Markdown file")
    chosen = asked.parse_args()
    unknown = sorted(set(chosen.parts) - set(PARTS))
    if unknown:
        asked.error(f"there is no part {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    sections = []
    for part in chosen.parts or PARTS:
        began = time.perf_counter()
        section = importlib.import_module(f"benchmarks.measuring.{part}").measure()
        print(f"{section}\n\n({part}: {time.perf_counter() - began:.0f} s)\n", flush=True)
        sections.append(section.strip())
    if chosen.write:
        chosen.write.write_text("\n\n".join([HEAD, *sections]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
