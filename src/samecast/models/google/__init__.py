"""Google's models, over its own SDK: Gemini's pictures, Gemini Omni's clips, and Veo's on a Google Cloud project.

Three endpoints, one module each: `images`, `omni`, `veo`. Which one a model is made on, and how it wants it, is in its
`setup` (`settings`); how they are reached, and what their errors mean, is in `access` and `calls`. Inside this package
`from google import genai` is Google's library.
"""

from samecast.models.google.access import CloudAccess, KeyAccess
from samecast.models.google.calls import Pace
from samecast.models.google.images import Images
from samecast.models.google.omni import Omni
from samecast.models.google.settings import read_setup
from samecast.models.google.veo import Veo
from samecast.models.hosted.spool import Spool
from samecast.ports import HostedEngine, ModelProfile
from samecast.ports.plugins import Parts


def build(profile: ModelProfile, parts: Parts) -> HostedEngine:
    """The engine of the profile's endpoint. Raises `InvalidInput` for a setup that is wrong."""
    setup = read_setup(profile)
    spool = Spool(parts.home / "spool" / "google")
    match setup.endpoint:
        case "generate_content":
            return Images(profile=profile, setup=setup, access=KeyAccess(keys=parts.keys), spool=spool)
        case "interactions":
            pace = Pace(setup.ask_seconds)
            return Omni(profile=profile, setup=setup, access=KeyAccess(keys=parts.keys), spool=spool, pace=pace)
        case "generate_videos":
            return Veo(profile=profile, setup=setup, access=CloudAccess(), spool=spool, pace=Pace(setup.ask_seconds))
