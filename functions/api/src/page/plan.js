// The second step: what the export would read, how long it takes and what it costs. The same request as commands.

import { command, fill, h } from "./dom.js";
import { bytes, capitalized, count, counted, dollars, duration, range } from "./format.js";
import { asCli, asCurl, toRequest } from "./request.js";
import { clearDraft, readDraft, saveDraft, session } from "./session.js";
import { showProblem } from "./violations.js";

class Plan extends HTMLElement {
  async connectedCallback() {
    this.draft = readDraft();
    if (Object.keys(this.draft.datasets).length === 0) {
      location.replace("#/");
      return;
    }
    const plan = session.plan;
    session.plan = undefined;
    if (plan) return this.#show(plan);
    fill(this, h("p", { role: "status" }, "Planning…"));
    try {
      const { body } = await session.api.post("exports?dryRun=true", toRequest(this.draft));
      this.#show(body);
    } catch (problem) {
      const summary = h("div");
      fill(this, h("h1", null, "Plan"), summary, h("p", null, h("a", { href: "#/" }, "Back to the choices")));
      showProblem(this, summary, problem);
    }
  }

  #show(plan) {
    const { total, forecast, datasets, unknownDatasets } = plan;
    this.problem = h("div");
    this.commands = h("div", { class: "commands" });
    const label = h("input", { type: "text", id: "label", maxlength: "200", value: this.draft.label, placeholder: "Optional", autocomplete: "off", oninput: () => { this.draft.label = label.value; saveDraft(this.draft); this.#commands(); } });
    this.submit = h("button", { type: "submit", class: "primary" }, "Start the export");
    // A sum without some of its parts is neither an estimate nor a bound of the whole.
    const sign = unknownDatasets > 0 ? "more than" : total.atMost ? "≤" : "≈";
    const about = (value, text) => (value === undefined || value === null ? "unknown" : `${sign} ${text}`);
    const reused = total.reusedChunks;
    fill(this, h("form", { class: "plan", novalidate: true, onsubmit: (event) => this.#start(event) },
      h("h1", { tabindex: "-1" }, "Plan"), this.problem,
      h("dl", { class: "figures" },
        figure("Rows", about(total.rows, count(total.rows))),
        figure("To read", about(total.newBytes, bytes(total.newBytes)), total.bytes !== total.newBytes && `of ${bytes(total.bytes)}`),
        figure("Database time", about(total.databaseSeconds, duration(total.databaseSeconds)), forecast && `at most ${counted(forecast.budget, "session")} at a time`),
        figure("Done in", about(forecast?.wallSeconds, duration(forecast?.wallSeconds)), forecast?.waitingChunks > 0 && `with ${counted(forecast.waitingChunks, "chunk")} of your other exports`),
        figure("Price", about(total.costUsd, dollars(total.costUsd)), "of AWS, by list prices")),
      h("p", { class: "lead" }, reused > 0 ? `${counted(total.chunks, "chunk")}, of which ${count(reused)} need not be read: nothing has changed there since they were read.` : `${counted(total.chunks, "chunk")}, all of which are read.`,
        unknownDatasets > 0 && ` The figures leave out ${counted(unknownDatasets, "dataset")} of unknown size.`),
      forecast?.paused && h("p", { class: "notice" }, `${capitalized(forecast.paused)}. This one would wait.`),
      tableOf(datasets),
      forecast && h("details", null, h("summary", null, "What the price includes"), costs(forecast)),
      h("div", { class: "field wide", "data-pointer": "/label" }, h("label", { for: "label" }, "Name of this export"), label),
      h("div", { class: "actions" }, this.submit, h("a", { class: "button quiet", href: "#/" }, "Back")),
      h("section", null, h("h2", null, "The same from a terminal"), h("p", { class: "hint" }, "Both commands send exactly this request. They read the key from SLUICE_KEY."), this.commands)));
    this.#commands();
    this.querySelector("h1").focus();
  }

  #commands() {
    const request = toRequest(this.draft);
    fill(this.commands, command("curl", asCurl(request)), command("sluice", asCli(request)));
  }

  async #start(event) {
    event.preventDefault();
    this.submit.disabled = true;
    try {
      // The same key again, after a lost response, returns the export that was made.
      const { body } = await session.api.post("exports", toRequest(this.draft), { headers: { "Idempotency-Key": this.draft.once } });
      clearDraft();
      location.hash = `#/exports/${body.id}`;
    } catch (problem) {
      showProblem(this, this.problem, problem);
      this.submit.disabled = false;
    }
  }
}
customElements.define("sluice-plan", Plan);

function figure(name, value, note) {
  return h("div", null, h("dt", null, name), h("dd", null, value, note && h("small", null, note)));
}

function tableOf(datasets) {
  const sign = ({ atMost }) => (atMost ? "≤ " : "");
  const known = (dataset, value, text) => (value === undefined || value === null ? "unknown" : sign(dataset) + text);
  const rows = datasets.map((dataset) => h("tr", null,
    h("th", { scope: "row" }, dataset.name, dataset.note && h("small", null, dataset.note)),
    h("td", { class: "range" }, dataset.range ? range(dataset.range) : "all rows"),
    h("td", { class: "number" }, known(dataset, dataset.rows, count(dataset.rows))),
    h("td", { class: "number" }, known(dataset, dataset.bytes, bytes(dataset.bytes))),
    h("td", { class: "number" }, count(dataset.chunks), dataset.reusedChunks > 0 && h("small", null, `${count(dataset.reusedChunks)} reused`)),
    h("td", { class: "number" }, known(dataset, dataset.costUsd, dollars(dataset.costUsd)))));
  const head = ["Dataset", "Range", "Rows", "Bytes", "Chunks", "Price"].map((name, index) => h("th", { scope: "col", class: index > 1 && "number" }, name));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Plan by dataset" }, h("table", null, h("thead", null, h("tr", null, head)), h("tbody", null, rows)));
}

function costs({ cost }) {
  const items = [["Workers", cost.computeUsd], ["Requests and messages", cost.requestsUsd], ["Uploads", cost.uploadsUsd], ["Storage until the files expire", cost.storageUsd]];
  return [h("dl", { class: "pairs" }, items.map(([name, value]) => [h("dt", null, name), h("dd", null, dollars(value))])), h("p", { class: "hint" }, `${cost.prices}. Not included: ${cost.leftOut}.`)];
}
