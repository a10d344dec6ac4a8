"""Takes made by Mage: submitted under a key that is never charged twice, waited for, fetched.

Characters are kept at Mage and named by their handle where the model knows them, else their pictures go with the
request. How a request is made up is `body`'s, what an error means `wire`'s.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from uuid import NAMESPACE_URL, uuid5

from samecast.core.errors import RenderFailed, SamecastError, StorageFailed, SubmissionUnsure
from samecast.models.hosted import plain
from samecast.models.hosted.fetching import fetch
from samecast.models.hosted.plain import Answer, Cut, Patience, Tree, base_of, branch, number, text
from samecast.models.hosted.spool import Spool
from samecast.models.hosted.words import line, lost, no_network, refused
from samecast.models.mage.body import Shape, Shown, fields, shape_of, shown
from samecast.models.mage.characters import Characters
from samecast.models.mage.uploads import Uploads, encoded
from samecast.models.mage.wire import (
    AGAIN,
    BASE,
    BASE_VARIABLE,
    KEY,
    PROVIDER,
    Wire,
    code,
    meant,
    packed,
    recorded,
    said,
)
from samecast.ports import ModelProfile, Render, Rendered
from samecast.ports.plugins import Parts

_KEYS = uuid5(NAMESPACE_URL, "samecast/mage")
_TICKET = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:~(\d{1,4}))?")
_QUIET_SECONDS = 5.0
"""For how long no job is asked for where Mage is asked too often, and does not say itself."""
_FIRM = frozenset({400, 402, 403, 404, 410, 413, 415, 422, 451})
"""Refusals that say that nothing was begun, whatever was sent before with the same key."""


class MageEngine:
    """`HostedEngine`. Its tickets are Mage's own request ids, and how many references were left out."""

    def __init__(
        self,
        profile: ModelProfile,
        parts: Parts,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._profile, self._parts = profile, parts
        self._sleep, self._clock = sleep, clock
        self._wire = Wire(parts.keys, sleep)
        self._characters = Characters(parts.home / "mage", self._wire, clock)
        self._sent = Spool(parts.home / "mage" / "requests")
        self._quiet_until = 0.0

    @property
    def version(self) -> str:
        return f"1 {self._shape.variant or self._shape.architecture}"

    @cached_property
    def _shape(self) -> Shape:
        return shape_of(self._profile)

    def check(self) -> None:
        plain.check_installed(PROVIDER, "mage")
        shape_of(self._profile)
        base_of(BASE_VARIABLE, BASE)
        self._parts.keys.get(KEY)

    # --- submitting -----------------------------------------------------------------------------------------------

    def submit(self, order: Render, key: str) -> str:
        """Submitted again with the same key, Mage answers with the job that it has begun, and charges nothing."""
        patience = Patience(order.on_step, self._sleep)
        told, body = self._asked(order, patience)
        try:
            answer = self._send(body, str(uuid5(_KEYS, key)), patience)
        except SamecastError:
            self._characters.doubt()  # one may have been deleted there
            raise
        request = text(answer.tree, "request_id")
        if not _TICKET.fullmatch(request) or "~" in request:
            raise _unsure("its answer names no request")
        ticket = f"{request}~{told.left}" if told.left else request
        with suppress(StorageFailed):  # asked again with the key, Mage says the same
            self._sent.keep(key, ticket.encode())
        return ticket

    def _asked(self, order: Render, patience: Patience) -> tuple[Shown, Tree]:
        recipe, shape, profile = order.recipe, self._shape, self._profile
        told = shown(recipe, profile, shape, {member.handle: member.handle for member in recipe.members})
        names = list(dict.fromkeys([*told.pictures, *told.frames.values()]))
        blank = fields(recipe, profile, shape, told, dict.fromkeys(names, ""))  # refused before anybody is made there
        if shape.characters and recipe.members:
            told = shown(recipe, profile, shape, self._characters.handles(recipe.members, order.references, patience))
        contents = [encoded(order.references[name]) for name in names]
        urls = dict(zip(names, Uploads(self._wire).placed(contents, beside=len(packed(blank))), strict=True))
        return told, fields(recipe, profile, shape, told, urls)

    def _send(self, body: Tree, key: str, patience: Patience) -> Answer:
        """Send it until Mage answers. Once it may have arrived, nothing but Mage's word ends that doubt."""
        path = f"/v1/{self._shape.architecture}/generate"
        unsure, failures = False, 0
        while True:
            try:
                answer = self._wire.send("POST", path, body=body, headers={"Idempotency-Key": key})
            except Cut as cut:
                unsure = unsure or cut.sent
                why: SamecastError = no_network(PROVIDER, cut)
            else:
                if answer.fine:
                    return answer
                if recorded(answer) or answer.status in _FIRM:
                    raise _firm(answer)
                if answer.status == 429 and not unsure and patience.wait(answer.retry_after):
                    continue
                why = meant(answer)
                if answer.status < 500 and answer.status != 408:
                    failures = plain.TRIES
                elif answer.status != 503 and not code(answer):  # not Mage's own words: somebody's on the way
                    unsure = True
            failures += 1
            if failures >= plain.TRIES:
                raise _unsure(why.message) if unsure else why
            self._sleep(0.5 * 2.0**failures)

    def find(self, key: str) -> str | None:
        """What was put down here. Mage cannot be asked by key: submitted again with it, it says the same."""
        content = self._sent.get(key)
        return content.decode() if content is not None else None

    # --- collecting -----------------------------------------------------------------------------------------------

    def collect(self, ticket: str) -> Rendered | None:
        if self._clock() < self._quiet_until:
            return None
        request, left = _read(ticket)
        try:
            answer = self._wire.send("GET", f"/v1/requests/{request}/status")
        except Cut as cut:
            raise no_network(PROVIDER, cut) from cut
        if answer.status == 429:
            self._quiet_until = self._clock() + min(answer.retry_after or _QUIET_SECONDS, plain.PATIENCE)
            return None
        if answer.status in (404, 410):
            raise lost(PROVIDER)
        if not answer.fine:
            raise meant(answer)
        match text(answer.tree, "status"):
            case "completed":
                return self._rendered(answer.tree, left)
            case "failed":
                raise _failed(answer.tree)
            case "cancelled":
                raise RenderFailed(f"This take was cancelled at {PROVIDER}, which charges for it.", hint=AGAIN)
            case _:
                return None

    def _rendered(self, tree: Tree, left: int) -> Rendered:
        result = branch(tree, "result")
        if text(result, "type") not in self._profile.kinds or not text(result, "url"):
            raise RenderFailed(f"{PROVIDER} names no {' or '.join(self._profile.kinds)} that it made.", hint=AGAIN)
        with plain.client() as client:
            file = fetch(client, text(result, "url"), provider=PROVIDER, near=self._wire.base)
        gems = number(branch(tree, "billing"), "gems_charged")
        notes = [f"{PROVIDER} charged {gems:g} gems."] if gems is not None else []
        if branch(result, "moderation").get("nsfw") is True:
            notes.append(f"{PROVIDER} marks this take as not safe for work.")
        if left:
            notes.append(f"{left} further reference{'s' if left > 1 else ''} had no room in the request.")
        return Rendered(file=file, notes=tuple(notes))

    def cancel(self, ticket: str) -> None:
        """Mage charges for what was cancelled."""
        answer = self._wire.safely("POST", f"/v1/requests/{_read(ticket)[0]}/cancel")
        if not answer.fine and answer.status not in (404, 409, 410):
            raise meant(answer)

    # --- characters -----------------------------------------------------------------------------------------------

    def forget(self, handle: str) -> int:
        """Delete what was made at Mage for our character; how many there were. Twice does no harm."""
        return self._characters.forget(handle)


def _read(ticket: str) -> tuple[str, int]:
    found = _TICKET.fullmatch(ticket)
    if found is None:
        raise lost(PROVIDER)
    return found[1], int(found[2] or 0)


def _firm(answer: Answer) -> SamecastError:
    error = meant(answer)
    if error.retryable:  # put down under this key: it would say the same for ever
        return RenderFailed(f"{PROVIDER} turned this take down: {said(answer)}.", hint=AGAIN, charged=False)
    return error


def _failed(tree: Tree) -> RenderFailed:
    error, billing = branch(tree, "error"), branch(tree, "billing")
    why = text(error, "message") or text(error, "code") or "it does not say why"
    charged = (number(billing, "gems_charged") or 0) > (number(billing, "gems_refunded") or 0)
    if text(error, "code") == "content_blocked":
        return refused(PROVIDER, why, charged=charged)
    return RenderFailed(f"{PROVIDER} could not make this take: {line(why)}.", hint=AGAIN, charged=charged)


def _unsure(why: str) -> SubmissionUnsure:
    return SubmissionUnsure(
        f"{PROVIDER} may or may not have received this take: {line(why)}.",
        hint="Look there first; then have it made with: samecast shots retry SHOT",
    )
