"""Black Forest Labs: FLUX models of theirs over plain HTTP. Which fields a model takes is its entry's `setup`.

A take is submitted once: there is no key that they would know it again by, so a connection that breaks meanwhile
leaves it unsure whether it is being made. Its ticket is the address where they say it is to be asked for.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from samecast.core.errors import InvalidInput, KeyRefused, RenderFailed, SamecastError, SubmissionUnsure
from samecast.core.recipe import Recipe
from samecast.models.hosted import plain
from samecast.models.hosted.fetching import fetch
from samecast.models.hosted.pictures import png, shown
from samecast.models.hosted.plain import Answer, Cut, Patience, Tree, aspect_of, branch, branches, number, text, typed
from samecast.models.hosted.words import by_status, line, lost, no_network, refused
from samecast.ports import ModelProfile, Picture, Render, Rendered
from samecast.ports.plugins import Parts

PROVIDER = "Black Forest Labs"
KEY = "BFL_API_KEY"
BASE, BASE_VARIABLE = "https://api.bfl.ai", "BFL_BASE_URL"
AGAIN = "Have it made again: samecast shots retry SHOT"
MICROS_A_CREDIT = 10_000
"""One credit is a cent (docs.bfl.ai, pricing)."""
_HOST = re.compile(r"(?:[a-z0-9-]+\.)*bfl\.ai")
_PATH = re.compile(r"v1/[a-z0-9][a-z0-9.-]*")
_SEEDS = 1 << 31
_QUIET_SECONDS = 5.0
_BEGUN_NOTHING = frozenset({400, 401, 402, 403, 404, 413, 415, 422, 429, 503})
"""Answers that say that the take was not taken on; of any other error it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The `setup` of a model's entry. `images`: references go into "input_image", "input_image_2" ("numbered") or into
    the list "images" ("list"). `sized`: it takes pixels, else an aspect. `seed`: it takes one. `longest`: pixels of a
    reference's longer side, to which it is shrunk; `least`: what its shorter side then has at the least. `fixed`:
    fields that are always the same.
    """

    path: str
    images: str
    sized: bool = False
    seed: bool = False
    least: int = 64
    longest: int = 1024
    fixed: Mapping[str, object] = field(default_factory=dict)


_KINDS: Mapping[str, type] = {
    "path": str, "images": str, "sized": bool, "seed": bool, "least": int, "longest": int, "fixed": dict,
}  # fmt: skip


def shape_of(profile: ModelProfile) -> Shape:
    """Raises `InvalidInput` for an entry that does not say how its model is asked."""
    tree = dict(profile.setup)
    wrong = [name for name, value in tree.items() if type(value) is not _KINDS.get(name)]
    wrong += [name for name in ("path", "images") if name not in tree]
    if not wrong and tree["images"] not in ("numbered", "list"):
        wrong = ["images"]
    if not wrong and not _PATH.fullmatch(str(tree["path"])):
        wrong = ["path"]
    if wrong:
        raise InvalidInput(
            f"The entry of the model '{profile.id}' is wrong: setup.{wrong[0]}.",
            hint="docs/models-bfl.md says what it may be.",
        )
    return Shape(**tree)  # type: ignore[arg-type]


def build(profile: ModelProfile, parts: Parts) -> "BflEngine":
    return BflEngine(profile, parts)


class BflEngine:
    """`HostedEngine`. Its tickets are polling addresses, with what the take costs behind `#`."""

    def __init__(
        self,
        profile: ModelProfile,
        parts: Parts,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._profile, self._keys = profile, parts.keys
        self._sleep, self._clock = sleep, clock
        self._quiet_until = 0.0

    @property
    def version(self) -> str:
        return f"1 {self._shape.path.removeprefix('v1/')}"

    @cached_property
    def _shape(self) -> Shape:
        return shape_of(self._profile)

    def check(self) -> None:
        plain.check_installed(PROVIDER, "bfl")
        shape_of(self._profile)
        _base()
        self._keys.get(KEY)

    # --- submitting -----------------------------------------------------------------------------------------------

    def submit(self, order: Render, key: str) -> str:
        body = json.dumps(self._fields(order), ensure_ascii=False).encode()
        answer = self._sent(body, Patience(order.on_step, self._sleep))
        url = text(answer.tree, "polling_url")
        if not _theirs(url):
            raise _unsure(f"it is to be asked for at {line(url) or 'no address'}, which is not theirs")
        cost = number(answer.tree, "cost")
        return f"{url}#{cost:g}" if cost is not None else url

    def _sent(self, body: bytes, patience: Patience) -> Answer:
        while True:
            try:
                answer = self._ask("POST", f"{_base()}/{self._shape.path}", body=body)
            except Cut as cut:
                raise _unsure(str(cut)) if cut.sent else no_network(PROVIDER, cut) from cut
            if answer.fine:
                return answer
            if answer.status == 429 and patience.wait(answer.retry_after):
                continue
            if answer.status not in _BEGUN_NOTHING:
                raise _unsure(f"it answered with status {answer.status}")
            raise _meant(answer)

    def _ask(self, method: str, url: str, *, body: bytes = b"") -> Answer:
        key = self._keys.get(KEY)
        kind = {"Content-Type": "application/json"} if body else {}
        return plain.exchange(
            method, url, headers={"x-key": key, "Accept": "application/json", **kind}, secret=key, body=body
        )

    def _fields(self, order: Render) -> dict[str, object]:
        recipe, shape = order.recipe, self._shape
        self._check(recipe)
        body: dict[str, object] = {"prompt": recipe.said, **shape.fixed}
        if shape.sized:
            body |= {"width": recipe.width, "height": recipe.height}
        else:
            body["aspect_ratio"] = aspect_of(recipe, self._profile)
        if shape.seed:
            body["seed"] = recipe.seed % _SEEDS
        known = {option.name: option for option in self._profile.options}
        body |= {name: typed(known[name], value) for name, value in recipe.options if name in known}
        pictures = [self._encoded(picture) for picture in shown(order)]
        if shape.images == "list":
            return body | ({"images": pictures} if pictures else {})
        return body | {f"input_image_{n}" if n > 1 else "input_image": one for n, one in enumerate(pictures, start=1)}

    def _check(self, recipe: Recipe) -> None:
        if recipe.members and not recipe.pictures:
            raise InvalidInput(
                f"The recipe shows {self._profile.id} nobody, so it would invent @{recipe.members[0].handle}.",
                hint="It was made by another samecast: shoot its prompt anew.",
            )
        if recipe.loras:
            raise InvalidInput(
                f"{self._profile.id} takes no LoRAs.", hint="Shoot on another model: samecast models list"
            )

    def _encoded(self, picture: Picture) -> str:
        least, longest = self._shape.least, self._shape.longest
        short, long = sorted((picture.width, picture.height))
        if round(short * min(1.0, longest / long)) < least:
            raise InvalidInput(
                f"A reference of {picture.width} x {picture.height} pixels is too small, or too long, for "
                f"{self._profile.id}: it takes {least} a side, of at most {longest}.",
                hint="Give the character another one: samecast cast edit",
            )
        return base64.b64encode(png(picture, longest=longest)).decode()

    def find(self, key: str) -> str | None:
        """They know no job by our key."""
        return None

    # --- collecting -----------------------------------------------------------------------------------------------

    def collect(self, ticket: str) -> Rendered | None:
        if self._clock() < self._quiet_until:
            return None
        url, _, cost = ticket.partition("#")
        if not _theirs(url):  # the key goes there
            raise lost(PROVIDER)
        try:
            answer = self._ask("GET", url)
        except Cut as cut:
            raise no_network(PROVIDER, cut) from cut
        if answer.status == 429:
            self._quiet_until = self._clock() + min(answer.retry_after or _QUIET_SECONDS, plain.PATIENCE)
            return None
        if answer.status in (404, 410):
            raise lost(PROVIDER)
        if not answer.fine:
            raise _meant(answer)
        match text(answer.tree, "status"):
            case "Ready":
                return self._rendered(answer.tree, cost)
            case "Request Moderated" | "Content Moderated" as status:
                raise refused(PROVIDER, _moderated(answer.tree, status), charged=True)
            case "Error" | "Failed":
                raise RenderFailed(f"{PROVIDER} could not make this take{_why(answer.tree)}.", hint=AGAIN)
            case "Task not found":
                raise lost(PROVIDER)
            case _:  # Pending, Reasoning, Generating, and what they may call it tomorrow
                return None

    def _rendered(self, tree: Tree, submitted: str) -> Rendered:
        sample = text(branch(tree, "result"), "sample")
        if not sample:
            raise RenderFailed(f"{PROVIDER} names no picture that it made.", hint=AGAIN)
        with plain.client() as client:
            file = fetch(client, sample, provider=PROVIDER, near=_base())
        credits = number(tree, "cost")
        if credits is None:
            credits = float(submitted) if re.fullmatch(r"[0-9.]{1,12}", submitted) else None
        if credits is None:
            return Rendered(file=file)
        return Rendered(
            file=file, cost=round(credits * MICROS_A_CREDIT), notes=(f"{PROVIDER} charged {credits:g} credits.",)
        )

    def cancel(self, ticket: str) -> None:
        """They cannot be told to stop: what was submitted is made, and charged."""


def _base() -> str:
    return plain.base_of(BASE_VARIABLE, BASE)


def _theirs(url: str) -> bool:
    """Whether the key may go there: a host of theirs; or this machine, where they are told to be on it."""
    if not plain.private(url):
        return False
    host = urlsplit(url).hostname or ""
    if host in plain.HERE:
        return urlsplit(_base()).hostname in plain.HERE
    return urlsplit(url).scheme == "https" and urlsplit(url).port in (None, 443) and bool(_HOST.fullmatch(host))


def _meant(answer: Answer) -> SamecastError:
    words = _said(answer.tree) or answer.text
    if answer.status == 402:
        return KeyRefused(
            f"{PROVIDER} has no credits left for this account.", hint="Add some there, then: samecast shots retry SHOT"
        )
    return by_status(PROVIDER, answer.status, words, key=KEY)


def _said(tree: Tree) -> str:
    """What is wrong, field by field where they say so; never what was sent."""
    fields = branches(tree, "detail")
    if fields:
        return "; ".join(f"{_place(one)}{text(one, 'msg')}" for one in fields)
    return text(tree, "detail") or text(tree, "message") or text(tree, "error")


def _place(one: Tree) -> str:
    place = one.get("loc")
    return f"{place[-1]}: " if isinstance(place, list) and place and isinstance(place[-1], str) else ""


def _moderated(tree: Tree, status: str) -> str:
    reasons = plain.texts(branch(tree, "details"), "Moderation Reasons")
    return f"{status}: {', '.join(reasons)}" if reasons else status


def _why(tree: Tree) -> str:
    words = line(_said(tree) or _said(branch(tree, "details")) or _said(branch(tree, "result")))
    return f": {words}" if words else ""


def _unsure(why: str) -> SubmissionUnsure:
    return SubmissionUnsure(
        f"{PROVIDER} may or may not have received this take: {line(why)}.",
        hint="Look there first; then have it made with: samecast shots retry SHOT",
    )
