// Downloads all files of an export without a terminal, with progress, and shows what to do where a browser cannot.

import { announce, button, fill, h } from "./dom.js";
import { bytes, count, counted } from "./format.js";
import { DownloadsTarget, FolderTarget, hasFolders } from "./targets.js";
import { listFiles, transferAll } from "./transfer.js";
import { session } from "./session.js";

/** Limits without a folder: browsers ask about many downloads, and hold a file until it is whole. */
const MAX_DOWNLOADS = 200;
const MAX_DOWNLOAD_BYTES = 2 ** 31;

class DownloadAll extends HTMLElement {
  /** Offers the files of an export. */
  show(current) {
    this.current = current;
    this.begin = button(hasFolders() ? "Download all files into a folder" : "Download all files", () => this.#begin(), { kind: "primary" });
    this.state = h("div", { class: "transfer" });
    const words = hasFolders()
      ? "Choose a folder; each file is compared with its SHA-256. What is there already is not fetched again, so an interrupted download goes on. Keep this page open meanwhile."
      : `One file after the other into your folder of downloads, each compared with its SHA-256; allow several downloads if the browser asks. At most ${count(MAX_DOWNLOADS)} files of up to ${bytes(MAX_DOWNLOAD_BYTES)}: Chrome and Edge can write any number into a folder, and the commands below work everywhere.`;
    this.replaceChildren(h("div", { class: "actions" }, this.begin, h("span", { class: "hint" }, words)), this.state);
  }

  disconnectedCallback() { this.ending?.abort(new Error("left")); }

  async #begin() {
    const { signal } = (this.ending = new AbortController());
    let target;
    try {
      target = hasFolders() ? new FolderTarget(await window.showDirectoryPicker({ id: "sluice", mode: "readwrite" })) : new DownloadsTarget();
    } catch (error) {
      // The person has closed the dialog of the browser.
      if (error.name === "AbortError") return;
      return fill(this.state, h("p", { class: "problem", role: "alert" }, `The folder cannot be used: ${error.message}`));
    }
    this.begin.disabled = true;
    const leaving = (event) => event.preventDefault();
    addEventListener("beforeunload", leaving);
    try {
      await this.#run(target, signal);
    } catch (error) {
      if (!this.isConnected) return;
      fill(this.state, h("p", { class: signal.aborted ? "notice" : "problem", role: "alert" }, signal.aborted ? "Stopped. What is complete stays; start again to go on." : `The download has stopped: ${error.message}`));
    } finally {
      removeEventListener("beforeunload", leaving);
      this.begin.disabled = false;
    }
  }

  async #run(target, signal) {
    fill(this.state, h("p", { role: "status" }, "Reading the list of files…"));
    const files = await listFiles(this.current.id, signal);
    const large = files.filter((file) => file.bytes > MAX_DOWNLOAD_BYTES);
    if (!hasFolders() && (files.length > MAX_DOWNLOADS || large.length > 0)) {
      const what = files.length > MAX_DOWNLOADS ? `${counted(files.length, "file")} are more than the ${count(MAX_DOWNLOADS)} that this browser can take` : `${large[0].name} has ${bytes(large[0].bytes)}, more than this browser can hold`;
      return fill(this.state, h("p", { class: "notice", role: "alert" }, `${what}. Open this page in Chrome or Edge, which write into a folder, or use one of the commands below.`));
    }
    const total = files.reduce((sum, file) => sum + file.bytes, 0);
    const bar = h("progress", { max: "1", value: 0, "aria-label": "Progress of the download" });
    const words = h("p");
    const name = h("small");
    fill(this.state, bar, h("div", { class: "bar" }, h("div", null, words, name), button("Stop", () => this.ending.abort(new Error("stopped")))));
    announce(`Downloading ${counted(files.length, "file")}`);
    const done = await transferAll(this.current.id, files, target, { signal, onProgress: (at) => {
      bar.value = total > 0 ? at.bytes / total : 1;
      fill(words, `${count(at.files)} of ${counted(files.length, "file")}, ${bytes(at.bytes)} of ${bytes(total)}`);
      fill(name, at.name);
    } });
    if (this.current.status === "succeeded" && hasFolders()) await this.#manifest(target);
    this.#ended(done, files.length, total);
  }

  /** Writes the manifest last, so that it stands for a complete folder. */
  async #manifest(target) {
    const blob = await session.api.object(this.current.links.manifest);
    const out = await target.open("manifest.json");
    await out.write(new Uint8Array(await blob.arrayBuffer()));
    await out.finish();
  }

  #ended({ failed, present }, number, total) {
    const whole = `${counted(number - failed.length, "file")}${failed.length ? ` of ${count(number)}` : `, ${bytes(total)}`}: every SHA-256 is that of the export.${present ? ` ${counted(present, "file")} had been there before.` : ""}`;
    announce(failed.length ? `${counted(failed.length, "file")} could not be downloaded` : "All files are downloaded");
    fill(this.state, h("p", { class: failed.length ? "notice" : "success", role: "status" }, failed.length ? whole : `All files are here. ${whole}`),
      failed.length > 0 && h("div", { class: "problem", role: "alert" }, h("strong", null, "Not downloaded. Start again to try these once more."), h("ul", null, failed.slice(0, 20).map((one) => h("li", null, `${one.name}: ${one.reason}`)))));
  }
}
customElements.define("sluice-download-all", DownloadAll);
