"""What the search page knows of each page besides Sphinx's index: its kind, its keywords and its first paragraph.

`_static/search.js` ranks pages with it. The keywords are those of a page's front matter, `myst: html_meta: keywords:`,
separated by commas; a keyword may be a whole question. A page built for a class or a function has none.
"""

import json

from docutils import nodes
from sphinx.search.en import SearchEnglish

KINDS = {
    "course": "Course",
    "how-to": "How-to",
    "reference": "Reference",
    "explanation": "Explanation",
    "gallery": "Gallery",
}
LEAD = 180  # characters of a first paragraph
ASKING = """
    anyone anything best better can cant come comes correct does doesnt dont easy easily get gets getting give go good
    happen happens help im is isnt just keep know layerwise like make makes mean means much must need needs please
    possible problem question show start tell thing things try trying use used user uses using want wants way whats
    work working works
"""


class Questions(SearchEnglish):
    """English, with the words of which questions are made among those that are not searched."""

    stopwords = frozenset(SearchEnglish.stopwords) | frozenset(ASKING.split())


def read_page(app, doctree):
    """Note the keywords and the first paragraph of a page."""
    keywords = [meta["content"] for meta in doctree.findall(nodes.meta) if meta.get("name") == "keywords"]
    paragraph = next((node for node in doctree.findall(nodes.paragraph) if _is_text(node)), None)
    lead = " ".join(paragraph.astext().split()) if paragraph is not None else ""
    if len(lead) > LEAD:
        lead = lead[:LEAD].rsplit(" ", 1)[0].rstrip(",;:.") + " …"
    words = [word.strip() for text in keywords for word in text.split(",") if word.strip()]
    _pages(app.env)[app.env.docname] = {"lead": lead, "keywords": words}


def _is_text(paragraph):
    """Tell if a paragraph is one of the page's text, not one of a table, a note or a picture."""
    return isinstance(paragraph.parent, nodes.section | nodes.document) and bool(paragraph.astext().strip())


def _pages(env):
    if not hasattr(env, "searched_pages"):
        env.searched_pages = {}
    return env.searched_pages


def _forget(app, env, docname):
    _pages(env).pop(docname, None)


def _merge(app, env, docnames, other):
    _pages(env).update({name: page for name, page in _pages(other).items() if name in docnames})


def add_pages(app, pagename, templatename, context, doctree):
    """Give the search page its script and what that must know."""
    if pagename != "search":
        return
    pages = {}
    for docname, page in sorted(_pages(app.env).items()):
        kind = "API" if docname.startswith("reference/api/") else KINDS.get(docname.split("/")[0], "")
        pages[docname] = {"kind": kind, **page}
    told = json.dumps(pages, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
    app.add_js_file(None, body=f"const SEARCHED_PAGES = {told};")
    app.add_js_file("search.js")


def setup(app):
    """Register the language and connect to the build."""
    app.add_search_language(Questions)
    app.connect("doctree-read", read_page)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("html-page-context", add_pages)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
