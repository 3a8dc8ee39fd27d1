// The first rows of a dataset: a real export of a sample, which is deleted once it has been read.

import { Pace, patiently } from "./api.js";
import { readCsv } from "./csv.js";
import { button, fill, h } from "./dom.js";
import { counted } from "./format.js";
import { session } from "./session.js";
import { waitingReason } from "./status.js";

const ROWS = 50;

/** Requests a sample of the one dataset of a request, with its columns, conditions and dates. */
function sampleOf(request) {
  const [chosen] = request.datasets;
  const dataset = typeof chosen === "string" ? { name: chosen } : chosen;
  const { startDate, endDate, timeZone } = request;
  return { datasets: [{ ...dataset, limit: ROWS }], startDate, endDate, timeZone, format: "csv", compression: "none", label: `Preview of ${dataset.name}`.slice(0, 200) };
}

/** Shows the sample of a request of one dataset in a dialog; `opener` has the focus afterwards. Throws the problem of a refused request. */
export async function preview(request, opener) {
  const ending = new AbortController();
  const sample = sampleOf(request);
  const { name } = sample.datasets[0];
  const { body: made } = await session.api.post("exports", sample);
  const content = h("div", { class: "preview-content" }, h("p", { role: "status" }, "Reading the first rows…"));
  const close = button("Close", () => dialog.close());
  const dialog = h("dialog", { class: "preview", "aria-label": `Preview of ${name}` }, h("header", null, h("h2", null, name), close), content);
  dialog.addEventListener("close", () => {
    ending.abort(new Error("closed"));
    dialog.remove();
    // A disabled button takes no focus.
    opener.disabled = false;
    opener.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  try {
    const ended = await endOf(made, content.firstElementChild, ending.signal);
    if (ended.status !== "succeeded") throw new Error(ended.errors?.[0]?.message ?? "The sample was not read: it has been canceled.");
    const { body: files } = await session.api.get(`${ended.links.files}?links=true`);
    fill(content, tableOf(readCsv(files.files.length ? await textOf(files.files[0].link, ending.signal) : "")));
  } catch (error) {
    if (!ending.signal.aborted) fill(content, h("p", { class: "problem", role: "alert" }, error.message));
  } finally {
    discard(made.id);
  }
}

/** Reads a file through its link. */
async function textOf(link, signal) {
  const response = await fetch(link, { credentials: "omit", signal }).catch(() => undefined);
  if (!response?.ok) throw new Error("The sample was read, but this browser cannot fetch its file. Try again, or export the dataset.");
  return response.text();
}

/** Waits for the end of an export. While it waits, the status is a sentence. */
async function endOf(made, status, signal) {
  const pace = new Pace();
  let current = made;
  while (current.status === "queued" || current.status === "running") {
    await pace.turn(signal);
    const { body } = await patiently(() => session.api.get(made.links.self, { headers: { Prefer: "wait=5" }, signal }), { signal });
    current = body;
    fill(status, waitingReason(current) || "Reading the first rows…");
  }
  return current;
}

/** Deletes the sample: a first request ends a live export, a second one deletes an ended one. */
async function discard(id) {
  const { status } = await session.api?.delete(`exports/${id}`).catch(() => ({})) ?? {};
  if (status === 202) await session.api.delete(`exports/${id}`).catch(() => {});
}

function tableOf([head = [], ...rows]) {
  const cell = (value) => value === null ? h("td", null, h("i", { class: "null" }, "NULL")) : h("td", null, value.length > 200 ? `${value.slice(0, 200)}…` : value);
  if (rows.length === 0) return h("p", null, "No row passes these choices.");
  return [h("p", { class: "hint" }, `The first ${counted(rows.length, "row")} of the range.`),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rows" }, h("table", { class: "data" }, h("thead", null, h("tr", null, head.map((name) => h("th", { scope: "col" }, name)))), h("tbody", null, rows.map((row) => h("tr", null, row.map(cell))))))];
}
