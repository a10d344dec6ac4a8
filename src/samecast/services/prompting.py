"""Prompts to begin from: the pack by genre, kind and words, filled in for a character, each with its still; and the
portrait formula as a form.

What the prompts say is data (`core.prompt_pack`); shooting them is `shooting`'s, drafting from a portrait `drafting`'s.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from samecast.core.brief import Brief
from samecast.core.errors import NotFound
from samecast.core.lexicon import Lexicon
from samecast.core.lint import Described, Finding, lint
from samecast.core.mentions import CastName
from samecast.core.portrait import PortraitPrompt, PortraitSlots, portrait_prompt
from samecast.core.portrait_slots import read_slots
from samecast.core.prompt import read_brief
from samecast.core.prompt_pack import Genre, PromptPack, ReadyKind, ReadyPrompt, Slot
from samecast.ports import Media, ModelProfile
from samecast.services.casting import Casting

STILLS_SAY = (
    "A still is the storyboard's, of the demo's astronaut: it shows place, hour, weather, light and framing. Face and "
    "clothes are the photograph's; props and gestures are not drawn."
)
"""What every still has to be shown with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A model that a prompt is recommended for, and whether that model takes its negative prompt."""

    profile: ModelProfile
    takes_negative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A prompt for one character, what it is understood to ask for, and what the lint finds in it."""

    text: str
    brief: Brief
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompting:
    """`stills`: a folder with one WebP for each prompt, by id, and `notes.toml`."""

    pack: PromptPack
    stills: Traversable
    models: Mapping[str, ModelProfile]
    casting: Casting
    lexicon: Lexicon
    media: Media

    @property
    def genres(self) -> tuple[Genre, ...]:
        return self.pack.genres

    def find(
        self, *, genre: str | None = None, kind: ReadyKind | None = None, words: str = ""
    ) -> tuple[ReadyPrompt, ...]:
        """Prompts of a genre, of a kind, with all of the words in them. Raises `NotFound` for a genre there is not."""
        return self.pack.find(genre=genre, kind=kind, words=words)

    def get(self, wanted: str) -> ReadyPrompt:
        """One prompt by its id. Raises `NotFound`, naming the nearest."""
        return self.pack.get(wanted)

    def choices(self, ready: ReadyPrompt) -> tuple[Choice, ...]:
        """The recommended models that there are here, the first choice first.

        Where none takes a negative prompt, the prompt's own is optional: for whatever other model does.
        """
        profiles = [self.models[model] for model in ready.models if model in self.models]
        return tuple(Choice(profile=profile, takes_negative=takes_negative(profile)) for profile in profiles)

    def fill(self, wanted: str, handle: str) -> Filled:
        """A prompt for a member of the cast. Raises `NotFound` for a prompt or a character there is not."""
        ready, character = self.get(wanted), self.casting.get(handle)
        text, version = ready.of(character.handle), character.current
        described = Described(
            handle=character.handle, name=character.name, description=version.description, anchors=version.anchors
        )
        return Filled(
            text=text,
            brief=read_brief(text, [CastName(handle=character.handle, name=character.name)], self.lexicon),
            findings=tuple(lint(text, [described], self.lexicon)),
        )

    # --- stills -----------------------------------------------------------------------------------------------------

    def still(self, wanted: str) -> bytes:
        """The prompt's still: WebP, at most 640 pixels on the longer side. Raises `NotFound`."""
        file = self.stills.joinpath(f"{self.get(wanted).id}.webp")
        if not file.is_file():
            raise NotFound(f"The still of '{wanted}' is missing.", hint="Install samecast again: it ships with it.")
        return file.read_bytes()

    def still_notes(self, wanted: str) -> tuple[str, ...]:
        """What the storyboard said it could not show as asked, in sentences. Raises `NotFound`."""
        notes = tomllib.loads(self.stills.joinpath("notes.toml").read_text(encoding="utf-8"))
        return tuple(notes.get(self.get(wanted).id, ()))

    def save_still(self, wanted: str, path: Path) -> None:
        """Raises `NotFound`, and `StorageFailed` for a bad disk."""
        self.media.write_bytes(path, self.still(wanted))

    # --- the portrait formula ---------------------------------------------------------------------------------------

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The formula as a form, in its own order, each slot with a hint and an example."""
        return self.pack.slots

    def portrait(self, slots: PortraitSlots) -> PortraitPrompt:
        """The formula filled in, and what is missing or vague. Raises `InvalidInput` for slots too long to be ones."""
        return portrait_prompt(slots, self.lexicon)

    def slots_of(self, text: str) -> PortraitSlots:
        """Slots from text, as `core.portrait_slots.write_slots` writes it. Raises `InvalidInput`."""
        return read_slots(text)


def takes_negative(profile: ModelProfile) -> bool:
    """Whether a model can be told what is not to be seen; any other refuses the option."""
    return any(option.name == "negative" for option in profile.options)
