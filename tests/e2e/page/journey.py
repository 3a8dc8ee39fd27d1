"""The whole way, as a person goes it: sign in, choose, preview, plan, export, watch, download. Prints what it saw."""

import hashlib
import json
import sys
from pathlib import Path

from browser import SETTINGS, browser, expect, page_url

DATASET = "visits"
MAX_FIRST_LOAD_BYTES = 100_000


def load(it):
    """Loads the page three times and returns the bytes of a load and the shortest time until it can be used."""
    times, sent = [], []
    for _ in range(3):
        before = len(it.requests)
        response = it.tab.goto(page_url())
        it.tab.get_by_label("API key").wait_for()
        times.append(it.tab.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
        sizes = response.request.sizes()
        sent.append(sizes["responseBodySize"] + sizes["responseHeadersSize"])
        assert [url for _, _, url in it.requests[before:] if url.startswith("http")] == [page_url()], "a first load is one request"
    headers = response.headers
    assert "unsafe" not in headers["content-security-policy"] and "'sha256-" in headers["content-security-policy"]
    for name, value in (("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cross-origin-opener-policy", "same-origin")):
        assert headers[name] == value, name
    plain = len(response.body())
    assert max(sent) < MAX_FIRST_LOAD_BYTES, (sent, plain)
    files = headers["content-security-policy"].partition("connect-src 'self'")[2].partition(";")[0].split()
    return {"filesOrigins": files, "firstLoadBytes": max(sent), "uncompressedBytes": plain, "interactiveMs": min(times)}


def choose(it):
    tab = it.tab
    tab.get_by_label("Search datasets").fill(DATASET)
    tab.locator(".dataset-list label").filter(has_text=DATASET).first.click()
    tab.get_by_label("First day").fill("2024-01-01")
    tab.get_by_label("Last day").fill("2024-01-31")
    tab.get_by_label("Last day").press("Tab")


def refuse(it):
    """A wrong value is reported beside its field, and the field is described by it."""
    tab = it.tab
    tab.get_by_role("button", name="Add a condition").click()
    tab.get_by_label("Column", exact=True).select_option("score")
    value = tab.get_by_label("Value for score")
    value.fill("many")
    tab.get_by_role("button", name="See the plan").click()
    expect(value).to_have_attribute("aria-invalid", "true")
    expect(value).to_be_focused()
    beside = tab.locator(".condition .violation")
    assert beside.get_attribute("id") in value.get_attribute("aria-describedby")
    it.check("a violation")
    words = beside.text_content()
    tab.get_by_role("button", name="Remove the condition on score").click()
    return words


def preview(it):
    tab = it.tab
    tab.get_by_role("button", name=f"Preview 50 rows of {DATASET}").click()
    rows = tab.locator("table.data tbody tr")
    expect(rows).to_have_count(50)
    it.check("preview")
    head = tab.locator("table.data th").all_text_contents()
    tab.get_by_role("button", name="Close", exact=True).click()
    return head


def plan_and_start(it):
    tab = it.tab
    tab.get_by_label("Compression").select_option("none")
    tab.get_by_role("button", name="See the plan").click()
    tab.get_by_role("heading", name="Plan").wait_for()
    it.check("plan")
    curl = tab.locator(".command pre").first.text_content()
    tab.get_by_label("Name of this export").fill("January, from the page")
    tab.get_by_role("button", name="Start the export").click()
    return curl


def download(it, control):
    with it.tab.expect_download() as downloading:
        control.click()
    file = Path(SETTINGS["folder"]) / downloading.value.suggested_filename
    downloading.value.save_as(file)
    return file


def main():
    with browser() as it:
        tab = it.tab
        figures = load(it)
        it.check("sign in")
        it.sign_in("slc_0123456789abcdef_" + "0123456789abcdef" * 4)
        wrong = tab.locator(".violation").text_content()
        it.sign_in()
        tab.get_by_role("heading", name="New export").wait_for()
        choose(it)
        it.check("choose")
        violation = refuse(it)
        head = preview(it)
        # A reload in the middle keeps the key and the choices.
        tab.reload()
        expect(tab.get_by_role("checkbox", name=DATASET)).to_be_checked()
        assert tab.get_by_label("First day").input_value() == "2024-01-01"
        curl = plan_and_start(it)
        expect(tab.locator(".export-head .status")).to_have_text("Complete")
        tab.reload()
        expect(tab.locator(".export-head .status")).to_have_text("Complete")
        tab.locator("sluice-files tbody tr").first.wait_for()
        it.check("a complete export")
        file = download(it, tab.locator("sluice-files").get_by_role("button", name=f"Download {DATASET}").first)
        manifest = json.loads(download(it, tab.get_by_role("button", name="Download the manifest")).read_text())
        entry = manifest["datasets"][0]["chunks"][0]["file"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]
        export = tab.url.rpartition("/")[2]
        tab.get_by_role("link", name="Exports", exact=True).click()
        tab.get_by_label("Name").fill("january")
        tab.get_by_role("button", name="Search").click()
        tab.locator(f"a[href='#/exports/{export}']").wait_for()
        it.check("history")
        tab.get_by_role("button", name="Sign out").click()
        tab.get_by_label("API key").wait_for()
        assert tab.evaluate("sessionStorage.length") == 0
        assert not any(SETTINGS["key"] in url for _, _, url in it.requests), "the key was in an address"
        it.check_reports()
        # Links of files lead to the bucket or the CDN.
        it.check_origins(*(origin.partition("://")[2] for origin in figures["filesOrigins"]))
    json.dump({**figures, "wrongKey": wrong, "violation": violation, "columns": head, "curl": curl, "export": export, "file": str(file)}, sys.stdout)


main()
