"""The choices of an export: what is sent for them, and where the focus is. The api's responses are made here.

Prints the requests that were sent.
"""

import json
from urllib.parse import parse_qs, urlsplit

from browser import LIMITS, browser, expect, page_url

COLUMNS = [{"name": "id", "type": "bigint"}, {"name": "word", "type": "text"}, {"name": "paid", "type": "boolean"}, {"name": "state", "type": "shop.state", "values": ["new", "in, transit", "done"]}]
BUSY = {"title": "Too many exports", "status": 429, "detail": "the tenant keeps too many exports; delete some: DELETE /api/v1/exports/ID?if=ended removes one"}


class Api:
    """The api, and the requests that it has received."""

    def __init__(self):
        self.planned, self.refuses = [], False

    def respond(self, route):
        url = urlsplit(route.request.url)
        path = url.path.partition("/api/v1/")[2]
        if path == "exports" and route.request.method == "POST":
            if self.refuses:
                return route.fulfill(status=429, json=BUSY, headers={"Retry-After": "3"})
            if "dryRun" not in parse_qs(url.query):
                return route.fulfill(status=422, json={"title": "Invalid", "status": 422, "detail": "the request has 1 error; see violations", "violations": [{"pointer": "/datasets/0/columns/0", "message": "there is no column nix", "remedy": "GET /api/v1/datasets/orders lists the columns; omit columns for all"}]})
            self.planned.append(route.request.post_data_json)
            plan = {"total": {"chunks": 1, "reusedChunks": 0, "atMost": False}, "datasets": [], "unknownDatasets": 0}
            return route.fulfill(json=plan)
        about = {"filters": COLUMNS, "shared": True, "ordered": False, "columns": [{"name": one["name"], "type": one["type"]} for one in COLUMNS]}
        bodies = {"datasets": {"revision": "1", "datasets": [{"name": name, **about} for name in ("orders", "others")]}, "limits": LIMITS}
        return route.fulfill(json=bodies[path])


def plan(it, api):
    """Requests the plan, and returns what was sent for it."""
    it.tab.get_by_role("button", name="See the plan").click()
    expect(it.tab.get_by_role("heading", name="Plan", exact=True)).to_be_visible()
    it.tab.get_by_role("link", name="Back").click()
    expect(it.tab.get_by_role("heading", name="New export")).to_be_visible()
    return api.planned[-1]["datasets"]


def condition(it, row, column, operator):
    tab = it.tab
    tab.get_by_role("button", name="Add a condition").click()
    at = tab.locator(".condition").nth(row)
    at.locator(".condition-column").select_option(column)
    at.locator(".condition-operator").select_option(operator)
    return at


def focus_stays(it):
    """Arrow keys change a select with each step, and the select keeps the focus; after a removal the next button has it."""
    tab = it.tab
    tab.get_by_role("button", name="Add a condition").click()
    column = tab.locator(".condition-column").first
    expect(column).to_be_focused()
    for expected in ("word", "paid", "state"):
        tab.keyboard.press("ArrowDown")
        expect(column).to_be_focused()
        assert column.input_value() == expected, column.input_value()
    tab.keyboard.press("Tab")
    operator = tab.locator(".condition-operator").first
    tab.keyboard.press("ArrowDown")
    expect(operator).to_be_focused()
    assert operator.input_value() == "ne"
    tab.get_by_role("button", name="Add a condition").click()
    tab.get_by_role("button", name="Remove the condition on state").click()
    expect(tab.get_by_role("button", name="Remove the condition on id")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Add a condition")).to_be_focused()


def values_have_the_type_of_their_column(it, api):
    tab = it.tab
    condition(it, 0, "word", "eq").get_by_label("Value for word").fill("true")
    condition(it, 1, "paid", "eq")
    state = condition(it, 2, "state", "in")
    it.tab.get_by_role("button", name="See the plan").click()
    expect(tab.locator(".condition .violation")).to_have_text("the list is empty: enter at least one value, or remove the condition")
    it.check("an empty list")
    for value in ("in, transit", "done"):
        state.get_by_label(value).check()
    sent = plan(it, api)
    assert sent == [{"name": "orders", "filters": {"word": {"eq": "true"}, "paid": {"eq": True}, "state": ["in, transit", "done"]}}], sent
    # The choices are there again after the plan.
    tab.locator("details.dataset").evaluate("(one) => { one.open = true; }")
    word = tab.locator(".condition").first
    word.locator(".condition-operator").select_option("notIn")
    word.get_by_label("Values for word").fill("a, b\n  c\n\nd")
    it.check("a list of values")
    sent = plan(it, api)
    assert sent[0]["filters"]["word"] == {"notIn": ["a, b", "  c", "d"]}, sent
    return sent


def columns_are_all_or_none(it, api):
    tab = it.tab
    tab.locator("details.dataset").evaluate("(one) => { one.open = true; }")
    tab.locator("details.columns > summary").click()
    tab.get_by_role("button", name="No columns").click()
    tab.get_by_role("button", name="See the plan").click()
    expect(tab.locator(".columns .violation")).to_have_text("no column is chosen: choose at least one")
    tab.locator(".column-list").get_by_label("word").check()
    assert plan(it, api)[0]["columns"] == ["word"]


def choices_outlive_their_dataset(it, api):
    tab = it.tab
    before = plan(it, api)
    tab.get_by_role("checkbox", name="orders").uncheck()
    expect(tab.locator(".condition")).to_have_count(0)
    tab.get_by_role("checkbox", name="others").check()
    tab.get_by_role("checkbox", name="others").uncheck()
    tab.get_by_role("checkbox", name="orders").check()
    expect(tab.locator("summary .chosen")).to_have_text("3 conditions, 1 of 4 columns")
    assert plan(it, api) == before


def unknown_zone_is_reported(it):
    tab = it.tab
    zone = tab.get_by_label("Time zone")
    zone.fill("Europe/Nowhere")
    tab.get_by_role("button", name="Yesterday").click()
    expect(tab.locator(".violation").filter(has_text="There is no such time zone")).to_be_visible()
    expect(zone).to_be_focused()
    assert tab.get_by_label("First day").input_value() == ""
    it.check("an unknown zone")
    zone.fill("Europe/Berlin")
    tab.get_by_role("button", name="Yesterday").click()
    expect(tab.locator(".violation")).to_have_count(0)
    assert tab.get_by_label("First day").input_value() != ""


def refusals_are_in_words_for_people(it, api):
    """No method, path or header is in a sentence of the page; the violation of a preview is at its dataset."""
    tab = it.tab
    tab.get_by_role("button", name="Preview orders").click()
    expect(tab.locator(".columns .violation")).to_have_text("there is no column nix: omit columns for all")
    api.refuses = True
    tab.get_by_role("button", name="See the plan").click()
    problem = tab.locator(".problem")
    expect(problem).to_contain_text("The tenant keeps too many exports; delete some")
    expect(problem).to_contain_text("Try again in 3 s.")
    assert "DELETE" not in problem.text_content()
    api.refuses = False


def main():
    api = Api()
    with browser() as it:
        tab = it.tab
        tab.context.route("**/api/v1/**", api.respond)
        tab.goto(page_url())
        it.sign_in("slc_any")
        tab.get_by_role("checkbox", name="orders").check()
        focus_stays(it)
        sent = values_have_the_type_of_their_column(it, api)
        columns_are_all_or_none(it, api)
        choices_outlive_their_dataset(it, api)
        unknown_zone_is_reported(it)
        refusals_are_in_words_for_people(it, api)
        it.check_reports()
    print(json.dumps({"sent": sent}))


main()
