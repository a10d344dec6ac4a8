"""The studio behind a real nginx that speaks TLS, set up as docs/studio.md says."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.web.conftest import Watched
from tests.web.serving import Served

from samecast.wiring import sample_picture

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PASSWORD = "correct horse battery staple"
GUIDE = Path(__file__).parents[2] / "docs" / "studio.md"

pytestmark = pytest.mark.skipif(NGINX is None or shutil.which("openssl") is None, reason="no nginx on this machine")


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


def configuration(folder: Path, port: int, behind: int) -> str:
    """The guide's own lines, for a server on this port."""
    found = re.search(r"```nginx\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return f"""
        {"user root;" if os.geteuid() == 0 else ""}
        daemon off;
        pid {folder}/nginx.pid;
        error_log {folder}/error.log;
        events {{}}
        http {{
            access_log off;
            {" ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)}
            map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
            server {{
                listen 127.0.0.1:{port} ssl;
                ssl_certificate {folder}/cert.pem;
                ssl_certificate_key {folder}/key.pem;
                {found[1].replace(":8177", f":{behind}")}
            }}
        }}
    """


@pytest.fixture
def proxied(serving, tmp_path: Path) -> Iterator[Served]:
    port, behind = free_port(), free_port()
    url = f"https://studio.localhost:{port}"
    served: Served = serving(
        "--no-worker", "--public-url", url, "--port", str(behind), SAMECAST_STUDIO_PASSWORD=PASSWORD
    )
    names = ("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem"))
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=studio.localhost"]
    subprocess.run([*made, *names], check=True, capture_output=True)
    (tmp_path / "nginx.conf").write_text(configuration(tmp_path, port, behind))
    assert NGINX is not None
    nginx = subprocess.Popen([NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", "stderr"])
    for _ in range(100):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield served
    nginx.terminate()
    nginx.wait(20)


def test_it_is_reached_by_its_own_name_with_a_password_over_tls(proxied: Served, browser: Browser, watched: Watched):
    watched.allowed.append("Password forms should have")  # Chromium's advice; nobody has a name here
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.on("console", lambda line: watched.lines.append(f"console {line.type}: {line.text}"))
    page.goto(proxied.url)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("heading", name="Characters", exact=True)).to_be_visible()
    page.get_by_role("button", name="Create new").click()
    page.locator("dialog[open] input[type=file]").first.set_input_files(sample_picture("astronaut.png"))
    expect(page.locator("dialog[open] .rules")).to_be_visible(timeout=60_000)
    (session,) = context.cookies()
    assert (session["secure"], session["httpOnly"], session["sameSite"]) == (True, True, "Strict")
    assert page.evaluate("() => isSecureContext")
    context.close()
    watched.check()
