"""Build the page into src/layerwise/app/play/site/, and the documentation's live figures into docs/_static/figures/.

The page is the catalogue of parts, the engine as WebAssembly, and the site.

$ python tools/build_page.py             all; needs the development install, `pip install ziglang==0.17.1` and Node
$ python tools/build_page.py --engine    the catalogue and the engine alone, for `npm run dev` and `npm test`
$ python tools/build_page.py --figures   the live figures alone; needs Node
"""

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE, NATIVE = ROOT / "page", ROOT / "src/layerwise/engine/native"
SITE = ROOT / "src/layerwise/app/play/site"
FIGURES = ROOT / "docs/_static/figures"
OF_PYTHON = ("bindings.cpp", "python.h", "threads.cpp")  # not in the page's engine
FLAGS = shlex.split("""
    -target wasm32-wasi -mcpu=generic+simd128+bulk_memory -std=c++17 -O3 -fno-math-errno -fno-trapping-math
    -fno-exceptions -fno-rtti -DNDEBUG -DLW_ISA=baseline -DLW_HAS_BASELINE=1
    -Wall -Wextra -Werror -Wno-pass-failed -Wno-unused-private-field
""")
# A product and a sum may become one operation in the body alone, as in CMakeLists.txt.
SOURCES = {
    NATIVE / "body.cpp": "fast", NATIVE / "formulas.cpp": "off", PAGE / "engine/face.cpp": "off",
    PAGE / "engine/one_thread.cpp": "off", PAGE / "engine/random.cpp": "off",
}  # fmt: skip


def zig(*arguments):
    subprocess.run([sys.executable, "-m", "ziglang", "c++", *map(str, arguments)], check=True, cwd=ROOT)


def build_engine():
    """Compile the engine, one object a file, and link it."""
    objects = PAGE / "build"
    objects.mkdir(exist_ok=True)
    names = {source: objects / f"{source.stem}.o" for source in SOURCES}
    folders = [f"-I{NATIVE.relative_to(ROOT)}", f"-I{(PAGE / 'engine').relative_to(ROOT)}"]

    def compile_one(source):
        newest = max(path.stat().st_mtime for folder in (NATIVE, PAGE / "engine") for path in folder.iterdir())
        if names[source].exists() and names[source].stat().st_mtime > newest:
            return
        contract = f"-ffp-contract={SOURCES[source]}"
        zig(*FLAGS, *folders, contract, "-c", source.relative_to(ROOT), "-o", names[source])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_one, SOURCES))
    wasm = PAGE / "public/engine.wasm"
    wasm.parent.mkdir(exist_ok=True)
    link = ["-target", "wasm32-wasi", "-mexec-model=reactor", "-Wl,--strip-all", "-Wl,--export=__stack_pointer"]
    zig(*link, *names.values(), "-o", wasm)
    print(f"{wasm.relative_to(ROOT)}: {wasm.stat().st_size:,} bytes")


def build_catalogue():
    target = PAGE / "src/generated/catalogue.json"
    subprocess.run([sys.executable, "-m", "layerwise.app.play.catalogue", str(target)], check=True, cwd=ROOT)


def build_site():
    """Build the site, and write sources.json: the digest of each file that it is made from."""
    run_npm("build")
    write_digests(SITE, sources())


def build_figures():
    """Build the live figures; Vite writes which files they are made from, and this their digests."""
    run_npm("build:figures")
    names = json.loads((FIGURES / "sources.json").read_text("utf-8"))
    plugins = (f"plugins/{name}.ts" for name in ("catalogue", "classic", "sources", "within", "words"))
    settings = ("package-lock.json", "vite.figures.config.ts", "src/figures/presets.json", *plugins)
    write_digests(FIGURES, [PAGE / name for name in {*names, *settings}])


def run_npm(script):
    if not (PAGE / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], check=True, cwd=PAGE)
    subprocess.run(["npm", "run", script], check=True, cwd=PAGE)


def write_digests(folder, files):
    text = json.dumps(digests(files), indent=1)
    (folder / "sources.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def sources():
    """Yield the files that the site is made from."""
    yield ROOT / "tools/build_page.py"
    for path in PAGE.iterdir():
        if path.is_file():
            yield path
    for folder in (PAGE / "src", PAGE / "engine", PAGE / "public"):
        found = (path for path in folder.rglob("*") if path.is_file() and path.name != "engine.wasm")
        yield from (path for path in found if PAGE / "src/figures" not in path.parents)
    yield from (path for path in NATIVE.iterdir() if path.suffix in (".h", ".cpp") and path.name not in OF_PYTHON)


def digests(files):
    """Return the digest of each file, by its path; the ends of lines do not count."""
    found = {}
    for path in sorted(files):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        found[path.relative_to(ROOT).as_posix()] = hashlib.sha256(content).hexdigest()[:16]
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", action="store_true", help="the catalogue and the engine alone")
    parser.add_argument("--figures", action="store_true", help="the live figures alone")
    chosen = parser.parse_args()
    if not chosen.figures:
        build_catalogue()
        build_engine()
        if not chosen.engine:
            build_site()
    if not chosen.engine:
        build_figures()
