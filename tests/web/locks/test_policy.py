"""What browsers are told."""

import pytest

from samecast.web.locks.policy import FILES, HEADERS, PLAIN, policy, with_nonce

ORIGINS = ("http://127.0.0.1:8177", "https://studio.example.org", "http://[::1]:8177")


def rules(text: str) -> dict[str, list[str]]:
    return {rule.split()[0]: rule.split()[1:] for rule in text.split("; ")}


@pytest.mark.parametrize("text", [FILES, PLAIN, *(policy("n", origin=origin) for origin in ORIGINS)])
def test_nothing_is_allowed_but_what_is_named(text: str):
    said = rules(text)
    assert said["default-src"] == said["base-uri"] == said["frame-ancestors"] == ["'none'"]
    assert "*" not in text
    assert "unsafe-inline" not in " ".join(said.get("script-src", []))


def test_pages_without_scripts_run_none():
    assert "script-src" not in rules(FILES)
    assert "script-src" not in rules(PLAIN)


@pytest.mark.parametrize("origin", ORIGINS[:2])
def test_scripts_are_marked_or_the_toolkits_own(origin: str):
    said = rules(policy("abc", origin=origin))
    assert said["script-src"] == [f"{origin}/_nicegui/", "'nonce-abc'", "'unsafe-eval'"]
    assert said["script-src-attr"] == ["'none'"]
    assert said["style-src"] == ["'self'", "'nonce-abc'"]
    assert said["connect-src"] == ["'self'", origin.replace("http", "ws", 1)]


def test_an_address_in_brackets_is_named_otherwise():
    assert rules(policy("abc", origin=ORIGINS[2]))["script-src"][0] == "'self'"


def test_scripts_and_styles_are_marked_and_nothing_else():
    html = b'<SCRIPT>a</SCRIPT><script src="x"></script><style>b</style><scripted><styles><p>script</p>'
    assert with_nonce(html, "n") == (
        b'<SCRIPT nonce="n">a</SCRIPT><script nonce="n" src="x"></script><style nonce="n">b</style>'
        b"<scripted><styles><p>script</p>"
    )


def test_forms_still_say_where_they_come_from():
    assert dict(HEADERS)[b"referrer-policy"] == b"same-origin"
