"""Structured logs on stderr: one line an event, as JSON or as text, and never a secret in it.

Whoever works says what happened with `event("take.rendered", seconds=3.2)`, and what it belongs to with
`log_fields(shot=..., take=...)`. How and whether it is written is decided once, by `logging_to`. What other packages
log (the queues, the database) is folded into the same lines, from warnings on. The result of a command is no log: that
is the terminal's business.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, TextIO, TypeAlias

from samecast.core.errors import InvalidInput, SamecastError
from samecast.production.redaction import redacted

Field: TypeAlias = str | int | float | bool | None
Level: TypeAlias = Literal["debug", "info", "warning", "error"]

FORMS = ("json", "text", "off")
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_TONES = {"debug": "dim", "info": "cyan", "warning": "yellow", "error": "red", "critical": "bold red"}
_RESERVED = frozenset({"time", "level", "event", "message", "logger", "traceback"})

_logger = logging.getLogger("samecast")
_NOTHING: Mapping[str, Field] = MappingProxyType({})
_context: ContextVar[Mapping[str, Field]] = ContextVar("samecast_log_fields", default=_NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """`form`: "json", "text" or "off". `level`: from which on samecast's own events are written."""

    form: str = "off"
    level: str = "info"

    def __post_init__(self) -> None:
        """Raises `InvalidInput` naming the variable that cannot be used."""
        _one_of("SAMECAST_LOG", self.form, FORMS)
        _one_of("SAMECAST_LOG_LEVEL", self.level, tuple(LEVELS))


def _one_of(variable: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidInput(f"{variable} is '{value}'.", hint=f"Set it to one of: {', '.join(known)}.")


def event(
    name: str, message: str = "", /, *, level: Level = "info", error: BaseException | None = None, **fields: Field
) -> None:
    """Say that something happened: a short name such as "take.rendered", a sentence, and what there is to know.

    `error` adds its code and its line, and the traceback where nobody foresaw it. Never raises.
    """
    number = LEVELS[level]
    if not _logger.isEnabledFor(number):
        return
    known = {**_context.get(), **fields}
    if error is not None:
        foreseen = isinstance(error, SamecastError)
        known |= {"error": error.code if isinstance(error, SamecastError) else type(error).__name__}
        known |= {"reason": " ".join(str(error).split())}
        _logger.log(number, "%s", message, exc_info=None if foreseen else error, extra={"happened": (name, known)})
    else:
        _logger.log(number, "%s", message, extra={"happened": (name, known)})


@contextmanager
def log_fields(**fields: Field) -> Iterator[None]:
    """Everything logged inside, in this thread or task, carries these fields too; a new thread begins without."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


@contextmanager
def logging_to(settings: LogSettings, stream: TextIO | None = None) -> Iterator[None]:
    """Write logs as the settings say for as long as this lasts. `stream`: stderr, whatever that is by then."""
    root, dbos = logging.getLogger(), logging.getLogger("dbos")
    handler = _handler(settings, stream)
    # dbos writes to stderr by itself unless it has a handler already: then its records come by the root like others'.
    kept, mute = [*dbos.handlers], logging.NullHandler()
    kept_level, kept_dbos = _logger.level, dbos.propagate
    dbos.handlers[:], dbos.propagate = [mute], True
    root.addHandler(handler)
    _logger.setLevel(logging.CRITICAL + 1 if settings.form == "off" else LEVELS[settings.level])
    logging.captureWarnings(settings.form != "off")
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.removeHandler(handler)
        handler.close()
        dbos.handlers[:], dbos.propagate = kept, kept_dbos
        _logger.setLevel(kept_level)


def _handler(settings: LogSettings, stream: TextIO | None) -> logging.Handler:
    if settings.form == "off":
        return logging.NullHandler()
    handler = _Lines(stream)
    handler.addFilter(_quieter)
    handler.addFilter(_without_secrets)
    handler.setFormatter(_Json() if settings.form == "json" else _Plain())
    return handler


class _Lines(logging.Handler):
    """Writes to stderr as it is at that moment; on a terminal, text is coloured. A lost line stops nobody."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._given = stream

    def emit(self, record: logging.LogRecord) -> None:
        # Whatever is wrong with where it goes (closed, full, a terminal that went away): the work is worth more.
        with suppress(OSError, ValueError, AttributeError):
            stream = self._given or sys.stderr
            if isinstance(self.formatter, _Plain) and stream.isatty():
                _print_coloured(self.formatter.parts(record), stream)
            else:
                stream.write(self.format(record) + "\n")
                stream.flush()


def _quieter(record: logging.LogRecord) -> bool:
    """Of other packages only what somebody should look at."""
    ours = record.name == "samecast" or record.name.startswith("samecast.")
    return ours or record.levelno >= logging.WARNING


def _without_secrets(record: logging.LogRecord) -> bool:
    """Rewrites the record itself: whatever other handlers there are see it without secrets too."""
    try:
        said = record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit their message
        said = f"{record.msg} {record.args}"
    record.msg, record.args = redacted(said), None
    if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
        record.exc_text = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
    record.exc_info = None
    record.exc_text = redacted(record.exc_text) if record.exc_text else None
    record.stack_info = redacted(record.stack_info) if record.stack_info else None
    name, fields = _happened(record)
    record.happened = (
        redacted(name),
        {key: redacted(value) if isinstance(value, str) else value for key, value in fields.items()},
    )
    return True


def _happened(record: logging.LogRecord) -> tuple[str, Mapping[str, Field]]:
    found: tuple[str, Mapping[str, Field]] = getattr(record, "happened", (record.name, _context.get()))
    return found


class _Json(logging.Formatter):
    """One object a line. A field that has the name of a part of the line is written with an underscore behind it."""

    def format(self, record: logging.LogRecord) -> str:
        name, fields = _happened(record)
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": name,
            "message": record.getMessage(),
        }
        line |= {f"{key}_" if key in _RESERVED else key: value for key, value in fields.items()}
        if record.exc_text:
            line["traceback"] = record.exc_text
        # NaN is no JSON: a figure that is not one is written as the word.
        try:
            return json.dumps(line, ensure_ascii=False, default=str, allow_nan=False)
        except ValueError:
            return json.dumps({key: str(value) for key, value in line.items()}, ensure_ascii=False)


class _Plain(logging.Formatter):
    """Time, level, event, sentence, fields; a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        return "".join(text for text, _ in self.parts(record))

    def parts(self, record: logging.LogRecord) -> list[tuple[str, str]]:
        """The line as text and style."""
        name, fields = _happened(record)
        level = record.levelname.lower()
        when = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        parts = [(when, "dim"), (f" {level:<7} ", _TONES.get(level, "")), (_one_line(name), "bold")]
        if message := _one_line(record.getMessage()):
            parts.append((f"  {message}", ""))
        parts += [(f"  {key}={_value(value)}", "dim") for key, value in fields.items() if value is not None]
        if record.exc_text:
            parts.append(("\n" + "\n".join(f"    {_one_line(line)}" for line in record.exc_text.splitlines()), "dim"))
        return parts


def _value(value: Field) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = _one_line(str(value))
    return json.dumps(text, ensure_ascii=False) if not text or any(c in text for c in ' ="') else text


def _one_line(text: str) -> str:
    """No control characters: a prompt cannot forge a line, nor give the terminal orders."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _print_coloured(parts: list[tuple[str, str]], stream: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    Console(file=stream, highlight=False, emoji=False).print(Text.assemble(*parts), soft_wrap=True)
