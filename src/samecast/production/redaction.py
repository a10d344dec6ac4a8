"""Takes secrets out of text before it leaves: logs and spans go through here. Knows nothing of either.

Two nets: what this process was given as a secret (by the names of its environment variables, or out of the keyring),
wherever it turns up and however it is quoted; and what looks like a secret wherever it came from. Rather a word too
many struck than one left.
"""

import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

from samecast.core.secrets import remembered

STRUCK = "[redacted]"

_SECRET_NAMES = re.compile(r"(?i)(_KEY|_TOKEN|_SECRET|_PASSWORD)$|^(AWS_ACCESS_KEY_ID|PGPASSWORD|PASSWORD|TOKEN)$")
_NO_SECRETS = frozenset({"true", "false", "none", "null", "auto"})
_LEAST = 4
"""A shorter value is no secret, and striking it out would leave nothing to read."""
_LEAST_LINE = 16
"""One line of a secret of several lines (a private key) is struck out by itself from this length."""
_PASSWORD_IN_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s:/?#@\"'<>]*:([^\s\"'<>]+)@")

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/?#@\"'<>]*:)[^\s\"'<>]+@"), rf"\1{STRUCK}@"),
    (re.compile(r"(?i)(\bauthorization[\"']?\s*[:=]\s*[\"']?)\w+\s+[^\s\"']+"), rf"\1{STRUCK}"),
    (re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]{16,}"), rf"\1{STRUCK}"),
    (
        re.compile(
            r"(?i)((?:password|passwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|x-amz-signature"
            r"|x-amz-credential)[\"']?\s*[=:]\s*[\"']?)(?!\[redacted\])[^\s\"',;&)\]}]+"
        ),
        rf"\1{STRUCK}",
    ),
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"), STRUCK),
    (re.compile(r"\b(?:sk|hf|r8|gh[opsu]|xox[abp])[-_][A-Za-z0-9_-]{20,}"), STRUCK),
)


def redacted(text: str, environment: Mapping[str, str] | None = None) -> str:
    """`text` without secrets. `environment`: where this process's own are found (the real one, as it is now)."""
    own = _own.pattern() if environment is None else _own_secrets(tuple(_of_environment(environment)))
    if own is not None:
        text = own.sub(STRUCK, text)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def _of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        if _SECRET_NAMES.search(name):
            yield value
        elif "://" in value:
            yield from (found[1] for found in _PASSWORD_IN_URL.finditer(value))


class _Own:
    """The pattern of this process's secrets, made anew when its environment has changed, and only then."""

    def __init__(self) -> None:
        self._seen: dict[object, object] | None = None
        self._kept: tuple[str, ...] = ()
        self._pattern: re.Pattern[str] | None = None

    def pattern(self) -> re.Pattern[str] | None:
        # Where Python keeps the variables undecoded: comparing these costs a tenth of reading them all for every line.
        raw: dict[object, object] | None = getattr(os.environ, "_data", None)
        kept = remembered()
        if raw is None or raw != self._seen or kept != self._kept:
            self._pattern = _own_secrets((*_of_environment(os.environ), *kept))
            self._seen, self._kept = dict(raw) if raw is not None else None, kept
        return self._pattern


_own = _Own()


@functools.lru_cache(maxsize=4)
def _own_secrets(values: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for all of them in every spelling, the longest first, so that none hides inside a shorter one."""
    spelt = {form for value in values for form in _spellings(value.strip())}
    if not spelt:
        return None
    return re.compile("|".join(re.escape(form) for form in sorted(spelt, key=len, reverse=True)))


def _spellings(secret: str) -> set[str]:
    """As it is, as URLs, JSON and Python write it, and line by line."""
    if len(secret) < _LEAST or secret.lower() in _NO_SECRETS:
        return set()
    plain = {secret, unquote(secret), *(line for line in secret.splitlines() if len(line) >= _LEAST_LINE)}
    forms = set(plain)
    for text in plain:
        forms |= {quote(text), quote(text, safe=""), quote_plus(text), repr(text)[1:-1], json.dumps(text)[1:-1]}
    return {form for form in forms if len(form) >= _LEAST}
