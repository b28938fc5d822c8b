"""Each example of the gallery runs as readers download it, as a program and as a notebook, alone in an empty folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = [
    path.stem
    for path in sorted(EXAMPLES.rglob("*.py"))
    if path.name not in ("contact_sheet.py", "ill_networks.py") and path.parent.name != "scale"
]
CLUSTERS = [path.stem for path in sorted((EXAMPLES / "scale").glob("*.py"))]
NEEDS = {"dask": "distributed", "ray": "ray.data", "optuna": "optuna", "mpi": "mpi4py.MPI", "parquet": "pyarrow"}


def downloaded(site, name, folder):
    """Copy what the page of an example offers for download into a folder; return the copy."""
    [page] = (site / "gallery").rglob(f"{Path(name).stem}.html")
    [address] = set(re.findall(rf'"[./]*(_downloads/\w+/{re.escape(name)})"', page.read_text(encoding="utf-8")))
    return Path(shutil.copy(site / address, folder))


def check(command, folder):
    environment = {**os.environ, "MPLBACKEND": "agg", "RAY_AUTH_TOKEN": "0" * 64, "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def run_both(site, name, folder):
    program, notebook = (downloaded(site, f"{name}.{ending}", folder) for ending in ("py", "ipynb"))
    check([sys.executable, program.name], folder)
    for path in folder.iterdir():
        if path != notebook:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    execute = (
        "import sys, nbformat, nbclient; nbclient.NotebookClient(nbformat.read(sys.argv[1], 4), timeout=600).execute()"
    )
    check([sys.executable, "-c", execute, notebook.name], folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_example_runs_as_it_is_downloaded(name, docs_site, tmp_path):
    pytest.importorskip("nbclient")
    run_both(docs_site, name, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("name", CLUSTERS)
def test_an_example_for_a_cluster_runs_as_it_is_downloaded(name, docs_site, tmp_path):
    pytest.importorskip("nbclient")
    [package] = [NEEDS[word] for word in re.split("_", name) if word in NEEDS] or ["distributed"]
    pytest.importorskip(package, exc_type=ImportError)
    run_both(docs_site, name, tmp_path)
