"""Every line says what happened and to what, whoever wrote it, and no secret is ever in one."""

import io
import json
import logging
import threading
import warnings
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote, quote_plus

import pytest

from samecast.core.errors import InvalidInput, RenderFailed
from samecast.production.logs import LogSettings, event, log_fields, logging_to
from samecast.production.redaction import redacted

JSON = LogSettings(form="json")
TEXT = LogSettings(form="text")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """Each line by itself: more or less than one object on it fails here."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


# --- what a line says -------------------------------------------------------------------------------------------


def test_an_event_is_one_json_object_with_what_it_belongs_to():
    stream = io.StringIO()
    with logging_to(JSON, stream), log_fields(shot="s1"), log_fields(take="s1-t2", worker="ann"):
        event("take.rendered", "Take 2 is rendered.", seconds=3.25, attempt=1)
    (line,) = lines(stream)
    assert datetime.fromisoformat(str(line.pop("time"))).utcoffset().total_seconds() == 0  # type: ignore[union-attr]
    assert line == {
        "level": "info",
        "event": "take.rendered",
        "message": "Take 2 is rendered.",
        "shot": "s1",
        "take": "s1-t2",
        "worker": "ann",
        "seconds": 3.25,
        "attempt": 1,
    }


def test_fields_end_with_their_block_and_stay_in_their_thread():
    stream = io.StringIO()
    with logging_to(JSON, stream):
        with log_fields(shot="s1"):
            other = threading.Thread(target=lambda: event("elsewhere"))
            other.start()
            other.join()
        event("after")
    assert [(line["event"], line.get("shot")) for line in lines(stream)] == [("elsewhere", None), ("after", None)]


def test_a_foreseen_error_has_its_code_and_any_other_its_traceback():
    stream = io.StringIO()
    with logging_to(JSON, stream):
        event("take.failed", level="warning", error=RenderFailed("The model said no.", hint="Try again."))
        try:
            _ = [][1]
        except IndexError as error:
            event("take.broke", level="error", error=error)
    foreseen, unforeseen = lines(stream)
    assert (foreseen["error"], foreseen["reason"]) == ("render_failed", "The model said no. Try again.")
    assert "traceback" not in foreseen
    assert unforeseen["error"] == "IndexError"
    assert "_ = [][1]" in str(unforeseen["traceback"])


def test_a_field_cannot_overwrite_a_part_of_the_line_and_no_value_breaks_the_json():
    stream = io.StringIO()
    with logging_to(JSON, stream):
        event("odd", time="noon", level_="x", likeness=float("nan"))
    (line,) = lines(stream)
    assert line["time_"] == "noon"
    assert str(line["time"]).endswith("+00:00")
    assert line["likeness"] == "nan"


def test_the_level_decides_and_off_is_silent():
    stream = io.StringIO()
    with logging_to(LogSettings(form="json", level="warning"), stream):
        event("quiet")
        event("loud", level="warning")
    assert [line["event"] for line in lines(stream)] == ["loud"]
    stream = io.StringIO()
    with logging_to(LogSettings(form="off"), stream):
        event("loud", level="error")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("wrong", [{"form": "xml"}, {"level": "loud"}])
def test_a_setting_that_cannot_be_used_is_named(wrong: dict[str, str]):
    with pytest.raises(InvalidInput, match="SAMECAST_LOG"):
        LogSettings(**wrong)


def test_text_is_one_readable_line_and_coloured_only_on_a_terminal():
    plain, terminal = io.StringIO(), Terminal()
    for stream in (plain, terminal):
        with logging_to(TEXT, stream), log_fields(shot="s1"):
            event("take.scored", "Take 1 is scored.", likeness=0.123456789, why="holds best")
    assert (
        'Z info    take.scored  Take 1 is scored.  shot=s1  likeness=0.123457  why="holds best"\n' in plain.getvalue()
    )
    assert "\x1b[" not in plain.getvalue()
    assert "take.scored" in terminal.getvalue()
    assert len(terminal.getvalue().splitlines()) == 1


def test_a_prompt_can_neither_forge_a_line_nor_command_the_terminal():
    stream = io.StringIO()
    with logging_to(TEXT, stream):
        event("shot.ordered", "night\n2030-01-01T00:00:00Z error forged", prompt="\x1b[2J\r")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_a_broken_stderr_stops_no_work():
    stream = io.StringIO()
    stream.close()
    with logging_to(JSON, stream):
        event("take.rendered")


# --- others' lines ----------------------------------------------------------------------------------------------


def test_other_packages_are_folded_in_from_warnings_on():
    stream = io.StringIO()
    dbos = logging.getLogger("dbos")
    own = logging.StreamHandler(talks := io.StringIO())
    before = list(dbos.handlers)
    dbos.addHandler(own)
    try:
        with logging_to(JSON, stream):
            dbos.setLevel(logging.DEBUG)
            dbos.info("Initialising")
            dbos.warning("The %s is slow", "queue")
            logging.getLogger("alembic.runtime.migration").info("Running upgrade")
            logging.getLogger("sqlalchemy.pool").error("Lost")
        assert [(line["event"], line["message"]) for line in lines(stream)] == [
            ("dbos", "The queue is slow"),
            ("sqlalchemy.pool", "Lost"),
        ]
        assert talks.getvalue() == ""
        assert dbos.handlers == [*before, own]
    finally:
        dbos.removeHandler(own)
        dbos.setLevel(logging.NOTSET)


def test_python_warnings_become_lines():
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with logging_to(JSON, stream):
            warnings.warn("old thing", DeprecationWarning, stacklevel=1)
    (line,) = lines(stream)
    assert line["event"] == "py.warnings"
    assert "old thing" in str(line["message"])


# --- secrets ----------------------------------------------------------------------------------------------------

PLANTED = 'p@ss "w/örd'


@pytest.mark.parametrize("settings", [JSON, TEXT], ids=["json", "text"])
@pytest.mark.parametrize("name", ["FAL_KEY", "HF_TOKEN", "MY_SECRET", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY"])
def test_a_planted_secret_is_in_no_line(settings: LogSettings, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, PLANTED)
    stream = io.StringIO()

    def connect(password: str) -> None:
        raise ConnectionError(f"refused: {password!r} and {password}")

    with logging_to(settings, stream), log_fields(worker=f"ann {PLANTED}"):
        event("plain", f"said {PLANTED}", model=PLANTED)
        try:
            try:
                connect(PLANTED)
            except ConnectionError as cause:
                raise RuntimeError(f"inside {PLANTED}") from cause
        except RuntimeError as error:
            event("broke", level="error", error=error)
            logging.getLogger("dbos").exception("with %s", PLANTED)
    text = stream.getvalue()
    assert "[redacted]" in text
    assert "ConnectionError" in text
    assert "w/" not in text
    assert "örd" not in text
    assert "u00f6rd" not in text


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        ("postgresql+psycopg://sam:hunter22@db:5432/x", "postgresql+psycopg://sam:", "hunter22"),
        ("postgresql://sam:a:b@c/d@db/x failed", "@db/x failed", "a:b@c/d"),
        ("connection to host=db password=hunter22 dbname=x", "dbname=x", "hunter22"),
        ("{'aws_secret_access_key': 'abc/def+ghi'}", "aws_secret_access_key", "abc/def+ghi"),
        ("InvalidAccessKeyId AKIAIOSFODNN7EXAMPLE", "InvalidAccessKeyId", "AKIAIOSFODNN7EXAMPLE"),
        ("GET /x?X-Amz-Signature=deadbeef&y=1", "&y=1", "deadbeef"),
        ("Authorization: Bearer abcdefghijklmnopqrstuv", "Authorization", "abcdefghijklmnopqrstuv"),
        ("headers={'Authorization': 'Key 12-34-56'}", "headers", "12-34-56"),
        ("token hf_abcdefghijklmnopqrstuvwx refused", "refused", "hf_abcdefghijklmnopqrstuvwx"),
    ],
)
def test_what_looks_like_a_secret_goes_wherever_it_came_from(text: str, kept: str, gone: str):
    assert kept in redacted(text, {})
    assert gone not in redacted(text, {})


def test_the_password_of_a_database_url_goes_in_its_decoded_form_too():
    environment = {"SAMECAST_DATABASE_URL": "postgresql+psycopg://sam:h%40nter%2F22@db/x"}
    assert redacted("FATAL: no entry for h@nter/22 there", environment) == "FATAL: no entry for [redacted] there"


def test_a_private_key_goes_line_by_line():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n"
    assert "MIIEvQIBADANBgkq" not in redacted("  MIIEvQIBADANBgkqhkiG9w0B", {"SIGNING_KEY": key})


@pytest.mark.parametrize(
    "text", ["@mira walks at 12:30, http://host:80/path", "take s1-t2 of 3", "http://localhost:4318/v1/traces"]
)
def test_what_is_no_secret_stays(text: str):
    assert redacted(text, {"USES_KEY": "true", "EMPTY_TOKEN": "", "HOME": "/home/mira"}) == text


@pytest.mark.parametrize("spelt", [repr, json.dumps, quote, quote_plus, str], ids=lambda each: each.__name__)
def test_a_secret_goes_however_it_is_spelt(spelt: Callable[[str], str]):
    secret = "tab\there \"ö' & \\"
    text = redacted(f"before {spelt(secret)} after", {"MY_TOKEN": secret})
    assert text.replace('"', "").replace("'", "") == "before [redacted] after"
