"""Check the links within a built site: `python tools/check_links.py docs/_build/html`; others are left alone."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ADDRESSES = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "src", "iframe": "src"}


class Page(HTMLParser):
    """The ids of a page, and the addresses that it names."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.addresses = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.update(found[key] for key in ("id", "name") if found.get(key))
        address = found.get(ADDRESSES.get(tag, ""))
        if address is not None:
            self.addresses.append((self.getpos()[0], address))


def broken_links(site):
    """Return a line for each link of a site's pages whose file or fragment is not there."""
    site = Path(site).resolve()
    files = [path for path in sorted(site.rglob("*.html")) if path.relative_to(site).parts[0] != "_static"]  # templates
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in files}
    broken = []
    for path, page in pages.items():
        for line, address in page.addresses:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or path.name == "404.html":  # the latter is served at any address
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            where = f"{path.relative_to(site)}:{line}: {address}"
            if not target.is_file():
                broken.append(f"{where}: there is no such file")
            elif parts.fragment and target in pages and not _has(pages[target], parts.fragment):
                broken.append(f"{where}: the page has no such id")
    return broken


def _has(page, fragment):
    return fragment in page.ids or unquote(fragment) in page.ids


if __name__ == "__main__":
    found = broken_links(sys.argv[1])
    print("\n".join(found) or "all links within the site are there")
    sys.exit(bool(found))
