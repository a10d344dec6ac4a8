"""What stands in the middle of the frame where the address names no page, or its page breaks."""

import pytest
from playwright.sync_api import expect
from tests.web.looking import without_barriers
from tests.web.serving import Served

BREAKING = """
from samecast.web.pages import queue

def breaks(desk):
    raise ValueError("broken on purpose")

queue.queue = breaks
"""


@pytest.fixture
def broken(serving) -> Served:
    """A studio whose queue breaks."""
    begun: Served = serving("--no-worker", before=BREAKING)
    return begun


def test_an_address_that_leads_nowhere(served: Served, page, watched):
    watched.allowed.append("404")
    page.goto(f"{served.url}/nowhere")
    expect(page.get_by_role("heading", name="Nothing is here", exact=True)).to_be_visible()
    expect(page.locator("[aria-current=page]")).to_have_count(0)
    without_barriers(page)
    page.get_by_role("link", name="To the characters", exact=True).click()
    expect(page.get_by_role("heading", name="Characters", exact=True)).to_be_visible()


def test_a_page_that_breaks_says_so_and_the_others_go_on(broken: Served, page):
    page.goto(broken.url)
    page.get_by_role("link", name="Queue", exact=True).click()
    expect(page.get_by_role("heading", name="This page broke", exact=True)).to_be_visible()
    page.get_by_role("link", name="Creations", exact=True).click()
    expect(page.get_by_role("heading", name="Creations", exact=True)).to_be_visible()
    assert any("broken on purpose" in line for line in broken.said)
