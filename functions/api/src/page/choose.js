// The first step: datasets, dates, rows and columns, and the form of the files.

import "./conditions.js";
import "./datasets.js";
import "./dates.js";
import "./files-format.js";
import { button, fill, h } from "./dom.js";
import { bytes, count, counted, names } from "./format.js";
import { preview } from "./preview.js";
import { clashes, toRequest } from "./request.js";
import { findDataset, readDraft, readOnlyReason, saveDraft, session } from "./session.js";
import { dates } from "./status.js";
import { clearProblem, showProblem } from "./violations.js";

/** Number of chosen datasets up to which each one has its choices of rows and columns on the page. */
const MAX_REFINED = 100;

class Choose extends HTMLElement {
  connectedCallback() {
    this.draft = readDraft();
    // A dataset that the catalog no longer has cannot be requested.
    const gone = Object.keys(this.draft.datasets).filter((name) => !findDataset(name));
    for (const name of gone) delete this.draft.datasets[name];
    this.problem = h("div");
    this.kept = h("div");
    this.refined = h("div", { class: "refined" });
    this.total = h("div", { class: "total" });
    this.submit = h("button", { type: "submit", class: "primary" }, "See the plan");
    const datasets = h("sluice-datasets");
    const range = h("sluice-dates");
    const format = h("sluice-format");
    const form = h("form", { class: "choose", novalidate: true, onsubmit: (event) => this.#plan(event) },
      h("div", { class: "steps" },
        h("h1", null, "New export"), readOnlyReason() && h("p", { class: "notice" }, readOnlyReason()),
        gone.length > 0 && h("p", { class: "notice" }, `No longer in the catalog, and left out: ${names(gone, 5)}.`), this.kept, this.problem,
        section("Datasets", datasets), section("Dates", range), section("Rows and columns", this.refined), section("Files", format)),
      h("aside", { class: "card summary", "aria-label": "Your export" }, h("h2", null, "Your export"), this.total, this.submit,
        h("p", { class: "hint" }, "The plan shows rows, time and price. Nothing is read before you start the export.")));
    this.replaceChildren(form);
    this.form = form;
    datasets.show(this.draft, () => { this.#changed(); this.#refine(); }, (name, opener) => this.#preview(opener, name));
    range.show(this.draft, () => this.#changed());
    format.show(this.draft, () => this.#changed());
    this.#showKept();
    this.#refine();
    this.#sum();
  }

  #changed() {
    saveDraft(this.draft);
    this.#sum();
  }

  /** Names what an earlier request had that the page cannot show, and lets go of it on request. */
  #showKept() {
    const { draft } = this;
    const within = Object.entries(draft.datasets).flatMap(([name, { kept }]) => Object.keys(kept ?? {}).map((field) => `${field} of ${name}`));
    const fields = [...Object.keys(draft.kept), ...within];
    fill(this.kept, fields.length > 0 && h("div", { class: "notice kept" }, h("p", null, `Kept from the earlier export, though this page does not show it: ${names(fields, 5)}.`), button("Leave it out", () => {
      draft.kept = {};
      for (const choice of Object.values(draft.datasets)) delete choice.kept;
      this.#changed();
      this.#showKept();
      this.form.querySelector("input").focus();
    })));
  }

  /** Shows rows and columns of each chosen dataset. The ones that are there stay, with what is open in them. */
  #refine() {
    const chosen = Object.keys(this.draft.datasets);
    if (chosen.length === 0) return fill(this.refined, h("p", { class: "hint" }, "Choose a dataset first. Without a choice here, all rows of the dates and all columns are exported."));
    if (chosen.length > MAX_REFINED) return fill(this.refined, h("p", { class: "hint" }, `Rows and columns can be chosen for up to ${count(MAX_REFINED)} datasets at a time; all of these are exported whole.`));
    const there = new Map([...this.refined.querySelectorAll("details.dataset")].map((one) => [one.dataset.name, one]));
    fill(this.refined, chosen.map((name, index) => {
      const choice = this.draft.datasets[name];
      const note = there.get(name)?.querySelector(".chosen") ?? h("small", { class: "chosen" });
      const describe = () => fill(note, inWords(choice, findDataset(name)));
      describe();
      const conditions = there.get(name)?.querySelector("sluice-conditions") ?? h("sluice-conditions");
      conditions.show(findDataset(name), choice, index, () => { describe(); this.#changed(); });
      if (there.has(name)) return there.get(name);
      const look = button("Preview 50 rows", (event) => this.#preview(event.currentTarget, name), { "aria-label": `Preview 50 rows of ${name}`, disabled: Boolean(readOnlyReason()) });
      return h("details", { class: "dataset", "data-name": name, open: chosen.length === 1 }, h("summary", null, h("span", { class: "name" }, name), " ", note), h("div", { class: "inside" }, conditions, look));
    }));
  }

  #sum() {
    const chosen = Object.keys(this.draft.datasets).map(findDataset);
    const known = chosen.filter(({ estimatedRows }) => estimatedRows !== undefined && estimatedRows !== null);
    const sum = (key) => known.reduce((total, dataset) => total + (dataset[key] ?? 0), 0);
    this.submit.disabled = chosen.length === 0 || Boolean(readOnlyReason());
    if (chosen.length === 0) return fill(this.total, h("p", null, "No dataset is chosen yet."));
    const { from, to, kept } = this.draft;
    fill(this.total, h("p", { class: "figure" }, counted(chosen.length, "dataset")),
      h("p", null, dates(from || kept.startDate, to || kept.endDate)),
      known.length > 0 && h("p", { class: "hint" }, `At most about ${counted(sum("estimatedRows"), "row")}, ${bytes(sum("estimatedBytes"))}${known.length < chosen.length ? `, without ${counted(chosen.length - known.length, "dataset")} of unknown size` : ""}`));
  }

  async #preview(opener, name) {
    clearProblem(this.form, this.problem);
    const violations = incomplete(this.form);
    if (violations.length) return showProblem(this.form, this.problem, { violations });
    const { draft } = this;
    opener.disabled = true;
    try {
      await preview(toRequest({ ...draft, kept: {}, datasets: { [name]: draft.datasets[name] ?? draft.aside[name] ?? {} } }), opener);
    } catch (problem) {
      const index = Object.keys(draft.datasets).indexOf(name);
      // The sample has one dataset: its violations belong to the place that the dataset has here.
      for (const violation of problem.violations ?? []) violation.pointer = violation.pointer.replace(/^\/datasets\/0/, index < 0 ? "/datasets" : `/datasets/${index}`);
      showProblem(this.form, this.problem, problem);
    } finally {
      opener.disabled = false;
    }
  }

  async #plan(event) {
    event.preventDefault();
    clearProblem(this.form, this.problem);
    const violations = [...incomplete(this.form), ...clashes(this.draft)];
    if (violations.length) return showProblem(this.form, this.problem, { violations });
    this.submit.disabled = true;
    try {
      const { body } = await session.api.post("exports?dryRun=true", toRequest(this.draft));
      session.plan = body;
      location.hash = "#/plan";
    } catch (problem) {
      showProblem(this.form, this.problem, problem);
    } finally {
      this.submit.disabled = false;
    }
  }
}
customElements.define("sluice-choose", Choose);

/** The choices of a dataset in a few words. */
function inWords({ columns, filters = [] }, dataset) {
  const chosen = [filters.length > 0 && counted(filters.length, "condition"), columns && `${count(columns.length)} of ${count(dataset.columns.length)} columns`].filter(Boolean);
  return chosen.length > 0 ? chosen.join(", ") : "all rows and columns";
}

/** Violations of days that are only partly typed: the browser gives them as empty. */
function incomplete(form) {
  const partly = [...form.querySelectorAll("input[type=date], input[type=datetime-local], input[type=number]")].filter((control) => control.validity.badInput);
  return partly.map((control) => ({ pointer: control.closest("[data-pointer]")?.dataset.pointer ?? "", message: "this value is not complete" }));
}

function section(title, ...children) {
  return h("section", { class: "step" }, h("h2", null, title), children);
}
