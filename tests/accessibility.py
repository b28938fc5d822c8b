"""What axe-core finds on a page in Chromium: all its rules in one scheme, that of contrast in the others too."""

import pytest

SCHEMES = ("light", "dark")


def violations(page, schemes=SCHEMES, context=None, **options):
    """Run axe-core on the page as it stands; return the rules that are broken and where."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    options = {"resultTypes": ["violations"], "preload": False, **options}  # preloading fetches files
    found = []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(300)  # colours that change by and by
        assert page.evaluate("document.documentElement.dataset.theme") in (None, scheme)  # where the page sets one
        rules = axe.run(page, context=context, options=options).response["violations"]
        found += [(scheme, rule["id"], [node["html"][:160] for node in rule["nodes"][:3]]) for rule in rules]
        options["runOnly"] = ["color-contrast"]  # the page is the same but for its colours
    return found
