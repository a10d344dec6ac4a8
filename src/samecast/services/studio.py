"""The public face of samecast in Python: one object with the use cases on it. `samecast.open_studio()` makes one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from samecast.core.lexicon import Lexicon
from samecast.ports import ModelProfile
from samecast.ports.serving import Place
from samecast.ports.watching import Watching
from samecast.services.casting import Casting
from samecast.services.closeups import Closeups
from samecast.services.comparing import Comparing
from samecast.services.creations import Creations
from samecast.services.drafting import Drafting
from samecast.services.encoders import Encoders
from samecast.services.estimating import Estimating
from samecast.services.fitting import Fitting
from samecast.services.keeping import Keeping
from samecast.services.keyframing import Keyframing
from samecast.services.modelling import Modelling
from samecast.services.moving import Moving
from samecast.services.picking import Picking
from samecast.services.producing import Producing
from samecast.services.prompting import Prompting
from samecast.services.receiving import Receiving
from samecast.services.reporting import Reporting
from samecast.services.retaking import Retaking
from samecast.services.scoring import Scoring
from samecast.services.screen_testing import ScreenTesting
from samecast.services.sending import Sending
from samecast.services.sheeting import Sheeting
from samecast.services.shooting import Shooting
from samecast.services.showing import Showing
from samecast.services.travelling import Travelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that `doctor` looked at: whether it is well, and what to do where it is not."""

    name: str
    well: bool
    said: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """Casting, scoring, reporting, shooting and producing on one library. Close it when done."""

    casting: Casting
    scoring: Scoring
    reporting: Reporting
    encoders: Encoders
    shooting: Shooting
    keyframing: Keyframing
    drafting: Drafting
    screen_testing: ScreenTesting
    sheeting: Sheeting
    producing: Producing
    picking: Picking
    retaking: Retaking
    estimating: Estimating
    watching: Watching
    creations: Creations
    keeping: Keeping
    moving: Moving
    travelling: Travelling
    models: Mapping[str, ModelProfile]
    fitting: Fitting
    modelling: Modelling
    comparing: Comparing
    prompting: Prompting
    lexicon: Lexicon
    showing: Showing
    closeups: Closeups
    receiving: Receiving
    sending: Sending
    serve: Callable[["Studio", Place], None]
    """Serve the studio in the browser until told to end."""
    home: Path
    """The folder everything is kept in unless said otherwise."""
    sample: Callable[[str], Path]
    """A picture that ships with the installation, by file name, for the demo."""
    check: Callable[[], list[Check]]
    close: Callable[[], None]

    def __enter__(self) -> "Studio":
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()
