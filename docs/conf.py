"""The site: Sphinx's configuration."""

import sys
from pathlib import Path

import layerwise

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))
sys.modules.setdefault("rfc3987_syntax", None)  # jsonschema's check of addresses: takes 4 s to import, not needed here
import api  # noqa: E402 -- our own extensions, in _ext

project = "layerwise"
author = "the layerwise developers"
copyright = "the layerwise developers"
version = release = layerwise.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "numpydoc_template",
    "api",
    "parts",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "executed",
    "exercises",
    "live",
    "notebooks",
    "page_search",
    "published",
]
if tags.has("small"):  # noqa: F821 -- a site of the tests, without the gallery
    extensions.remove("sphinx_gallery.gen_gallery")
exclude_patterns = [
    "_build",
    "_ext",
    "_executed",
    "_static",
    "_templates",
    "_extra",
    "gallery/*.ipynb",
    "gallery/*/*.ipynb",
]
root_doc = "index"

myst_enable_extensions = [
    "amsmath",
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
    "smartquotes",
]
myst_heading_anchors = 3

# Lessons: see _ext/executed.py.
nb_execution_mode = "cache"
nb_execution_timeout = 600
nb_execution_in_temp = True
nb_merge_streams = True
suppress_warnings = ["mystnb.exec"]  # executed.py says more of what failed

# The gallery: examples are run, but for those that need a cluster.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"examples/(?!scale/)",
    "ignore_pattern": r"contact_sheet|ill_networks",
    "subsection_order": [f"../examples/{name}" for name in ("inside", "training", "confidence", "elsewhere", "scale")],
    "within_subsection_order": "gallery_order.ByLesson",
    "nested_sections": False,
    "abort_on_example_error": True,
    "matplotlib_animations": False,
    "min_reported_time": 600,
    "plot_gallery": True,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
}

# Formulas: MathJax from _static/mathjax, no request to elsewhere.
mathjax_path = "mathjax/tex-svg-full.js"
mathjax_options = {"defer": "defer"}
mathjax3_config = {
    "options": {"enableMenu": False},
    "svg": {"fontCache": "local"},
    "tex": {"tags": "none"},
}

# Reference: see _ext/api.py.
autosummary_context = api.CONTEXT
default_role = "py:obj"
autodoc_typehints = "none"  # the types stand in the docstrings' sections
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the template of a class lists them
numpydoc_xref_param_type = True  # types of parameters are links to their pages
numpydoc_xref_aliases = api.TYPES
numpydoc_xref_ignore = "all"
python_maximum_signature_line_length = 80
add_module_names = False

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_extra_path = ["_extra"]
html_css_files = ["site.css", "how-to.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_title = "layerwise"
html_context = {"default_mode": "auto"}
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {
        "image_light": "_static/logo-light.svg",
        "image_dark": "_static/logo-dark.svg",
        "alt_text": "layerwise: home",
    },
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["site-version"],
    "search_bar_text": "Search, or ask a question",
    "show_toc_level": 2,
    "navigation_depth": 3,
    "show_nav_level": 1,
}
html_sidebars = {"index": []}
templates_path = ["_templates"]
