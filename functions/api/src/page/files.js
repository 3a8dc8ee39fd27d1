// The files of an export: sizes, digests, a download of each, and commands for all of them.

import "./download-all.js";
import { BASE } from "./api.js";
import { announce, button, command, copy, fill, h } from "./dom.js";
import { bytes, count, range } from "./format.js";
import { session } from "./session.js";
import { save } from "./targets.js";

/** Files on a page: as many as the api hands out links for at once. */
const PER_PAGE = 100;

class Files extends HTMLElement {
  /** Loads and shows the files that an export has now. */
  async show(current) {
    this.current = current;
    this.problem = h("div", { role: "alert" });
    this.rows = h("tbody");
    this.more = h("div", { class: "actions" });
    const { id, status } = current;
    const all = h("sluice-download-all");
    all.show(current);
    fill(this, h("h2", null, "Files"), this.problem, all,
      status === "succeeded" && h("div", { class: "actions" }, button("Download the manifest", (event) => this.#manifest(event.target), { kind: "secondary" }), h("span", { class: "hint" }, "Rows, bytes, SHA-256, range and time of every file: the proof that they are complete.")),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Files" }, h("table", { class: "files" },
        h("thead", null, h("tr", null, ["File", "Rows", "Size", "SHA-256"].map((name, index) => h("th", { scope: "col", class: (index === 1 || index === 2) && "number" }, name)), h("td"))), this.rows)), this.more,
      h("details", null, h("summary", null, "Download all files from a terminal"),
        h("div", { class: "commands" },
          command("sluice, which verifies each file", `export SLUICE_URL=${BASE}\nsluice download ${id}${status === "succeeded" ? "" : " --partial"} --out ./files`),
          status === "succeeded" && command("curl and jq", allWithCurl(id)))));
    await this.#page("");
  }

  async #page(cursor) {
    fill(this.more, h("p", { role: "status" }, "Loading…"));
    try {
      const { body } = await session.api.get(this.#path(cursor));
      this.rows.append(...body.files.map((file) => this.#row(file, cursor)));
      if (!this.rows.hasChildNodes()) fill(this.more, h("p", { class: "hint" }, "There are no files."));
      else fill(this.more, body.nextCursor && button("Show more files", () => this.#page(body.nextCursor), { kind: "secondary" }));
    } catch (problem) {
      fill(this.more, button("Try again", () => this.#page(cursor), { kind: "secondary" }));
      fill(this.problem, h("p", { class: "problem" }, problem.message));
    }
  }

  #path(cursor) {
    return `exports/${this.current.id}/files?limit=${PER_PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
  }

  #row(file, cursor) {
    const digest = button(`${file.sha256.slice(0, 12)}…`, () => copy(file.sha256, digest), { kind: "digest", title: file.sha256, "aria-label": `Copy the SHA-256 of ${file.name}` });
    const load = button("Download", () => this.#download(file, cursor, load), { kind: "secondary small", "aria-label": `Download ${file.name}` });
    return h("tr", null,
      h("th", { scope: "row" }, h("span", { class: "name" }, file.name), h("small", null, `${file.dataset}, ${range(file.range)}${file.reused ? ", reused" : ""}`)),
      h("td", { class: "number" }, count(file.rows), h("span", { class: "unit" }, " rows")), h("td", { class: "number" }, bytes(file.bytes)), h("td", { class: "sha" }, digest), h("td", { class: "load" }, load));
  }

  /** Downloads one file. The link is made now and lives for minutes; it is not kept on the page. */
  async #download(file, cursor, control) {
    control.disabled = true;
    fill(this.problem);
    try {
      const { body } = await session.api.get(`${this.#path(cursor)}&links=true`);
      const found = body.files.find(({ name }) => name === file.name);
      if (!found?.link) throw new Error(`${file.name} is no longer among the files of this export.`);
      save(found.link, file.name);
      announce(`Downloading ${file.name}`);
    } catch (problem) {
      fill(this.problem, h("p", { class: "problem" }, problem.message));
    } finally {
      control.disabled = false;
    }
  }

  async #manifest(control) {
    control.disabled = true;
    fill(this.problem);
    try {
      const address = URL.createObjectURL(await session.api.object(this.current.links.manifest));
      save(address, "manifest.json");
      setTimeout(() => URL.revokeObjectURL(address), 60000);
    } catch (problem) {
      fill(this.problem, h("p", { class: "problem" }, problem.message));
    } finally {
      control.disabled = false;
    }
  }
}
customElements.define("sluice-files", Files);

function allWithCurl(id) {
  const base = `${BASE}/exports/${id}`;
  return [`curl -fsSL '${base}/manifest' -H "Authorization: Bearer $SLUICE_KEY" -o manifest.json`,
    "jq -r '.datasets[].chunks[] | select(.file) | .file.name' manifest.json | while read -r name; do",
    `  curl -fsSL "${base}/files/$name" -H "Authorization: Bearer $SLUICE_KEY" --create-dirs -o "$name"`,
    "done",
    "jq -r '.datasets[].chunks[] | select(.file) | \"\\(.file.sha256)  \\(.file.name)\"' manifest.json | sha256sum -c"].join("\n");
}
