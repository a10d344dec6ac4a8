"""The way in and out: one page with one field, which needs no script, and the end of a session.

`locks.guard` has seen by then that a form comes from our own pages and is small, and has said who asks; `locks.passes`
knows the password.
"""

from dataclasses import dataclass, field
from importlib import resources
from urllib.parse import parse_qs, quote

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment

from samecast.web.locks.addresses import ENTER, LEAVE, way_back
from samecast.web.locks.passes import MOST_PASSWORD, Passes
from samecast.web.locks.policy import PLAIN
from samecast.web.locks.rates import Rate

EVERYBODY = "everybody"
RULES = {"content-security-policy": PLAIN, "cache-control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Wrong passwords that are looked at, of one address and of all together; a right one is not counted."""

    each: Rate = field(default_factory=lambda: Rate(burst=6, per_second=1 / 20))
    all: Rate = field(default_factory=lambda: Rate(burst=60, per_second=1 / 2))

    def begin(self, who: str) -> bool:
        """Whether one more password is looked at; it counts until `right` says otherwise."""
        if not self.each.allows(who):
            return False
        if self.all.allows(EVERYBODY):
            return True
        self.each.refund(who)
        return False

    def right(self, who: str) -> None:
        self.each.refund(who)
        self.all.refund(EVERYBODY)


class Door:
    """`passes` None: no password is needed, and everybody is in already."""

    def __init__(self, passes: Passes | None, tries: Tries | None = None) -> None:
        self._passes = passes
        self._tries = tries or Tries()
        text = (resources.files("samecast.web") / "templates" / "enter.html").read_text(encoding="utf-8")
        self._page = Environment(autoescape=True).from_string(text)

    async def show(self, request: Request) -> Response:
        to = way_back(request.query_params.get("to", "/"))
        if self._passes is None or self._passes.known(_cookies(request)) is not None:
            return RedirectResponse(to, 303)
        # A link elsewhere led here, and browsers send no session along with that. Asked for by ourselves, they do.
        led = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
        return self._shown(to, again=f"{ENTER}?to={quote(to, safe='')}" if led else "")

    async def enter(self, request: Request) -> Response:
        if self._passes is None:
            return RedirectResponse("/", 303)
        said = _form(await request.body())
        to = way_back(said.get("to", ["/"])[0])
        password = said.get("password", [""])[0]
        who = request.client.host if request.client else ""
        if not self._tries.begin(who):
            return self._shown(to, 429, "Too many wrong passwords. Wait a minute, then try again.")
        if len(password) > MOST_PASSWORD or not self._passes.right(password):
            return self._shown(to, 403, "That is not the password.")
        self._tries.right(who)
        return RedirectResponse(to, 303, {"set-cookie": self._passes.cookie(self._passes.give())})

    async def leave(self, request: Request) -> Response:
        if self._passes is None:
            return RedirectResponse("/", 303)
        session = self._passes.known(_cookies(request))
        if session is not None:
            self._passes.end(session)
        copies = {"clear-site-data": '"cache"'} if self._passes.secure else {}  # browsers heed it over TLS alone
        return RedirectResponse(ENTER, 303, {"set-cookie": self._passes.cookie("")} | copies)

    def _shown(self, to: str, status: int = 200, wrong: str = "", again: str = "") -> Response:
        title = "samecast: come in"
        html = self._page.render(title=title, to=to, wrong=wrong, again=again)
        headers = RULES | ({"retry-after": "60"} if status == 429 else {})
        return HTMLResponse(html, status, headers)


def add_routes(app: FastAPI, door: Door) -> None:
    app.add_api_route(ENTER, door.show, methods=["GET", "HEAD"], response_model=None)
    app.add_api_route(ENTER, door.enter, methods=["POST"], response_model=None)
    app.add_api_route(LEAVE, door.leave, methods=["POST"], response_model=None)


def _form(body: bytes) -> dict[str, list[str]]:
    """What a form says; nothing where it is none."""
    try:
        return parse_qs(body.decode("utf-8"), max_num_fields=8)
    except ValueError:
        return {}


def _cookies(request: Request) -> str:
    return "; ".join(request.headers.getlist("cookie"))
