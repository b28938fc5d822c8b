"""The order of the gallery's examples: the first steps one after the other, all else by name."""

FIRST = ("spiral.py", "digits.py", "sine.py", "iris.py", "table.py", "change_one_import.py", "neurons.py")


class ByLesson:
    """The key by which sphinx-gallery sorts the examples of a section."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, name: str) -> tuple[int, str]:
        return (FIRST.index(name) if name in FIRST else len(FIRST), name)
