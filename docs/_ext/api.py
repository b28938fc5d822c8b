"""The reference's pages: what their templates ask for, and base classes by their public names."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from numpydoc.xref import DEFAULT_LINKS
from public import members, public_name, public_objects
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


@dataclass(frozen=True)
class Members:
    """Lists a class's methods, or its properties, for the template. Equal to another of the same kind in the cache."""

    properties: bool

    def __call__(self, name: str) -> list[str]:
        """Return the members of a class by its public name."""
        cls = public_objects()[name]
        kinds = {one: isinstance(inspect.getattr_static(cls, one), property) for one in members(cls)}
        return [one for one, is_property in kinds.items() if is_property == self.properties]


# What the word for a type in a docstring links to: our classes by their short names, and nothing of Python's own.
TYPES = {word: word for word in DEFAULT_LINKS} | {
    name.rpartition(".")[2]: name for name, value in public_objects().items() if inspect.isclass(value)
}
CONTEXT = {"methods_of": Members(properties=False), "properties_of": Members(properties=True)}


def _name_bases(app: Sphinx, name: str, obj: type, options: Any, bases: list[Any]) -> None:
    """Write a class's bases by their public names, and leave out those that have none."""
    named = [public_name(base) or (base.__name__ if base.__module__ == "builtins" else None) for base in bases]
    bases[:] = [f":py:class:`{one}`" for one in named if one and one != "object"]


def _name_arguments(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """Take a class's arguments from its constructor, where `__new__` passes on any."""
    if what != "class" or not (signature or "").replace(" ", "").startswith("(*args"):
        return None
    own = list(inspect.signature(obj.__init__).parameters.values())[1:]
    bare = [one.replace(annotation=one.empty) for one in own]
    return str(inspect.Signature(bare)), returns


def _fold_navigation(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """List on a page of the reference the pages of its own kind alone, not those of all kinds: 200 links a page."""
    if page.startswith("reference/"):
        context["theme_collapse_navigation"] = True


class PlainTypes(SphinxTransform):
    """Keeps the quotes in types of parameters straight: they are Python."""

    default_priority = 700  # before the quotes of prose

    def apply(self, **kwargs: Any) -> None:
        """Mark the types."""
        for node in self.document.findall(nodes.classifier):
            node["support_smartquotes"] = False


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_transform(PlainTypes)
    app.connect("autodoc-process-bases", _name_bases)
    app.connect("autodoc-process-signature", _name_arguments)
    app.connect("html-page-context", _fold_navigation)
    app.add_css_file("reference.css")
    return {"parallel_read_safe": True}
