// All exports of the tenant, newest first, with a search; and the limits that hold for it.

import "./limits.js";
import { announce, button, field, fill, h, select } from "./dom.js";
import { bytes, counted, moment, percent } from "./format.js";
import { session } from "./session.js";
import { STATUS_WORDS, isLive, requestedRange, titleOf } from "./status.js";

/** Parameters of the search: those of the api, and of the address. */
const FIELDS = ["labelContains", "dataset", "status"];

class History extends HTMLElement {
  connectedCallback() {
    const asked = new URLSearchParams(location.hash.split("?")[1] ?? "");
    this.search = Object.fromEntries(FIELDS.map((name) => [name, asked.get(name) ?? ""]));
    const name = h("input", { type: "search", value: this.search.labelContains, placeholder: "A part of the name", autocomplete: "off" });
    const known = h("datalist", { id: "known-datasets" }, session.datasets.map((one) => h("option", { value: one.name })));
    const dataset = h("input", { type: "search", value: this.search.dataset, list: "known-datasets", placeholder: "Any", autocomplete: "off", spellcheck: "false" });
    const states = select([["", "Any"], ...Object.entries(STATUS_WORDS)], this.search.status, () => find());
    const find = () => this.#find({ labelContains: name.value, dataset: dataset.value, status: states.value });
    this.list = h("ul", { class: "exports" });
    this.more = h("div", { class: "actions" });
    this.refresher = button("Refresh", () => this.#refresh(), { kind: "secondary" });
    fill(this, h("div", { class: "title spread" }, h("h1", { tabindex: "-1" }, "Exports"), this.refresher),
      h("form", { class: "row search", role: "search", onsubmit: (event) => { event.preventDefault(); find(); } },
        field("Name", name, { pointer: "?labelContains" }), field("Dataset", dataset, { pointer: "?dataset" }), known, field("Status", states, { pointer: "?status" }), h("button", { type: "submit", class: "secondary" }, "Search")),
      this.list, this.more, h("section", null, h("h2", null, "Limits"), h("sluice-limits")));
    this.#page("");
  }

  #find(search) {
    const wanted = new URLSearchParams(Object.entries(search).map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
    const hash = `#/exports${wanted.size ? `?${wanted}` : ""}`;
    if (location.hash === hash) this.#refresh();
    else location.hash = hash;
  }

  /** Reads the newest exports and the limits again. */
  async #refresh() {
    this.refresher.disabled = true;
    await this.#page("");
    this.querySelector("sluice-limits").connectedCallback();
    this.refresher.disabled = false;
    this.refresher.focus();
    announce(`${counted(this.list.childElementCount, "export")} shown`);
  }

  async #page(cursor) {
    if (cursor) fill(this.more, h("p", { role: "status", class: "hint" }, "Loading…"));
    const query = new URLSearchParams(Object.entries({ ...this.search, cursor, limit: 20 }).filter(([, value]) => value));
    try {
      const { body } = await session.api.get(`exports?${query}`);
      if (!cursor) fill(this.list);
      this.list.append(...body.exports.map(item));
      const none = !this.list.hasChildNodes();
      const searched = FIELDS.some((name) => this.search[name]);
      fill(this.more, none && h("p", { role: "status" }, searched ? "No export fits this search. " : "There are no exports yet. ", searched ? h("a", { href: "#/exports" }, "Show all") : h("a", { href: "#/" }, "Start one")), body.nextCursor && button("Show older exports", () => this.#page(body.nextCursor), { kind: "secondary" }));
    } catch (problem) {
      fill(this.more, h("p", { class: "problem", role: "alert" }, problem.message), button("Try again", () => this.#page(cursor), { kind: "secondary" }));
    }
  }
}
customElements.define("sluice-history", History);

function item(one) {
  const { id, status, progress, acceptedAt, expiresAt, samples } = one;
  return h("li", null,
    h("div", null, h("a", { href: `#/exports/${id}`, class: "name" }, titleOf(one)), h("small", null, [requestedRange(one), one.request?.format ?? "csv", samples && "sample", moment(acceptedAt)].filter(Boolean).join(" · "))),
    h("div", { class: "size" }, `${counted(progress.rows, "row")} · ${bytes(progress.bytes)}`, expiresAt && status !== "expired" && h("small", null, `kept until ${moment(expiresAt)}`)),
    h("span", { class: `status ${status}` }, isLive(one) && progress.percent > 0 ? percent(progress.percent) : STATUS_WORDS[status] ?? status));
}
