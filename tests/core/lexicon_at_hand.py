"""The lexicon samecast ships, parsed once, for the tests that read with it."""

from pathlib import Path

import samecast.core
from samecast.core.lexicon import Lexicon

TEXT = (Path(samecast.core.__path__[0]) / "lexicon.toml").read_text(encoding="utf-8")
LEXICON = Lexicon.parse(TEXT)
