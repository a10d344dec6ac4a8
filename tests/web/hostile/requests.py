"""Hostile requests, as data: what is asked, and with which status it may be answered. None of them gets anything."""

from dataclasses import dataclass

NOWHERE = frozenset((400, 404, 414))
REFUSED = frozenset((400, 401, 403, 404, 405, 413, 414, 415, 421))
FORM = "content-type: application/x-www-form-urlencoded"

TRAVERSALS = (
    "../../../../../../etc/passwd",
    "../../../session.key",
    "../../studio/session.key",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%2f%2e%2e%2fsession.key",
    "..%252f..%252f..%252fetc%252fpasswd",
    "%252e%252e%252fetc%252fpasswd",
    "....//....//....//etc/passwd",
    "..\\..\\..\\etc\\passwd",
    "..%5c..%5c..%5cetc%5cpasswd",
    "%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "..%c0%af..%c0%afetc%c0%afpasswd",
    "%uff0e%uff0e/etc/passwd",
    "..%ef%bc%8f..%ef%bc%8fetc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "file:///etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd",
    "C:%5cWindows%5cwin.ini",
    "..;/..;/etc/passwd",
    "passwd%00.jpg",
    "..%00/..%00/etc/passwd",
    "%0d%0aset-cookie:%20a=b",
    "~root/.ssh/id_rsa",
    ".",
    "..",
    "%2e%2e",
    "a" * 5000,
    "%2e%2e%2f" * 60,
    "proc%2fself%2fenviron",
    "$(id)",
    "*",
    "\u00e9".encode().decode("latin-1"),
    "1%27%20or%20%271%27=%271",
    "-1",
    "99999999999999999999",
    "NaN",
    "0x10",
    "\u0661\u0662".encode().decode("latin-1"),
)

ROUTES = (
    "/studio/picture/{}/96.jpg",
    "/studio/picture/{sha256}/{}.jpg",
    "/studio/picture/{sha256}/{}",
    "/studio/clip/{}.mp4",
    "/studio/original/{}",
    "/studio/cast/{}.json",
    "/studio/outgoing/{}/mira.samecast",
    "/studio/outgoing/{received}/{}",
    "/studio/received/{}/96.jpg",
    "/studio/received/{received}/{}.jpg",
    "/studio/static/{}",
    "/studio/static/fonts/{}",
    "/studio/{}",
    "/_nicegui/{version}/static/{}",
    "/_nicegui/{version}/libraries/{}",
    "/_nicegui/{version}/components/{}",
    "/_nicegui/{version}/resources/{}",
    "/_nicegui/{version}/resources/mermaid/{}",
    "/_nicegui/{version}/esm/{}",
    "/_nicegui/{version}/dynamic_resources/{}",
    "/_nicegui/{}",
    "/_nicegui_ws/{}",
)
"""Where something of the address is looked up."""


@dataclass(frozen=True)
class Request:
    """`head` without its last empty line; a `host: {host}` is added unless it says one."""

    name: str
    head: str
    body: bytes = b""
    statuses: frozenset[int] = REFUSED
    ends: bool = False
    """Whether nothing more comes after it."""


def post(path: str, *headers: str) -> str:
    return "\r\n".join((f"POST {path} HTTP/1.1", *headers))


def _form(
    name: str, path: str, *headers: str, body: bytes = b"password=x", origin: str = "origin: {origin}"
) -> Request:
    said = [f"content-length: {len(body)}", FORM, *headers, *([origin] if origin else [])]
    return Request(name, post(path, *said), body)


FOREIGN = (
    *(_form(f"{path} from another page", path, origin="origin: http://evil.example") for path in ("/enter", "/leave")),
    *(_form(f"{path} from no page", path, origin="") for path in ("/enter", "/leave")),
    *(_form(f"{path} from a file or a sandbox", path, origin="origin: null") for path in ("/enter", "/leave")),
    *(_form(f"{path} from another port", path, origin="origin: http://127.0.0.1:1") for path in ("/enter", "/leave")),
    _form("two origins", "/enter", "origin: http://evil.example"),
    _form("an origin within another", "/enter", origin="origin: {origin}.evil.example"),
    _form("another scheme", "/enter", origin="origin: https://{host}"),
    _form("a browser says cross-site", "/enter", "sec-fetch-site: cross-site"),
    _form("a browser says same-site", "/enter", "sec-fetch-site: same-site"),
    _form(
        "a page elsewhere whose name leads here", "/enter", "host: evil.example", origin="origin: http://evil.example"
    ),
    Request(
        "a picture from another page",
        post("/studio/upload", "content-length: 4", "content-type: image/png", "origin: http://evil.example"),
        b"\x89PNG",
    ),
    *(
        Request(
            f"a picture as {kind}",
            post("/studio/upload", "content-length: 4", f"content-type: {kind}", "origin: {origin}"),
            b"\x89PNG",
        )
        for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain")
    ),
    *(
        Request(f"a page elsewhere shows ours as {dest}", f"GET / HTTP/1.1\r\nsec-fetch-site: cross-site\r\n{rest}")
        for dest, rest in (
            ("an image", "sec-fetch-mode: no-cors\r\nsec-fetch-dest: image"),
            ("a frame", "sec-fetch-mode: navigate\r\nsec-fetch-dest: iframe"),
            ("a script", "sec-fetch-mode: no-cors\r\nsec-fetch-dest: script"),
            ("something to read", "sec-fetch-mode: cors\r\nsec-fetch-dest: empty"),
        )
    ),
)
"""What pages elsewhere have a browser ask."""

HOSTS = tuple(
    Request(f"for {host or 'nobody'}", f"GET / HTTP/1.1\r\nhost: {host}", statuses=frozenset((400, 421)))
    for host in (
        "",
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.nip.io:{port}",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "evil.example, 127.0.0.1",
        "[::1",
        "2130706433.evil.example",
        "169.254.169.254",
        "0.0.0.0:{port}",
    )
)

METHODS = tuple(
    Request(f"{method} {path}", f"{method} {path} HTTP/1.1\r\norigin: {{origin}}\r\ncontent-length: 0")
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "CONNECT", "DEBUG", "POST")
    for path in ("/", "/studio/static/look.css")
)
OVERRIDES = tuple(
    Request(f"a GET that calls itself {header}", f"GET /studio/upload HTTP/1.1\r\n{header}: POST")
    for header in ("x-http-method-override", "x-method-override", "x-http-method")
)

SMUGGLED = b"GET /studio/original/x HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
SHAPES = (
    Request(
        "both lengths",
        post("/enter", FORM, "origin: {origin}", "content-length: 6", "transfer-encoding: chunked"),
        b"0\r\n\r\n" + SMUGGLED,
    ),
    Request(
        "two lengths", post("/enter", FORM, "origin: {origin}", "content-length: 4", "content-length: 40"), SMUGGLED
    ),
    Request("a length with a sign", post("/enter", FORM, "origin: {origin}", "content-length: +4"), SMUGGLED),
    Request("a negative length", post("/enter", FORM, "origin: {origin}", "content-length: -1"), SMUGGLED),
    Request("a hexadecimal length", post("/enter", FORM, "origin: {origin}", "content-length: 0x10"), SMUGGLED),
    Request("a length in two parts", post("/enter", FORM, "origin: {origin}", "content-length: 4, 5"), SMUGGLED),
    Request(
        "another encoding",
        post("/enter", FORM, "origin: {origin}", "transfer-encoding: xchunked"),
        SMUGGLED,
        frozenset((400, 501)),
    ),
    Request(
        "two encodings",
        post("/enter", FORM, "origin: {origin}", "transfer-encoding: gzip, chunked"),
        SMUGGLED,
        frozenset((400, 501)),
    ),
    Request("a space before the colon", post("/enter", FORM, "origin: {origin}", "content-length : 4"), SMUGGLED),
    Request(
        "a folded header",
        post("/enter", FORM, "origin: {origin}", "x-a: b", " content-length: 4"),
        SMUGGLED,
        REFUSED | {303},
    ),
    Request(
        "a broken chunk",
        post("/enter", FORM, "origin: {origin}", "transfer-encoding: chunked"),
        b"zz\r\nabc\r\n0\r\n\r\n",
        ends=True,
    ),
    Request(
        "a chunk of a negative length",
        post("/enter", FORM, "origin: {origin}", "transfer-encoding: chunked"),
        b"-5\r\nabc\r\n",
        ends=True,
    ),
    Request(
        "a chunk longer than anything",
        post("/enter", FORM, "origin: {origin}", "transfer-encoding: chunked"),
        b"f" * 40 + b"\r\nabc",
        ends=True,
    ),
    Request(
        "chunks that never end",
        post("/enter", FORM, "origin: {origin}", "transfer-encoding: chunked"),
        b"1000\r\n" + b"x" * 4096 + b"\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n" + b"10\r\n" + b"x" * 16 + b"\r\n",
    ),
    Request("a body where none belongs", "GET / HTTP/1.1\r\ncontent-length: 4", b"abcd"),
    Request("chunks where none belong", "GET / HTTP/1.1\r\ntransfer-encoding: chunked", b"4\r\nabcd\r\n0\r\n\r\n"),
    Request("two hosts", "GET / HTTP/1.1\r\nhost: {host}\r\nhost: evil.example"),
    Request("a whole address", "GET http://evil.example/ HTTP/1.1"),
    Request("a proxy's request", "CONNECT evil.example:443 HTTP/1.1"),
    Request("no path", "GET evil HTTP/1.1"),
    Request("no version", "GET /"),
    Request("HTTP/2 without asking", "PRI * HTTP/2.0"),
    Request("another version", "GET / HTTP/9.9", statuses=frozenset((200, 400, 505))),
    Request("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    Request("nothing but noise", "\x00\x01\x02\x80\xff"),
    Request("a NUL in a header", "GET / HTTP/1.1\r\nx-a: a\x00b"),
    Request("a bare line feed in a header", "GET / HTTP/1.1\r\nx-a: a\nx-b: c\x0b"),
    Request("a header that never ends", "GET / HTTP/1.1\r\nx-a: " + "a" * 200_000, statuses=frozenset((0, 400, 431))),
    Request(
        "headers without end",
        "GET / HTTP/1.1" + "".join(f"\r\nx-{n}: y" for n in range(20_000)),
        statuses=frozenset((0, 400, 431)),
    ),
    Request("a cookie without end", "GET / HTTP/1.1\r\ncookie: " + "a=b; " * 20_000),
    Request("a query without end", "GET /?" + "x" * 20_000 + " HTTP/1.1", statuses=frozenset((400, 414))),
    Request("a query of slashes", "GET /?" + "/" * 2_000 + " HTTP/1.1", statuses=frozenset((400, 414))),
    Request(
        "an upload without end in one line", post("/studio/upload", "origin: {origin}", "content-length: 99999999999")
    ),
    Request(
        "a length that is no number",
        post("/studio/upload", "origin: {origin}", "content-length: " + "9" * 400),
        statuses=frozenset((0, 400)),
    ),
    Request(
        "another protocol",
        "GET / HTTP/1.1\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk",
        statuses=frozenset((200, 400)),
    ),
    Request("Socket.IO by polling", "GET /_nicegui_ws/socket.io/?EIO=4&transport=polling HTTP/1.1", statuses=NOWHERE),
    Request(
        "what somebody polled",
        post("/_nicegui_ws/socket.io/?EIO=4&transport=polling&sid=x", "origin: {origin}", "content-length: 2"),
        b"40",
    ),
    Request("the interface's description", "GET /openapi.json HTTP/1.1", statuses=frozenset((404, 200))),
    Request(
        "a prefix that a proxy would give",
        "GET /studio/original/x HTTP/1.1\r\nx-forwarded-prefix: /evil\r\nx-original-url: /",
    ),
)
"""Requests that a server and what stands in front of it might read in two ways, or never to their end."""
