"""What the search page knows of each page besides Sphinx's index: its kind, keywords, first paragraph, and links to it.

`_static/search.js` ranks pages with it. The keywords are those of a page's front matter, `myst: html_meta: keywords:`,
separated by commas; a keyword may be a whole question. Where a row of a table links to a single page, as in the tables
"I want to …", the words of the row are searched for that page. SYNONYMS are words that users write for each other.
"""

import json
import re

from docutils import nodes
from sphinx import addnodes
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
    possible problem question see show start tell thing things try trying use used user uses using versus vs want wants
    way whats work working works
"""
SYNONYMS = """
    csv table spreadsheet
    excel xlsx spreadsheet
    dataframe pandas frame
    column feature
    category categorical class classification
    image picture photo
    crash kill interrupt abort
    resume continue
    save store persist
    disk file
    norm normalization normalize
    color colour
    stuck plateau
    nan infinite inf diverge explode
    fall down decrease drop
    predict predictions inference infer
    gpu cuda
    cnn convolution convolutional
    lstm rnn gru recurrent sequence
    hyperparameter hyperparameters setting tune
    model network
    neuron unit
    deploy ship serve production
    javascript js node
    sklearn scikit
    normalize normalization standardize scale scaling
    initialization initialize initializer
    xavier glorot
    regularization penalty
    imbalanced imbalance unbalanced skewed rare
    oversample oversampling undersampling smote
    plot draw picture visualize figure chart
    fast speed slow performance benchmark
    notebook jupyter colab
    seed reproducible deterministic
    memory ram
    cluster machine distributed
    confidence sure certain uncertain
    rate lr
    custom own write
    compiler compile
    convert import
"""


class Questions(SearchEnglish):
    """English, with the words of which questions are made among those that are not searched."""

    stopwords = (frozenset(SearchEnglish.stopwords) | frozenset(ASKING.split())) - {"down", "own", "same"}


def read_page(app, doctree):
    """Note the keywords and the first paragraph of a page."""
    keywords = [meta["content"] for meta in doctree.findall(nodes.meta) if meta.get("name") == "keywords"]
    paragraph = next((node for node in doctree.findall(nodes.paragraph) if _is_text(node)), None)
    lead = " ".join(paragraph.astext().split()) if paragraph is not None else ""
    if len(lead) > LEAD:
        lead = lead[:LEAD].rsplit(" ", 1)[0].rstrip(",;:.") + " …"
    words = [word.strip() for text in keywords for word in text.split(",") if word.strip()]
    page = {"lead": lead, "keywords": words, "links": list(_linking_rows(doctree))}
    if app.env.docname.startswith("reference/api/"):
        page["names"] = _parameters(doctree)
    else:
        page["rows"] = _first_cells(doctree)
    _pages(app.env)[app.env.docname] = page


def _first_cells(doctree):
    """Return the first cell of each row of a page's tables that has words: symptoms, wishes, names elsewhere."""
    cells = (row.children[0].astext() for body in doctree.findall(nodes.tbody) for row in body.findall(nodes.row))
    return sorted({" ".join(text.split()) for text in cells if re.search(r"[^\W\d_]{3}", text) and len(text) < LEAD})


def _parameters(doctree):
    """Return the names of the parameters and attributes of a class or a function, as numpydoc lists them."""
    others = {term for see_also in doctree.findall(addnodes.seealso) for term in see_also.findall(nodes.term)}
    terms = (term.astext().partition(":")[0] for term in doctree.findall(nodes.term) if term not in others)
    return sorted({name.strip() for term in terms for name in term.split(",") if name.strip().isidentifier()})


def _linking_rows(doctree):
    """Give the page that a row of a table links to, and the words of the row besides the link."""
    for row in doctree.findall(nodes.row):
        links = list(row.findall(addnodes.pending_xref))
        targets = {target for link in links if (target := _target(link))}
        if len(targets) == 1:
            words = " ".join(cell.astext() for cell in row.children if not list(cell.findall(addnodes.pending_xref)))
            if words:
                yield targets.pop(), " ".join(words.split())


def _target(link):
    """Return the page that a link within the site goes to; None for other links."""
    return link["reftarget"] if link.get("refdomain") == "doc" else None


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
    known = _pages(app.env)
    pages = {}
    for docname, page in sorted(known.items()):
        kind = "API" if docname.startswith("reference/api/") else KINDS.get(docname.split("/")[0], "")
        pages[docname] = {"kind": kind, "asked": [], **{key: page[key] for key in page if key != "links"}}
    for docname, page in sorted(known.items()):
        for target, words in page["links"]:
            if target in pages and docname.endswith("/index"):
                pages[target]["asked"].append(words)
    told = json.dumps(pages, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
    groups = [group.strip() for group in SYNONYMS.strip().splitlines()]
    app.add_js_file(None, body=f"const SEARCHED_PAGES = {told};\nconst SEARCH_SYNONYMS = {json.dumps(groups)};")
    app.add_js_file("search.js")


def setup(app):
    """Register the language and connect to the build."""
    app.add_search_language(Questions)
    app.connect("doctree-read", read_page)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("html-page-context", add_pages)
    return {"version": "1", "env_version": 6, "parallel_read_safe": True, "parallel_write_safe": True}
