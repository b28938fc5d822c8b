"""The fixtures of the page themselves: both servers serve it, and what a page must not do is seen."""

import pytest


@pytest.mark.parametrize("server", ["static_server", "play_server"])
def test_both_servers_serve_the_page(page, server, request):
    address = request.getfixturevalue(server)
    page.goto(address)
    page.until("document.title.endsWith('layerwise')")
    assert page.requests[0] == address


def test_what_a_page_must_not_do_is_seen(page, static_server):
    page.goto(f"{static_server}data/mnist.json")  # a page without a content security policy, which would forbid it
    page.evaluate("console.error('one'); fetch('http://127.0.0.2:9/').catch(() => {})")
    page.wait_for_timeout(500)
    assert {problem.partition(":")[0] for problem in page.problems} == {"console", "a request to elsewhere"}
    page.problems.clear()
