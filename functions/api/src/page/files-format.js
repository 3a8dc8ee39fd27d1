// Format, compression and consistency of the files, each with one sentence.

import { field, fill, h, select } from "./dom.js";

const FORMATS = [
  ["csv", "CSV", "Opens everywhere; byte for byte what PostgreSQL writes."],
  ["parquet", "Parquet", "Small and typed, for DuckDB, pandas, Spark and Athena."],
  ["ndjson", "NDJSON", "One JSON object per line, for programs."],
];

/** Names of the formats and compressions. */
export const FORMAT_WORDS = { csv: "CSV", parquet: "Parquet", ndjson: "NDJSON" };
export const COMPRESSION_WORDS = { gzip: "gzip", zstd: "Zstandard", snappy: "Snappy", none: "not compressed" };

const COMPRESSIONS = {
  csv: [["gzip", "gzip", "About a quarter of the size. Older Windows needs a tool such as 7-Zip to open it."], ["zstd", "Zstandard", "Smaller and faster than gzip; needs a recent tool."], ["none", "none", "Opens at once in a spreadsheet; about four times as large."]],
  parquet: [["zstd", "Zstandard", "The smallest files."], ["snappy", "Snappy", "For older readers."], ["none", "none", "For readers that know no compression."]],
};

class FilesFormat extends HTMLElement {
  /** Shows the choice of a draft. `onchange` is called after each change. */
  show(draft, onchange) {
    const compressions = h("div");
    const guard = h("div");
    const details = () => {
      const offered = COMPRESSIONS[draft.format] ?? COMPRESSIONS.csv;
      const hint = h("p", { class: "hint" });
      const explain = () => fill(hint, offered.find(([name]) => name === draft.compression)?.[2]);
      const control = select(offered, draft.compression, (name) => { draft.compression = name; explain(); onchange(); });
      explain();
      const made = field("Compression", control, { pointer: "/compression" });
      made.append(hint);
      fill(compressions, made);
      fill(guard, draft.format === "csv" && h("label", { class: "check" },
        h("input", { type: "checkbox", checked: draft.formulaGuard, onchange: (event) => { draft.formulaGuard = event.target.checked; onchange(); } }),
        h("span", null, "For a spreadsheet: texts that it would run as a formula get an apostrophe")));
    };
    const choices = FORMATS.map(([name, label, words]) => h("label", { class: "choice" },
      h("input", { type: "radio", name: "format", value: name, checked: draft.format === name, onchange: () => {
        Object.assign(draft, { format: name, compression: name === "parquet" ? "zstd" : "gzip" });
        details();
        onchange();
      } }),
      h("span", null, h("strong", null, label), h("small", null, words))));
    details();
    const snapshot = h("label", { class: "check", "data-pointer": "/consistency" },
      h("input", { type: "checkbox", checked: draft.snapshot, onchange: (event) => { draft.snapshot = event.target.checked; onchange(); } }),
      h("span", null, "All files show the same instant: sums over several datasets agree. It may wait for the snapshot of other exports"));
    this.replaceChildren(h("fieldset", { class: "choices", "data-pointer": "/format" }, h("legend", { class: "hidden" }, "Format"), choices), compressions, guard, snapshot);
  }
}
customElements.define("sluice-format", FilesFormat);
