// The timeline as a table in words.

import { h } from "./dom.js";
import { bytes, count, duration } from "./format.js";
import { sums } from "./lanes.js";

/** Shows what each dataset took, by phase. */
export function byDataset(chunks, open) {
  const seconds = (milliseconds) => duration(milliseconds / 1000);
  const head = ["Dataset", "Chunks", "Rows", "Size", "Waited", "Connected", "Read", "Encoded", "Uploaded the rest"];
  const rows = [...sums(chunks)].sort(([one], [other]) => one.localeCompare(other)).map(([name, of]) => h("tr", null,
    h("th", { scope: "row" }, name),
    h("td", { class: "number" }, `${count(of.done)} of ${count(of.chunks)}`, h("small", null, [of.reused && `${count(of.reused)} reused`, of.unchanged && `${count(of.unchanged)} unchanged`, of.running && `${count(of.running)} running`, of.failed && `${count(of.failed)} failed`].filter(Boolean).join(", "))),
    [count(of.rows), bytes(of.bytes), seconds(of.waited), seconds(of.connected), seconds(of.read), seconds(of.encoded), seconds(of.uploaded)].map((text) => h("td", { class: "number" }, text))));
  return h("details", { open: open ?? true }, h("summary", null, "By dataset, in words"),
    h("p", { class: "hint" }, "Sums over the chunks. They are no sequence: chunks run side by side, and rows are encoded and uploaded while others are read. Encoding is the time of all its threads, so it may be longer than reading."),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Progress by dataset" }, h("table", null, h("thead", null, h("tr", null, head.map((name, index) => h("th", { scope: "col", class: index > 0 && "number" }, name)))), h("tbody", null, rows))));
}
