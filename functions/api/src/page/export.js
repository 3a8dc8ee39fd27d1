// The page of one export: its progress while it runs, its timeline, its failures, and its files.

import "./files.js";
import "./timeline.js";
import { draftOf } from "./again.js";
import { byDataset } from "./by-dataset.js";
import { confirmed } from "./confirm.js";
import { announce, button, copy, fill, h } from "./dom.js";
import { bytes, count, counted, duration, moment, percent, range } from "./format.js";
import { requested } from "./requested.js";
import { readOnlyReason, saveDraft, session } from "./session.js";
import { STATUS_WORDS, isLive, progressSentence, requestedRange, titleOf, waitingReason } from "./status.js";
import { watch } from "./watch.js";

class ExportPage extends HTMLElement {
  #announced = "";

  connectedCallback() {
    this.id_ = this.getAttribute("export");
    this.head = h("header", { class: "export-head" });
    this.away = h("div", { role: "status" });
    this.problem = h("div", { role: "alert" });
    this.progress = h("section", { class: "card progress", "aria-label": "Progress" });
    this.failures = h("section", { "aria-label": "Failures" });
    this.timeline = h("sluice-timeline");
    this.byDataset = h("div");
    this.files = h("sluice-files");
    fill(this, h("p", { role: "status", class: "hint" }, "Loading the export…"));
    this.#watch();
  }

  disconnectedCallback() { this.ending?.abort(new Error("left")); }

  async #watch() {
    this.ending?.abort(new Error("again"));
    const { signal } = (this.ending = new AbortController());
    try {
      await watch(this.id_, {
        signal,
        onStatus: (current) => this.#status(current),
        onChunks: (chunks, now) => this.#chunks(chunks, now),
        onAway: (error) => fill(this.away, error && h("p", { class: "notice" }, "The api cannot be reached. The page keeps trying.")),
      });
    } catch (problem) {
      if (!signal.aborted) this.#failed(problem);
    }
  }

  #failed(problem) {
    if (this.current) return fill(this.problem, h("p", { class: "problem" }, problem.message));
    const unknown = problem.status === 404;
    if (unknown) return fill(this, h("sluice-no-export"));
    fill(this, h("h1", null, "The export cannot be shown"), h("p", { role: "alert" }, problem.message), h("p", null, h("a", { href: "#/exports" }, "All exports")));
  }

  #status(current) {
    const ended = this.current?.status !== current.status && !isLive(current);
    if (!this.current) fill(this, this.head, this.away, this.problem, this.progress, this.failures, this.files,
      requested(current),
      h("section", { class: "timeline", "aria-label": "Timeline" }, h("h2", null, "Timeline"), this.timeline, this.byDataset));
    const changed = this.current?.status !== current.status || this.current?.expiresAt !== current.expiresAt;
    this.current = current;
    if (changed) this.#head(current);
    // A tab in the background shows how far it is.
    document.title = `${isLive(current) ? `${percent(current.progress.percent)} · ` : ""}${titleOf(current)} · Sluice`;
    this.#progress(current);
    this.#failures(current);
    this.#announce(current);
    if (ended && current.status !== "expired") this.files.show(current);
    if (isLive(current)) fill(this.files);
  }

  #head(current) {
    const { id, status, request, acceptedAt, expiresAt } = current;
    const sharer = button("Copy the link", () => copy(location.href, sharer), { title: "The page opens for everyone with a key that may see this export" });
    // A key that may only read is not offered what the api would refuse.
    const act = (label, action, attributes) => !readOnlyReason() && button(label, (event) => this.#act(event.currentTarget, action), attributes);
    const kept = !isLive(current) && status !== "expired";
    fill(this.head,
      h("div", { class: "title" }, h("h1", { tabindex: "-1" }, titleOf(current)), h("span", { class: `status ${status}` }, STATUS_WORDS[status] ?? status)),
      h("p", { class: "hint" }, [requestedRange(current), request?.format ?? "csv", `accepted ${moment(acceptedAt)}`, kept && expiresAt && `files are kept until ${moment(expiresAt)}`].filter(Boolean).join(" · ")),
      h("p", { class: "hint id" }, id),
      h("div", { class: "actions" },
        status === "failed" && act("Retry what failed", () => this.#retry(), { kind: "primary" }),
        sharer,
        act("Use these choices again", () => this.#again()),
        kept && expiresAt && act("Keep the files longer", () => this.#extend()),
        isLive(current) && act("Cancel", () => this.#cancel(), { kind: "danger" }),
        !isLive(current) && act("Delete", () => this.#delete(), { kind: "danger" })),
      status === "failed" && readOnlyReason() && h("p", { class: "hint" }, readOnlyReason()));
  }

  #progress(current) {
    const { progress, status, running, acceptedAt, startedAt, endedAt } = current;
    const reason = isLive(current) && waitingReason(current);
    // A finished export counts as whole, whatever rounding makes of it.
    const share = (100 * progress.chunks.done) / Math.max(progress.chunks.total, 1);
    const part = status === "succeeded" ? 100 : status === "failed" ? Math.min(share, 99.9) : progress.percent;
    if (!this.bar) {
      this.bar = h("progress", { max: "100", "aria-label": "Progress of the export" });
      this.share = h("p", { class: "share" });
      this.sentence = h("p", { class: "sentence" });
      this.reason = h("div");
      this.figures = h("dl", { class: "figures" });
      fill(this.progress, h("div", { class: "progress-head" }, this.share, this.sentence), this.bar, this.reason, this.figures);
    }
    this.bar.value = part;
    this.progress.dataset.status = status;
    fill(this.share, percent(part));
    fill(this.sentence, progressSentence(current));
    fill(this.reason, reason && h("p", { class: "notice" }, reason));
    const spent = startedAt && (Date.parse(endedAt ?? new Date().toISOString()) - Date.parse(startedAt)) / 1000;
    const pair = (name, value, note) => h("div", null, h("dt", null, name), h("dd", null, value, note && h("small", null, note)));
    fill(this.figures,
      pair("Rows", count(progress.rows)), pair("Size of the files", bytes(progress.bytes)),
      pair("Chunks", `${count(progress.chunks.done)} of ${count(progress.chunks.total)}`, [progress.chunks.reused > 0 && `${count(progress.chunks.reused)} reused`, progress.chunks.unchanged > 0 && `${count(progress.chunks.unchanged)} unchanged`].filter(Boolean).join(", ")),
      running && pair("Reading now", counted(running.chunks, "chunk"), progress.currentDatasets.slice(0, 3).join(", ")),
      pair(endedAt ? "Took" : "Running for", startedAt ? duration(Math.max(spent, 0)) : "not started", startedAt && Date.parse(startedAt) - Date.parse(acceptedAt) > 2000 && `after ${duration((Date.parse(startedAt) - Date.parse(acceptedAt)) / 1000)} of waiting`));
  }

  #failures({ errors = [], status }) {
    const shown = JSON.stringify(errors);
    if (this.shownErrors === shown) return;
    this.shownErrors = shown;
    fill(this.failures, errors.length > 0 && [h("h2", null, status === "failed" ? "What failed" : "Failed so far"), h("ul", { class: "failures" }, errors.map((error) => h("li", null,
      h("strong", null, `${error.dataset}, ${range(error.range)}`), h("p", null, error.message),
      h("small", null, `${error.code} · ${counted(error.attempts, "attempt")}`))))]);
  }

  #chunks(chunks, now) {
    this.timeline.show(chunks, now);
    const open = this.byDataset.querySelector("details")?.open;
    fill(this.byDataset, chunks.length > 0 && byDataset(chunks, open));
  }

  /** Announces each change of the status, and each quarter of the way. */
  #announce(current) {
    const quarter = Math.floor(current.progress.percent / 25) * 25;
    const key = `${current.status} ${isLive(current) ? quarter : ""} ${Boolean(waitingReason(current))}`;
    if (key === this.#announced) return;
    this.#announced = key;
    announce(`${STATUS_WORDS[current.status]}. ${waitingReason(current) || progressSentence(current)}`);
  }

  async #act(control, action) {
    control.disabled = true;
    fill(this.problem);
    try {
      await action();
    } catch (problem) {
      fill(this.problem, h("p", { class: "problem" }, problem.message));
    } finally {
      control.disabled = false;
    }
  }

  async #retry() {
    await session.api.post(`exports/${this.id_}/retry`);
    this.#watch();
  }

  #again() {
    saveDraft(draftOf(this.current.request));
    location.hash = "#/";
  }

  async #extend() {
    const { body } = await session.api.post(`exports/${this.id_}/extend`);
    this.#status(body);
    announce(`The files are kept until ${moment(body.expiresAt)}`);
  }

  async #cancel() {
    if (!await confirmed("Cancel this export?", "What is being read stops. Files that are finished stay until the export is deleted or expires.", "Cancel the export")) return;
    // The export may end while the question is open: without the condition, its files would be deleted.
    await session.api.delete(`exports/${this.id_}?if=live`);
    this.#watch();
  }

  async #delete() {
    if (!await confirmed("Delete this export?", "Its files are deleted for everyone, and cannot be had back.", "Delete it")) return;
    await session.api.delete(`exports/${this.id_}?if=ended`);
    announce("The export is deleted");
    location.hash = "#/exports";
  }
}
customElements.define("sluice-export", ExportPage);

/** An export that does not exist, or not for this caller: an address that was cut, or one that has been deleted. */
class NoExport extends HTMLElement {
  connectedCallback() {
    this.replaceChildren(h("h1", null, "There is no such export"), h("p", { role: "alert" }, "Its address may be incomplete, it may have been deleted, or it belongs to another key."), h("p", null, h("a", { href: "#/exports" }, "All exports")));
  }
}
customElements.define("sluice-no-export", NoExport);
