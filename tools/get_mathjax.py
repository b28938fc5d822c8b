"""Take MathJax from its npm package into docs/_static/mathjax: `python tools/get_mathjax.py 3.2.2`; needs npm."""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "_static" / "mathjax"
VERSION = "3.2.2"
FILES = {"package/es5/tex-svg-full.js": "tex-svg-full.js", "package/LICENSE": "LICENSE"}
DIGEST = "a4354ff94fd868aea0cc6eaaa79a57fda0588646fc46ee3700a349ee0a11cbe6"  # SHA-256 of tex-svg-full.js


def main(version=VERSION):
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder, f"mathjax@{version}"]
        subprocess.run(command, check=True, cwd=folder)
        (package,) = Path(folder).glob("*.tgz")
        with tarfile.open(package) as archive:
            for member, name in FILES.items():
                (FOLDER / name).write_bytes(archive.extractfile(member).read())
    digest = hashlib.sha256((FOLDER / "tex-svg-full.js").read_bytes()).hexdigest()
    if (version, digest) != (VERSION, DIGEST):
        print(f'VERSION = "{version}"\nDIGEST = "{digest}"  # put both into tools/get_mathjax.py and README.md')


if __name__ == "__main__":
    main(*sys.argv[1:])
