"""Parts of the page around an export: its request, its choices once more, the history, the limits, a key that may only read,
addresses of nothing, a sign-out, and all files at once.

Settings besides those of every script: "reader", a key of the same tenant that may only read. Prints what it saw.
"""

import hashlib
import json
import re
from pathlib import Path

from browser import SETTINGS, browser, expect, page_url

LABEL = "Around, from the page"
# A folder in the storage of the browser stands for one of the machine: the dialog of the browser cannot be driven.
FOLDER = "window.showDirectoryPicker = () => navigator.storage.getDirectory();"
NO_FOLDER = "delete window.showDirectoryPicker;"
IN_FOLDER = """async () => {
  const digest = async (file) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const found = {};
  const walk = async (folder, path) => {
    for await (const [name, handle] of folder.entries()) {
      if (handle.kind === "directory") await walk(handle, `${path}${name}/`);
      else found[path + name] = await digest(await handle.getFile());
    }
  };
  await walk(await navigator.storage.getDirectory(), "");
  return found;
}"""


def start(it):
    """Exports two datasets, one of them with a condition and some columns."""
    tab = it.tab
    tab.get_by_role("checkbox", name="visits").check()
    tab.get_by_role("checkbox", name=re.compile("^whole ")).check()
    tab.get_by_label("First day").fill("2024-01-01")
    tab.get_by_label("Last day").fill("2024-02-29")
    tab.get_by_label("Last day").press("Tab")
    visits = tab.locator("details[data-name=visits]")
    visits.get_by_role("button", name="Add a condition").click()
    visits.locator(".condition-column").select_option("score")
    visits.locator(".condition-operator").select_option("gte")
    visits.get_by_label("Value for score").fill("3")
    # The preview in the list has the conditions of its dataset; the focus returns to its button.
    preview = tab.get_by_role("button", name="Preview visits")
    preview.click()
    expect(tab.locator("table.data tbody tr")).to_have_count(50)
    scores = [int(text) for text in tab.locator("table.data td:nth-child(4)").all_text_contents()]
    assert min(scores) >= 3, scores
    tab.keyboard.press("Escape")
    expect(preview).to_be_focused()
    tab.get_by_role("button", name="See the plan").click()
    tab.get_by_label("Name of this export").fill(LABEL)
    tab.get_by_role("button", name="Start the export").click()
    expect(tab.locator(".export-head .status")).to_have_text("Complete")
    return tab.url.rpartition("/")[2]


def request_is_shown_and_used_again(it):
    tab = it.tab
    tab.get_by_text("What was requested").click()
    shown = tab.locator("details.request")
    expect(shown).to_contain_text("rows where score is at least 3; all columns")
    expect(shown).to_contain_text("1 Jan – 29 Feb 2024")
    it.check("the request of an export")
    curl = shown.locator("pre").first.text_content()
    tab.get_by_role("button", name="Use these choices again").click()
    expect(tab.get_by_role("heading", name="New export")).to_be_visible()
    tab.get_by_role("button", name="See the plan").click()
    expect(tab.get_by_role("heading", name="Plan", exact=True)).to_be_visible()
    expect(tab.get_by_label("Name of this export")).to_have_value(LABEL)
    sent = json.loads(re.search(r"-d '(.*)'", tab.locator(".command pre").first.text_content()).group(1))
    assert sent["datasets"] == [{"name": "visits", "filters": {"score": {"gte": "3"}}}, "whole"], sent
    assert (sent["startDate"], sent["endDate"], sent["label"]) == ("2024-01-01", "2024-02-29", LABEL), sent
    return curl


def all_files_at_once(it, export):
    """All files go into a folder and are not fetched twice; without folders they are saved one after the other."""
    tab = it.tab
    tab.goto(f"{page_url()}#/exports/{export}")
    tab.get_by_role("button", name="Download all files into a folder").click()
    expect(tab.locator(".transfer .success")).to_contain_text("All files are here.")
    it.check("all files")
    found = tab.evaluate(IN_FOLDER)
    with tab.expect_download() as downloading:
        tab.get_by_role("button", name="Download the manifest").click()
    manifest = json.loads(Path(downloading.value.path()).read_text())
    files = {chunk["file"]["name"]: chunk["file"]["sha256"] for one in manifest["datasets"] for chunk in one["chunks"] if chunk.get("file")}
    assert found.pop("manifest.json") and found == files, (found, files)
    before = len(it.requests)
    tab.get_by_role("button", name="Download all files into a folder").click()
    expect(tab.locator(".transfer .success")).to_contain_text(f"{len(files)} files had been there before.")
    assert not [url for _, _, url in it.requests[before:] if ".csv" in url], "a file was fetched again"
    return files


def damage_is_noticed(it, name):
    """A file whose bytes changed on the way is not kept, and named."""
    tab = it.tab
    tab.evaluate("async (name) => (await navigator.storage.getDirectory()).removeEntry(name)", name)
    damaged = lambda route: route.fulfill(body=b"not the file", headers={"Access-Control-Allow-Origin": "*"})
    tab.route(f"**/*.gz?*", damaged)
    tab.get_by_role("button", name="Download all files into a folder").click()
    expect(tab.locator(".transfer .problem")).to_contain_text(f"{name}: What arrived is not the file: its SHA-256 differs.")
    assert name not in tab.evaluate(IN_FOLDER)
    tab.unroute("**/*.gz?*", damaged)


def without_folders(it, export, files):
    tab = it.tab
    tab.context.add_init_script(NO_FOLDER)
    tab.reload()
    saved = []
    tab.on("download", lambda one: saved.append(one))
    tab.get_by_role("button", name="Download all files", exact=True).click()
    expect(tab.locator(".transfer .success")).to_contain_text("All files are here.")
    digests = {one.suggested_filename: hashlib.sha256(Path(one.path()).read_bytes()).hexdigest() for one in saved}
    assert digests == files, (digests, files)


def history(it, export):
    tab = it.tab
    tab.get_by_role("link", name="Exports", exact=True).click()
    item = tab.locator(f"a[href='#/exports/{export}']")
    for name, dataset, found in (("AROUND, from", "", 1), ("", "Whole", 1), ("around", "orders", 0)):
        tab.get_by_label("Name").fill(name)
        tab.get_by_label("Dataset").fill(dataset)
        tab.get_by_role("button", name="Search").click()
        expect(item).to_have_count(found)
    expect(tab.get_by_text("No export fits this search.")).to_be_visible()
    tab.get_by_role("link", name="Show all").click()
    expect(item).to_have_count(1)
    before = len(it.requests)
    tab.get_by_role("button", name="Refresh").click()
    expect(tab.get_by_role("button", name="Refresh")).to_be_focused()
    expect(item).to_have_count(1)
    assert [url for _, _, url in it.requests[before:] if "/exports?" in url], "nothing was read again"
    limits = tab.locator("dl.limits")
    for words in ("Exports that run", "Exports that are kept", "Files are kept for", "New chunks a minute", "Requests a second"):
        expect(limits).to_contain_text(words)
    it.check("history and limits")
    return limits.inner_text()


def nothing_is_there(it):
    for address in ("#/exports/xyz", "#/exports/0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11"):
        it.tab.goto(page_url() + address)
        expect(it.tab.get_by_role("heading", name="There is no such export")).to_be_visible()
    it.check("no such export")


def other_tabs_sign_out(it):
    other = it.tab.context.new_page()
    other.goto(page_url())
    other.get_by_label("API key").fill(SETTINGS["key"])
    other.get_by_role("button", name="Sign in").click()
    other.get_by_role("heading", name="New export").wait_for()
    it.tab.get_by_role("button", name="Sign out").click()
    expect(other.locator(".notice")).to_have_text("You have signed out in another tab.")
    assert other.evaluate("sessionStorage.length") == 0 and it.tab.evaluate("sessionStorage.length") == 0
    other.close()


def reader_is_offered_what_it_may_do(it, export):
    tab = it.tab
    tab.goto(page_url())
    it.sign_in(SETTINGS["reader"])
    expect(tab.get_by_role("heading", name="Exports")).to_be_visible()
    tab.locator(f"a[href='#/exports/{export}']").click()
    expect(tab.locator(".export-head .status")).to_have_text("Complete")
    expect(tab.get_by_role("button", name="Download all files", exact=True)).to_be_enabled()
    for name in ("Delete", "Keep the files longer", "Use these choices again"):
        assert tab.get_by_role("button", name=name).count() == 0, name
    tab.get_by_role("link", name="New export").click()
    expect(tab.locator(".notice")).to_contain_text("may only read")
    tab.get_by_role("checkbox", name="visits").check()
    expect(tab.get_by_role("button", name="See the plan")).to_be_disabled()
    expect(tab.get_by_role("button", name="Preview visits")).to_be_disabled()
    it.check("a key that may only read")


def main():
    with browser(accept_downloads=True) as it:
        it.tab.add_init_script(FOLDER)
        it.tab.goto(page_url())
        it.sign_in()
        it.tab.get_by_role("heading", name="New export").wait_for()
        export = start(it)
        curl = request_is_shown_and_used_again(it)
        files = all_files_at_once(it, export)
        damage_is_noticed(it, next(iter(files)))
        without_folders(it, export, files)
        limits = history(it, export)
        nothing_is_there(it)
        other_tabs_sign_out(it)
        reader_is_offered_what_it_may_do(it, export)
        it.check_reports()
    print(json.dumps({"curl": curl, "files": files, "limits": limits}))


main()
