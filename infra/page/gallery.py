"""Takes the pictures of the page, on a stack with the sample: an export of its 84 datasets, as a person makes it.

The one JSON argument is {"url", "key", "chromium", "folder"}.
"""

import json
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

SETTINGS = json.loads(sys.argv[1])
PAGE = SETTINGS["url"].removesuffix("/").removesuffix("/api/v1") + "/"
DESKTOP, TALL, PHONE = {"width": 1280, "height": 860}, {"width": 1280, "height": 1640}, {"width": 390, "height": 844}
TIMEOUT_MS = 240_000


def tab(browser, viewport, scheme):
    context = browser.new_context(viewport=viewport, color_scheme=scheme, locale="en-GB", timezone_id="UTC", reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_MS)
    opened = context.new_page()
    opened.goto(PAGE)
    opened.get_by_label("API key").fill(SETTINGS["key"])
    opened.get_by_role("button", name="Sign in").click()
    opened.get_by_role("heading", name="New export").wait_for()
    return opened


def picture(opened, name):
    # Neither focus nor pointer is in a picture.
    opened.mouse.move(0, 0)
    opened.evaluate("document.activeElement.blur()")
    opened.wait_for_timeout(300)
    opened.screenshot(path=Path(SETTINGS["folder"]) / f"{name}.png")


def main():
    Path(SETTINGS["folder"]).mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=SETTINGS["chromium"])
        desktop = tab(browser, DESKTOP, "light")
        desktop.get_by_role("button", name="Choose all").click()
        desktop.get_by_role("button", name="Everything").click()
        desktop.evaluate("scrollTo(0, 0)")
        picture(desktop, "choose")
        desktop.get_by_role("button", name="See the plan").click()
        desktop.get_by_role("heading", name="Plan").wait_for()
        picture(desktop, "plan")
        desktop.get_by_label("Name of this export").fill("Everything, for the lake")
        desktop.get_by_role("button", name="Start the export").click()
        desktop.locator(".progress .figures").wait_for()
        address = desktop.url
        dark = tab(browser, DESKTOP, "dark")
        dark.goto(address)
        # The policy of the page allows no script of Playwright that waits within it.
        while dark.locator("progress").evaluate("(bar) => bar.value") < 30:
            dark.wait_for_timeout(200)
        picture(dark, "watch-dark")
        expect(desktop.locator(".export-head .status")).to_have_text("Complete")
        desktop.locator("sluice-files tbody tr").first.wait_for()
        desktop.set_viewport_size(TALL)
        picture(desktop, "export")
        phone = tab(browser, PHONE, "dark")
        phone.get_by_role("checkbox").first.check()
        picture(phone, "choose-phone-dark")
        light = tab(browser, PHONE, "light")
        light.goto(address)
        light.locator("sluice-files tbody tr").first.wait_for()
        picture(light, "export-phone")
        browser.close()


main()
