"""Draws the icons that a phone puts on its home screen from the mark, ``logo.svg``.

Run by ``python scripts/draw_icons.py``; needs Chromium, as the tests do.
"""

import re
import shutil

from playwright.sync_api import sync_playwright

from genregenie.common import resources

STATIC = resources.static("web/portal")
SIZES = {
    "icon-192.png": (192, 0.0),
    "icon-512.png": (512, 0.0),
    "icon-maskable-512.png": (512, 0.1),
}
"""Pixels, and the margin as a share: a system may cut a tenth off every side of a maskable one."""


def main() -> None:
    mark = (STATIC / "logo.svg").read_text(encoding="utf-8")
    colour = re.search(r'<rect[^>]*fill="(#[0-9a-f]+)"', mark)
    if colour is None:
        raise SystemExit("The mark has no coloured square.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, (side, margin) in SIZES.items():
            page = chromium.new_page(viewport={"width": side, "height": side})
            inner = round(side * (1 - 2 * margin))
            fill = colour[1] if margin else "transparent"
            page.set_content(
                f"<style>body{{margin:0;display:grid;place-items:center;height:{side}px;"
                f"background:{fill}}}svg{{width:{inner}px;height:{inner}px}}</style>{mark}"
            )
            page.screenshot(path=STATIC / name, omit_background=True)
        chromium.close()


if __name__ == "__main__":
    main()
