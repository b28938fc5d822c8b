"""The site: Sphinx's configuration."""

import sys
from pathlib import Path

import layerwise

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))

project = "layerwise"
author = "the layerwise developers"
copyright = "the layerwise developers"
version = release = layerwise.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "_ext", "_executed"]
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
nb_execution_mode = "cache"
nb_execution_timeout = 600
nb_execution_raise_on_error = True

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_title = "layerwise"
