"""All results of docs/explanation/results.md, or some of its sections, measured and written into their page.

python benchmarks/results                   all sections but tables-large
python benchmarks/results tables search     two of them; the others stay as they are
OMP_NUM_THREADS=1 python benchmarks/results tables-large     hours; the folder `tables` has the tables (tables_large.py)
"""

import os
import platform
import re
import sys
import time
from pathlib import Path

import numpy

PAGE = Path(__file__).parent.parent.parent / "docs" / "explanation" / "results.md"
PAGES = {"cures": PAGE.parent.parent / "how-to" / "diagnose.md"}  # that are not on the page of results
SEEDS = (0, 1, 2, 3, 4)


def digits_section() -> str:
    import digits

    return "\n".join(_echo(digits.lines(SEEDS)))


def own_digits_section() -> str:
    import own_digits

    return "\n".join(_echo(own_digits.lines(Path("own-digits"), SEEDS[:3])))


def tables_section() -> str:
    import tables

    return "\n".join(_echo(tables.lines(list(tables.DATA))))


def tables_large_section() -> str:
    import tables_large

    done = Path("tables-large.jsonl")
    tables_large.measure(Path("tables"), list(tables_large.TABLES), list(tables_large.MODELS), 5, done)
    return "\n".join(_echo(tables_large.lines(done)))


def search_section() -> str:
    import search

    return "\n".join(_echo(search.lines()))


def refusal_section() -> str:
    import refusal

    return "\n".join(_echo(refusal.lines(SEEDS[:3])))


def cures_section() -> str:
    import cures

    return "\n".join(_echo(cures.lines()))


def published_section() -> str:
    import published

    return published.section(published.everything(), SEEDS, processes=2)


SECTIONS = {
    "digits": digits_section,
    "tables": tables_section,
    "tables-large": tables_large_section,
    "search": search_section,
    "refusal": refusal_section,
    "cures": cures_section,
    "published": published_section,
}


def _echo(lines):
    for line in lines:
        print(line, flush=True)
        yield line


def machine() -> str:
    """Processor, system and versions, in a line."""
    import sklearn

    from layerwise.app.bench.results import processor

    return (
        f"{processor()} ({os.cpu_count()} cores), {platform.system()}, Python {platform.python_version()}, "
        f"NumPy {numpy.__version__}, scikit-learn {sklearn.__version__}"
    )


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        print(f"there is no section {unknown[0]!r}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    for name in names or [name for name in SECTIONS if name != "tables-large"]:
        begin = time.perf_counter()
        body = SECTIONS[name]()
        minutes = (time.perf_counter() - begin) / 60
        made = f"`python benchmarks/results {name}`, {minutes:.0f} minute{'s' * (round(minutes) != 1)} on {machine()}."
        page = PAGES.get(name, PAGE)
        text, pattern = page.read_text(encoding="utf-8"), rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        page.write_text(
            re.sub(pattern, lambda m: f"{m[1]}{made}\n\n{body}\n{m[2]}", text, flags=re.S), encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
