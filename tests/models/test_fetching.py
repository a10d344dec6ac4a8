"""Where a provider says that a file lies is its word alone: nothing is fetched from this machine for one elsewhere."""

import pytest

from samecast.core.errors import RenderFailed
from samecast.models.hosted.fetching import check_url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/clip.mp4",
        "http://127.0.0.1:8188/view?filename=a.png",
        "https://localhost/a.png",
        "http://[::1]:80/a.png",
        "file:///etc/passwd",
        "ftp://example.org/a.png",
        "",
        "//example.org/a.png",
    ],
)
def test_nothing_is_fetched_from_there(url: str):
    with pytest.raises(RenderFailed, match="nothing is fetched from"):
        check_url(url, "Acme", near="https://api.acme.example")


def test_a_provider_that_runs_here_may_deliver_from_here():
    check_url("https://files.acme.example/clip.mp4", "Acme", near="https://api.acme.example")
    check_url("http://127.0.0.1:4000/clip.mp4", "Acme", near="http://localhost:3999/v1")
    check_url("https://files.acme.example/clip.mp4", "Acme")
