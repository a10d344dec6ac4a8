"""What a browser may say by WebSocket: the frames of NiceGUI's own pages, for their own page, and nothing else."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.web.locks.frames import Frames, client_of

CLIENT = "0b7f6f0e-7f7d-4a55-9a59-2f3f8f7f1c11"
OTHER = "5a0f6f0e-7f7d-4a55-9a59-2f3f8f7f1c22"
QUERY = {
    "client_id": CLIENT,
    "next_message_id": "0",
    "implicit_handshake": "true",
    "document_id": "c5b3",
    "tab_id": "t-1",
    "old_tab_id": "null",
    "EIO": "4",
    "transport": "websocket",
}


def frames() -> Frames:
    made = Frames(CLIENT)
    assert made.read("40") == "pass"
    return made


def event(name: Any = "event", client: object = CLIENT, **said: object) -> str:
    return "42" + json.dumps([name, {"client_id": client, **said}])


def told(path: object) -> str:
    return event(id=0, listener_id="a", args=[json.dumps(path)])


@pytest.mark.parametrize(
    "frame",
    [
        "3",
        "41",
        "1",
        event(id=7, listener_id="ab", args=[]),
        event(id=7, listener_id="ab"),
        told("/create?prompt=%40mira"),
        event(id=7, listener_id="ab", args=['"text"', None, "{}"]),
        event("ack", next_message_id=12),
        told({"a": 1}),
        event("javascript_response", request_id="r", result=None),
        "4217" + event(id=1, listener_id="a")[2:],
        event("handshake", tab_id="t", document_id="d", old_tab_id=None, next_message_id="3"),
    ],
)
def test_what_pages_say_goes_on(frame: str):
    assert frames().read(frame) == "pass"


GARBAGE = [
    "",
    "0",
    "2",
    "2probe",
    "5",
    "6",
    "4",
    "44",
    "45",
    "450-[]",
    "451-[{}]",
    "46",
    "43[]",
    "42",
    "42[]",
    "42{}",
    "42[",
]
GARBAGE += [
    "42null",
    '42["event"]',
    '42["event",1]',
    '42["event",{}]',
    '42["disconnect"]',
    '42["connect",{}]',
    "40",
    "40{}",
]
GARBAGE += [
    "40/admin,",
    "40/,",
    "42/admin," + '["event",{}]',
    "x",
    "\x00",
    "b4AAAA",
    "bm90",
    "42" + "[" * 5000,
    "4" * 100,
]
GARBAGE += ["42" + "9" * 50 + '["event",{}]', "42[NaN", '42["event",{"client_id":["a"]}]', "4²[]", "42١[]"]


@pytest.mark.parametrize("frame", [*GARBAGE, b"", b"\x00\xff", b"4" + b"2" * 99, None])
def test_what_they_never_say_ends_the_socket(frame: str | bytes | None):
    assert frames().read(frame) == "refuse"


@pytest.mark.parametrize("name", ["event", "ack", "javascript_response", "handshake"])
def test_nobody_speaks_for_another_page(name: str):
    said = {"id": 1, "listener_id": "a", "next_message_id": 1, "request_id": "r", "tab_id": "t", "document_id": "d"}
    assert frames().read(event(name, **said)) == "pass"
    assert frames().read(event(name, client=OTHER, **said)) == "refuse"


@pytest.mark.parametrize(
    "said",
    [
        {"id": "1"},
        {"id": True},
        {"id": None},
        {"id": [1]},
        {"id": {}},
        {"id": 1.5},
        {"listener_id": 1},
        {"listener_id": None},
        {"args": "x"},
        {"args": {"a": 1}},
        {"args": [1]},
        {"args": [[]]},
        {"args": ["1"] * 33},
        {"args": None},
    ],
)
def test_events_have_one_shape(said: dict[str, object]):
    assert frames().read(event(**({"id": 1, "listener_id": "a", "args": []} | said))) == "refuse"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ack", {}),
        ("ack", {"next_message_id": "1"}),
        ("ack", {"next_message_id": None}),
        ("ack", {"next_message_id": 1.5}),
        ("javascript_response", {"request_id": ["r"]}),
        ("handshake", {}),
        ("handshake", {"tab_id": "t"}),
        ("handshake", {"tab_id": "x" * 65, "document_id": "d"}),
        ("handshake", {"tab_id": ["t"], "document_id": "d"}),
        ("handshake", {"tab_id": "t", "document_id": "d", "next_message_id": "nine"}),
        ("delete", {}),
        ("*", {}),
    ],
)
def test_so_have_the_others(name: str, said: dict[str, object]):
    assert frames().read(event(name, **said)) == "refuse"


@pytest.mark.parametrize("argument", ["", "{", "[" * 9000, "NaN", "x", '"\\ud800"', "1 2", "'a'", "\x00"])
def test_arguments_are_json(argument: str):
    assert frames().read(event(id=7, listener_id="a", args=[argument])) == "refuse"


def test_the_log_of_browsers_stays_theirs():
    assert frames().read(event("log", level="error", message="x" * 9)) == "drop"


def test_nobody_speaks_before_joining_nor_joins_twice():
    fresh = Frames(CLIENT)
    assert fresh.read(event(id=1, listener_id="a")) == "refuse"
    assert fresh.read("40") == "pass"
    assert fresh.read("40") == "refuse"


def test_a_frame_has_an_end():
    assert frames().read(event(id=7, listener_id="a", args=["x" * 1_000_000])) == "refuse"


@given(
    st.text(max_size=60), st.sampled_from(["", "40", "42", '42["event",', '42["event",{"client_id":"' + CLIENT + '",'])
)
def test_no_text_breaks_it(text: str, before: str):
    assert frames().read(before + text) in ("pass", "drop", "refuse")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_no_json_breaks_it(value: object):
    for name in ("event", "ack", "handshake", "javascript_response", "log"):
        assert frames().read("42" + json.dumps([name, value])) in ("pass", "drop", "refuse")


def test_a_socket_is_opened_for_a_page():
    assert client_of(urlencode(QUERY).encode()) == CLIENT


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "x"},
        {"client_id": ""},
        {"client_id": CLIENT + "0"},
        {"EIO": "3"},
        {"EIO": None},
        {"transport": "polling"},
        {"tab_id": "x" * 65},
        {"tab_id": "a b"},
        {"tab_id": None},
        {"document_id": None},
        {"document_id": "<script>"},
        {"next_message_id": "x"},
        {"next_message_id": "9" * 40},
        {"implicit_handshake": "maybe"},
        {"sid": "abc"},
        {str(n): "x" for n in range(20)},
        {"client_id": CLIENT.upper()},
    ],
)
def test_other_addresses_open_none(change: dict[str, str | None]):
    query = {name: value for name, value in (QUERY | change).items() if value is not None}
    assert client_of(urlencode(query).encode()) is None


def test_nor_do_addresses_that_say_things_twice():
    twice = [*QUERY.items(), ("client_id", OTHER)]
    assert client_of(urlencode(twice).encode()) is None
    assert client_of(b"") is client_of(b"\xff\xfe=1") is client_of(b"&" * 9000) is None
