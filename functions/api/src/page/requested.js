// The request of an export in words, with the commands that send it again.

import { conditionsOf } from "./again.js";
import { command, fill, h } from "./dom.js";
import { count, counted, names } from "./format.js";
import { COMPRESSION_WORDS, FORMAT_WORDS } from "./files-format.js";
import { OPERATORS, asCli, asCurl } from "./request.js";
import { findDataset } from "./session.js";
import { requestedRange } from "./status.js";

/** Datasets up to which each is listed without being asked for. */
const MAX_LISTED = 12;

/** Shows what an export was requested with. */
export function requested(current) {
  const { request, samples = {} } = current;
  const { datasets, timeZone = "UTC", format = "csv", compression, csv, layout, consistency, labels = {} } = request;
  const guard = csv?.formulaGuard && "with an apostrophe before what a spreadsheet would run as a formula";
  const pairs = [
    ["Dates", `${requestedRange(current)}${request.startDate || request.endDate ? `, in the time zone ${timeZone}` : ""}`],
    ["Files", [FORMAT_WORDS[format] ?? format, compression && compression !== "none" ? (COMPRESSION_WORDS[compression] ?? compression) : "not compressed", guard].filter(Boolean).join(", ")],
    consistency === "snapshot" && ["Instant", "the same one in all files"],
    layout && ["Folders", typeof layout === "string" ? layout : Object.entries(layout).map((pair) => pair.join(": ")).join(", ")],
    Object.keys(labels).length > 0 && ["Labels", Object.entries(labels).map(([name, value]) => `${name}: ${value}`).join(", ")],
    ["Datasets", counted(datasets.length, "dataset")],
  ].filter(Boolean);
  const list = h("ul", { class: "requested" }, datasets.map((one) => item(one, samples)));
  const details = h("details", { class: "request" }, h("summary", null, "What was requested"));
  // The commands of a large request are only made for a person who opens it.
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(h("dl", { class: "pairs wide" }, pairs.map(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
      datasets.length > MAX_LISTED ? h("details", null, h("summary", null, `All ${count(datasets.length)} datasets`), list) : list,
      h("div", { class: "commands" }, command("The same request with curl", asCurl(request)), command("The same request with sluice", asCli(request))));
  });
  return details;
}

function item(one, samples) {
  const { name, columns, filters, or } = typeof one === "string" ? { name: one } : one;
  const words = conditionsOf(filters, findDataset(name)).map(inWords);
  const parts = [
    samples[name] && `a sample of at most ${counted(samples[name].limit, "row")}`,
    words.length > 0 ? `rows where ${words.join(" and ")}` : "all rows",
    or && `of which one of ${counted(or.length, "group")} of further conditions holds`,
    columns ? `only ${names(columns, 8)}` : "all columns",
  ];
  const text = h("small");
  fill(text, parts.filter(Boolean).join("; "));
  return h("li", null, h("span", { class: "name" }, name), text);
}

function inWords({ column, operator, value, values }) {
  const [, words] = OPERATORS.find(([name]) => name === operator) ?? [operator, operator];
  const of = values ? names(values, 5) : value === undefined ? "" : String(value);
  return [column, words, of].filter(Boolean).join(" ");
}
