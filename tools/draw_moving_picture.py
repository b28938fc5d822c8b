"""Make the moving picture of the README: the playground learns a spiral, then a drawn digit is read.

python tools/draw_moving_picture.py [light] [dark]      writes docs/images/page-light.webp and page-dark.webp

It drives the page as `layerwise play --static` writes it, in Chromium (LAYERWISE_CHROMIUM says where that is).
"""

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from layerwise.app.play.static import write_site

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "page")]

from serving import plain_files  # noqa: E402

from drawn_digits import STROKES, smooth  # noqa: E402

CHROMIUM = os.environ.get("LAYERWISE_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
SIZE = {"width": 1440, "height": 860}
WIDTH = 900
EPOCHS = (1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)  # between two frames


class Film:
    """Frames of a page, each with how long it is shown."""

    def __init__(self, page):
        self.page = page
        self.frames, self.durations = [], []

    def take(self, milliseconds):
        with Image.open(io.BytesIO(self.page.screenshot())) as shot:
            height = round(WIDTH * shot.height / shot.width)
            self.frames.append(shot.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS))
        self.durations.append(milliseconds)

    def save(self, path):
        first, *others = self.frames
        first.save(
            path, save_all=True, append_images=others, duration=self.durations, loop=0, quality=56, method=6,
            minimize_size=False, kmin=3, kmax=12,
        )  # fmt: skip
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB, {len(self.frames)} frames")


def spiral(page, film, address):
    """Train the playground's network, with ever more epochs between two frames."""
    page.goto(f"{address}#playground")
    page.locator(".net canvas").wait_for()
    page.wait_for_timeout(1500)
    film.take(1200)
    button = page.get_by_role("button", name="One epoch", exact=True)
    for epochs in EPOCHS:
        for _ in range(epochs):
            button.click()
        page.evaluate("scrollTo(0, 0)")  # a click may scroll
        page.wait_for_timeout(400)
        film.take(140)
    film.durations[-1] = 1600


def digit(page, film, address, which=5):
    """Let a trained network read a digit while it is drawn."""
    page.goto(f"{address}#digits")
    page.get_by_role("button", name="Train", exact=False).first.click()
    accuracy = page.locator("[data-test-accuracy]")
    accuracy.wait_for(timeout=120_000)
    while float(accuracy.inner_text().rstrip("%")) < 95:
        page.wait_for_timeout(200)
    page.get_by_role("button", name="Pause").click()
    canvas = page.locator(".pad canvas")
    page.get_by_role("heading", name="Draw", exact=True).evaluate("element => element.scrollIntoView()")
    page.evaluate("window.scrollBy(0, -12)")
    page.wait_for_timeout(500)
    film.take(700)
    box = canvas.bounding_box()
    scale = box["width"] / 480
    for stroke in STROKES[which]:
        points = [(box["x"] + (150 + x * 190) * scale, box["y"] + (40 + y * 190) * scale) for x, y in smooth(stroke, 6)]
        page.mouse.move(*points[0])
        page.mouse.down()
        for i, point in enumerate(points[1:]):
            page.mouse.move(*point)
            if i % max(1, len(points) // 7) == 0:
                page.wait_for_timeout(250)
                film.take(130)
        page.mouse.up()
        page.wait_for_timeout(300)
        film.take(150)
    page.wait_for_timeout(900)
    film.take(2600)


def main(*schemes):
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        site = Path(name) / "site"
        write_site(site)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        with plain_files(site) as address:
            for scheme in schemes or ("light", "dark"):
                page = browser.new_page(viewport=SIZE, color_scheme=scheme)
                page.set_default_timeout(120_000)
                film = Film(page)
                spiral(page, film, address)
                digit(page, film, address)
                film.save(ROOT / "docs" / "images" / f"page-{scheme}.webp")
                if folder := os.environ.get("FRAMES"):  # each frame by itself, to be looked at
                    shutil.rmtree(folder, ignore_errors=True)
                    Path(folder).mkdir(parents=True)
                    for i, frame in enumerate(film.frames):
                        frame.save(Path(folder) / f"{i:02}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
