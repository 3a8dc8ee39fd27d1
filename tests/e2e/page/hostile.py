"""Names and rows with markup, 84 datasets, and 10,000 chunks: the page of the stack with responses that are made here."""

import json
import time
from urllib.parse import parse_qs, urlsplit

from browser import LIMITS, browser, expect, page_url

EXPORT = "0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11"
CHUNKS = 10_000
MARKUP = "<img src=x onerror=\"document.title='bad'\">"
# Rectangles of a frame at this zoom, where a 16th of the chunks is in view; all of them would be more than 50,000.
MAX_DRAWN = 8000


def datasets():
    columns = [{"name": "id", "type": "bigint"}, {"name": MARKUP, "type": "text"}]
    names = [MARKUP, *(f"ledger_{number:02}" for number in range(83))]
    about = {"columns": columns, "filters": columns, "shared": True, "ordered": False, "estimatedRows": 1000, "estimatedBytes": 90_000}
    return {"revision": "1", "datasets": [{"name": name, **about} for name in names]}


def export(status, request=None):
    count = {"total": CHUNKS, "done": CHUNKS, "failed": 0, "reused": 0}
    at = {"acceptedAt": "2026-01-01T00:00:00Z", "startedAt": "2026-01-01T00:00:01Z", "endedAt": "2026-01-01T01:00:00Z", "expiresAt": "2026-01-08T00:00:00Z"}
    links = {name: f"exports/{EXPORT}/{name}" for name in ("files", "chunks", "manifest")}
    return {"id": EXPORT, "status": status, "revision": "1", "request": request or {"datasets": [MARKUP], "label": MARKUP}, **at,
            "progress": {"chunks": count, "rows": 5, "bytes": 5, "percent": 100, "currentDatasets": []}, "links": {"self": f"exports/{EXPORT}", **links}}


def chunk(number):
    """Four lanes of chunks of 1.4 s each, one after the other."""
    start = 1767225600 + number // 4 * 1.4
    text = lambda at: time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03}Z"
    attempt = {"number": 1, "startedAt": text(start), "endedAt": text(start + 1.3), "outcome": "done", "waitedMs": 90, "connectMs": 200, "firstRowMs": 100, "readMs": 500, "encodeMs": 900, "finishMs": 100, "uploadMs": 300}
    return {"id": f"00000000-0000-4000-8000-{number:012}", "dataset": f"ledger_{number % 84:02}", "range": {"of": "all"}, "state": "done", "attempt": 1,
            "reused": False, "rows": 100, "bytes": 1000, "attempts": [attempt]}


def respond(route):
    request = route.request
    url = urlsplit(request.url)
    path, query = url.path.partition("/api/v1/")[2], parse_qs(url.query)
    if path == "sample.csv":
        return route.fulfill(body=f'id,name\n1,"{MARKUP.replace(chr(34), chr(34) * 2)}"\n2,\n', content_type="text/csv")
    bodies = {
        "datasets": datasets,
        "limits": lambda: LIMITS,
        "exports": lambda: export("succeeded"),
        f"exports/{EXPORT}": lambda: export("succeeded"),
        f"exports/{EXPORT}/files": lambda: {"complete": True, "files": [{"name": MARKUP, "dataset": MARKUP, "range": {"of": "all"}, "rows": 1, "bytes": 1, "sha256": "0" * 64, "reused": False, "link": f"{page_url()}api/v1/sample.csv"}]},
    }
    if path == f"exports/{EXPORT}/chunks":
        first = int(query.get("cursor", ["0"])[0])
        last = first + int(query["limit"][0])
        return route.fulfill(json={"chunks": [chunk(number) for number in range(first, last)], **({"nextCursor": str(last)} if last < CHUNKS else {})})
    if request.method == "DELETE":
        return route.fulfill(status=204)
    return route.fulfill(json=bodies[path]())


FRAMES = """async () => {
  const scroller = document.querySelector(".timeline-scroll");
  let rectangles = 0;
  const fillRect = CanvasRenderingContext2D.prototype.fillRect;
  CanvasRenderingContext2D.prototype.fillRect = function (...at) { rectangles += 1; fillRect.apply(this, at); };
  let drawn = 0;
  const frames = [];
  scroller.scrollLeft = 0;
  let last = performance.now();
  let moved = 0;
  for (let step = 0; step < 120; step += 1) {
    scroller.scrollLeft += 40;
    moved = Math.max(moved, scroller.scrollLeft);
    if (step % 10 === 0) scroller.querySelector("canvas").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    rectangles = 0;
    await new Promise(requestAnimationFrame);
    await new Promise((resolve) => { setTimeout(resolve); });
    drawn = Math.max(drawn, rectangles);
    frames.push(performance.now() - last);
    last = performance.now();
  }
  frames.sort((a, b) => a - b);
  CanvasRenderingContext2D.prototype.fillRect = fillRect;
  return { moved, drawn, frameMs: frames[Math.floor(frames.length * 0.5)] };
}"""


# Colours along the first bar, at its top and at its bottom, by the time in milliseconds since its start.
COLOURS = """(times) => {
  const canvas = document.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, 40);
  const scroller = document.querySelector(".timeline-scroll");
  const width = scroller.querySelector(".spacer").getBoundingClientRect().width;
  const computed = getComputedStyle(canvas);
  const named = ["wait", "connect", "read", "encode", "upload", "other"].map((phase) => {
    const value = computed.getPropertyValue(`--phase-${phase}`).trim();
    return [value, phase];
  });
  const phase = (x, y) => {
    const at = (y * canvas.width + Math.round(x)) * 4;
    const hex = "#" + [...data.slice(at, at + 3)].map((part) => part.toString(16).padStart(2, "0")).join("");
    return Object.fromEntries(named)[hex] ?? hex;
  };
  return times.map((time) => [phase(time * width / 3499900, 25), phase(time * width / 3499900, 36)]);
}"""


def times_are_drawn_as_measured(it):
    """1,300 ms: 200 to connect, 200 that are not measured, 500 to read, 100 to finish, 300 to upload; encoding is beside it."""
    tab = it.tab
    for _ in range(7):
        tab.get_by_role("button", name="Zoom in").click()
    tab.locator(".timeline-scroll").evaluate("(one) => { one.scrollLeft = 0; }")
    tab.wait_for_timeout(200)
    seen = tab.evaluate(COLOURS, [100, 300, 450, 700, 920, 1150])
    assert seen == [["connect"] * 2, ["other"] * 2, ["read"] * 2, ["read", "encode"], ["other", "encode"], ["upload"] * 2], seen


def markup_stays_text(it):
    tab = it.tab
    assert tab.locator("main img, dialog img").count() == 0, "markup became an element"
    assert tab.title() != "bad"


def main():
    with browser() as it:
        tab = it.tab
        tab.context.route("**/api/v1/**", respond)
        tab.goto(page_url())
        it.sign_in("slc_any")
        expect(tab.locator(".dataset-list li")).to_have_count(84)
        tab.locator(".dataset-list label").first.click()
        it.check("84 datasets")
        tab.get_by_role("button", name="Preview 50 rows of").click()
        expect(tab.locator("table.data tbody tr")).to_have_count(2)
        assert tab.locator("table.data td").nth(1).text_content() == MARKUP
        markup_stays_text(it)
        tab.get_by_role("button", name="Close", exact=True).click()
        tab.get_by_role("button", name="Choose all 84").click()
        tab.goto(f"{page_url()}#/exports/{EXPORT}")
        expect(tab.get_by_text("10,000 attempts in 4 lanes")).to_be_visible()
        markup_stays_text(it)
        assert tab.locator("h1").text_content() == MARKUP
        for _ in range(4):
            tab.get_by_role("button", name="Zoom in").click()
        figures = tab.evaluate(FRAMES)
        assert 100 < figures["drawn"] < MAX_DRAWN and figures["moved"] >= 360, figures
        tab.locator("canvas").press("ArrowRight")
        expect(tab.locator("sluice-timeline p.hint")).to_contain_text("ledger_")
        expect(tab.locator("sluice-timeline p.hint")).to_contain_text("read for 500 ms (first row after 100 ms) · encoded at the same time, in all threads 900 ms")
        it.check("10,000 chunks")
        times_are_drawn_as_measured(it)
        it.check_reports()
    print(json.dumps(figures))


main()
