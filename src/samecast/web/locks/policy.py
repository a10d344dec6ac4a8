"""What a browser is told about every page: run our own scripts only, speak to nobody else, be framed by nobody.

NiceGUI's pages hold inline scripts and styles, which get a nonce as they go out. Two things cannot be forbidden with
it: its front end compiles templates, and runs what the server sends, with `eval`; and elements carry style attributes.
Markup that somebody smuggled in has no nonce, so its scripts, handlers and style sheets are dead all the same.
"""

import re

MARKED = re.compile(rb"<(script|style)(?=[\s>])", re.IGNORECASE)
"""Only the template writes these: what users write is in a page as JSON, in which no `<` is left."""


def policy(nonce: str, *, origin: str) -> str:
    """The content security policy of a page. `origin`: the studio's own, such as http://127.0.0.1:8177."""
    # An address in brackets is none that a policy can name; 'self' then stands for it, with all of its paths.
    scripts = "'self'" if "[" in origin else f"{origin}/_nicegui/"
    return _policy(
        f"script-src {scripts} 'nonce-{nonce}' 'unsafe-eval'",
        "script-src-attr 'none'",
        f"style-src 'self' 'nonce-{nonce}'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        f"connect-src 'self' {origin.replace('http', 'ws', 1)}",
        "form-action 'self'",
    )


def _policy(*rules: str) -> str:
    return "; ".join(("default-src 'none'", *rules, "base-uri 'none'", "frame-ancestors 'none'"))


PLAIN = _policy("style-src 'self'", "img-src 'self'", "font-src 'self'", "form-action 'self'")
"""For the pages without a script: the way in."""
FILES = _policy("style-src 'unsafe-inline'", "img-src 'self'", "media-src 'self'")
"""For whatever is no page, should a browser ever take it for one: it shows a picture or a clip, and does nothing."""

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Not "no-referrer": browsers then say that a form of ours comes from nowhere, and it is told apart by that.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (b"x-robots-tag", b"noindex, nofollow"),
)


def with_nonce(html: bytes, nonce: str) -> bytes:
    """The page with each of its scripts and styles marked as ours."""
    return MARKED.sub(rb'<\1 nonce="' + nonce.encode() + b'"', html)
