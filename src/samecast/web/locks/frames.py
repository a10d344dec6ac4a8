"""What a browser of ours says by WebSocket, and nothing else: the few kinds of Socket.IO frames of NiceGUI's pages.

A socket speaks for the one page that it was opened for, whose id stands in its address. What is no frame of ours never
reaches Socket.IO or NiceGUI; what the elements make of their events is theirs.
"""

import re
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl

try:  # the same reader as Socket.IO and NiceGUI have here, so that nothing is read in two ways
    from orjson import loads as _loads
except ImportError:
    from json import loads as _loads  # type: ignore[assignment]

Verdict: TypeAlias = Literal["pass", "drop", "refuse"]
MOST_FRAME = 1_000_000
"""Characters of one frame, as many as NiceGUI sends at most."""
MOST_ARGUMENTS = 32

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_TAB = re.compile(r"[\w-]{0,64}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_EVENT = re.compile(r"42[0-9]{0,15}(?=\[)", re.ASCII)


def client_of(query: bytes) -> str | None:
    """The id of the page that a socket is opened for; None for an address that is no page's socket."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=16)
    except ValueError:
        return None
    said = dict(pairs)
    fits = (
        len(said) == len(pairs)
        and said.get("EIO") == "4"
        and said.get("transport") == "websocket"
        and "sid" not in said
        and said.get("implicit_handshake", "true") in ("true", "false")
        and all(_TAB.fullmatch(said.get(name, "")) for name in ("tab_id", "old_tab_id", "document_id"))
        and {"tab_id", "document_id"} <= said.keys()
        and _NUMBER.fullmatch(said.get("next_message_id", "0")) is not None
    )
    client = said.get("client_id", "")
    return client if fits and _ID.fullmatch(client) else None


def from_json(text: str) -> object:
    """What it says. Raises `ValueError` for what is none, or is nested too deep."""
    try:
        return _loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


class Frames:
    """The frames of one socket, one after the other."""

    def __init__(self, client: str) -> None:
        self._client = client
        self._joined = False

    def read(self, frame: str | bytes | None) -> Verdict:
        """Whether a frame goes on, is left out, or ends the socket."""
        if not isinstance(frame, str) or len(frame) > MOST_FRAME:
            return "refuse"
        if frame in ("3", "41", "1"):  # still there; leaving; closing
            return "pass"
        if frame == "40" and not self._joined:
            self._joined = True
            return "pass"
        found = _EVENT.match(frame) if self._joined else None
        return self._event(frame[found.end() :]) if found else "refuse"

    def _event(self, text: str) -> Verdict:
        try:
            event = from_json(text)
        except ValueError:
            return "refuse"
        match event:
            case ["log", dict()]:  # browsers have consoles of their own
                return "drop"
            case [str(name), dict(said)] if said.get("client_id") == self._client:
                return "pass" if _fits(name, said) else "refuse"
            case _:
                return "refuse"


def _fits(name: str, said: dict[str, object]) -> bool:
    match name:
        case "event":
            return _fits_event(said)
        case "ack":
            return _is_number(said.get("next_message_id"))
        case "javascript_response":
            return isinstance(said.get("request_id"), str)
        case "handshake":
            return _fits_handshake(said)
        case _:
            return False


def _fits_handshake(said: dict[str, object]) -> bool:
    tabs = [said.get(key) or "" for key in ("tab_id", "document_id", "old_tab_id")]
    place = said.get("next_message_id")
    named = all(isinstance(tab, str) and _TAB.fullmatch(tab) for tab in tabs) and bool(tabs[0] and tabs[1])
    return named and (place is None or _is_number(place) or bool(isinstance(place, str) and _NUMBER.fullmatch(place)))


def _fits_event(said: dict[str, object]) -> bool:
    arguments = said.get("args", [])
    return (
        _is_number(said.get("id"))
        and isinstance(said.get("listener_id"), str)
        and isinstance(arguments, list)
        and len(arguments) <= MOST_ARGUMENTS
        and all(one is None or (isinstance(one, str) and _is_json(one)) for one in arguments)
    )


def _is_json(text: str) -> bool:
    try:
        from_json(text)
    except ValueError:
        return False
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
