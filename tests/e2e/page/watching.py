"""An export that fails and is retried, one that is canceled, and one during which the api is away for 20 seconds.

Prints `failed` once a chunk has failed, and goes on when a line comes in; at last what it saw, as JSON.
"""

import json
import sys
import time

from browser import browser, expect, page_url

AWAY_SECS = 20


def start(it, dataset, first, last):
    tab = it.tab
    tab.get_by_role("link", name="New export").click()
    tab.get_by_role("checkbox", name=dataset).check()
    tab.get_by_label("First day").fill(first)
    tab.get_by_label("Last day").fill(last)
    tab.get_by_label("Last day").press("Tab")
    tab.get_by_role("button", name="See the plan").click()
    tab.get_by_role("button", name="Start the export").click()
    tab.locator(".progress .figures").wait_for()
    return tab.url.rpartition("/")[2]


def status(it, word):
    expect(it.tab.locator(".export-head .status")).to_have_text(word)


def fail_and_retry(it):
    export = start(it, "poison", "2031-05-05", "2031-05-05")
    status(it, "Failed")
    reason = it.tab.locator(".failures p").text_content()
    it.check("a failed export")
    print("failed", flush=True)
    sys.stdin.readline()
    it.tab.get_by_role("button", name="Retry what failed").click()
    status(it, "Complete")
    return {"retried": export, "reason": reason}


def cancel(it):
    start(it, "slow", "2024-01-01", "2024-01-04")
    it.tab.get_by_role("button", name="Cancel").click()
    it.tab.get_by_role("button", name="Cancel the export").click()
    status(it, "Canceled")
    it.tab.get_by_role("button", name="Delete").click()
    it.tab.get_by_role("button", name="Delete it").click()
    it.tab.get_by_role("heading", name="Exports").wait_for()


def away(it):
    before = len(it.requests)
    export = start(it, "slow", "2024-01-01", "2024-01-04")
    it.tab.wait_for_timeout(3000)
    it.tab.context.set_offline(True)
    expect(it.tab.locator("sluice-export .notice").filter(has_text="cannot be reached")).to_be_visible()
    it.check("the api is away")
    it.tab.wait_for_timeout(AWAY_SECS * 1000)
    it.tab.context.set_offline(False)
    status(it, "Complete")
    assert it.tab.get_by_text("cannot be reached").count() == 0
    # The last pages of chunks and files come after the watching.
    watched = [at for at, _, url in it.requests[before:] if f"/exports/{export}" in url and "/files" not in url][:-1]
    seconds = watched[-1] - watched[0]
    # Two requests may be close where a machine is late, but no second has more than one on average.
    assert len(watched) - 1 <= seconds, (len(watched), seconds)
    return {"export": export, "requestsPerSecond": round((len(watched) - 1) / seconds, 2)}


def main():
    with browser() as it:
        it.tab.goto(page_url())
        it.sign_in()
        it.tab.get_by_role("heading", name="New export").wait_for()
        seen = fail_and_retry(it)
        cancel(it)
        seen["away"] = away(it)
        it.check_reports()
    print(json.dumps(seen))


main()
