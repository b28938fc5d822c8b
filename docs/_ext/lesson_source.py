"""A lesson's file as a list of blocks: text, code cells and the site's directives, each with its line."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

FENCE = re.compile(r"^(`{3,}|:{3,})\s*(.*)$")
DIRECTIVE = re.compile(r"^\{([\w:+-]+)\}\s*(.*)$")


class LineError(ValueError):
    """A fault in a page; ``line`` is where it stands."""

    def __init__(self, message, line=0):
        super().__init__(message)
        self.line = line


@dataclass
class Block:
    """A piece of a page: ``kind`` is "text", "fence" or the name of a directive."""

    kind: str
    body: str
    line: int  # of the block's first line, counted from 1
    argument: str = ""
    options: dict = field(default_factory=dict)
    body_line: int = 0  # of the body's first line


def front_matter(text):
    """Return the front matter of a page as a dictionary, and the number of lines it takes."""
    lines = text.splitlines()
    if not lines or lines[0].rstrip() != "---":
        return {}, 0
    end = next((n for n, line in enumerate(lines) if n and line.rstrip() in ("---", "...")), None)
    if end is None:
        return {}, 0
    found = yaml.safe_load("\n".join(lines[1:end]))
    return (found if isinstance(found, dict) else {}), end + 1


def is_lesson(text):
    """Tell if a page is a notebook: its front matter says ``file_format: mystnb``."""
    return text.startswith("---") and front_matter(text)[0].get("file_format") == "mystnb"


def read_blocks(text, first=1):
    """Return the blocks of a page without its front matter; fences inside a fence stay in its body."""
    lines, start = text.splitlines(), front_matter(text)[1]
    blocks, prose, at = [], [], start
    n = start
    while n < len(lines):
        opened = FENCE.match(lines[n])
        end = opened and _end(lines, n, opened.group(1))
        if not opened or end is None:
            prose.append(lines[n])
            n += 1
            continue
        _add_prose(blocks, prose, at + first)
        blocks.append(_block(opened.group(2).strip(), lines, n, end, first))
        n = end + 1
        prose, at = [], n
    _add_prose(blocks, prose, at + first)
    return blocks


def _end(lines, start, mark):
    """Return the line that closes a fence: the same mark, as long or longer, and nothing else."""
    closes = re.compile(rf"^{re.escape(mark[0])}{{{len(mark)},}}\s*$")
    depth = 0
    for n in range(start + 1, len(lines)):
        if closes.match(lines[n]):
            if not depth:
                return n
            depth -= 1
        elif mark[0] == ":" and re.match(rf"^:{{{len(mark)}}}\s*\{{", lines[n]):
            depth += 1  # a colon fence in one of the same length
    return None


def _add_prose(blocks, prose, line):
    if "".join(prose).strip():
        blocks.append(Block("text", "\n".join(prose), line))


def _block(info, lines, start, end, first):
    body = lines[start + 1 : end]
    named = DIRECTIVE.match(info)
    if not named:
        return Block("fence", "\n".join(body), start + first, info, body_line=start + 1 + first)
    options, taken = _options(body)
    return Block(
        named.group(1),
        "\n".join(body[taken:]),
        start + first,
        named.group(2).strip(),
        options,
        start + 1 + taken + first,
    )


def _options(body):
    """Return the options at the beginning of a directive, ``:key: value`` or YAML between lines ``---``."""
    if body and body[0].rstrip() == "---":
        end = next((n for n, line in enumerate(body) if n and line.rstrip() == "---"), 0)
        return yaml.safe_load("\n".join(body[1:end])) or {}, end + 1
    options, n = {}, 0
    while n < len(body) and (found := re.match(r"^:([\w-]+):\s*(.*)$", body[n])):
        options[found.group(1)] = found.group(2)
        n += 1
    while options and n < len(body) and not body[n].strip():
        n += 1
    return options, n


def code_cells(text):
    """Return the code cells of a lesson."""
    return [block for block in read_blocks(text) if block.kind == "code-cell"]


def lessons(docs):
    """Return the names of the lessons below a folder of sources, such as "course/1-neuron/01-inputs"."""
    found = []
    for path in sorted(Path(docs).rglob("*.md")):
        name = path.relative_to(docs)
        if not name.parts[0].startswith(("_", ".")) and is_lesson(path.read_text(encoding="utf-8")):
            found.append(name.with_suffix("").as_posix())
    return found
