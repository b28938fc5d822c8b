"""Time layerwise beside its peers and write docs/explanation/benchmarks.md, with its pictures.

python benchmarks/page.py                    all that `layerwise bench` can measure, with its other options after it
python benchmarks/page.py --from FILE.json   nothing is measured: the page of what `layerwise bench -o FILE.json` wrote
"""

import sys
from pathlib import Path

from layerwise.app.bench.report import write_page
from layerwise.app.bench.results import Report
from layerwise.app.cli import main

PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "benchmarks.md"

if __name__ == "__main__":
    if sys.argv[1:2] == ["--from"]:
        write_page(Report.from_json(Path(sys.argv[2]).read_text(encoding="utf-8")), PAGE)
    else:
        sys.exit(main(["bench", "--predict", "--growth", "--page", str(PAGE), *sys.argv[1:]]))
