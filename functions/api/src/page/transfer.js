// Downloads all files of an export, one after the other, and compares each with its SHA-256.

import { sleep } from "./api.js";
import { session } from "./session.js";
import { Sha256 } from "./sha256.js";

const PER_PAGE = 100;
const MAX_TRIES = 4;
/** Links are made again when they end within this time. */
const LINK_MARGIN_MS = 120_000;

/** Returns all files of an export, without links. */
export async function listFiles(id, signal) {
  const files = [];
  for (let cursor = ""; cursor !== undefined;) {
    const { body } = await session.api.get(`exports/${id}/files?limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { signal });
    files.push(...body.files);
    cursor = body.nextCursor;
  }
  return files;
}

/** Links of the files, a page of them at a time, because a link lives for minutes only. */
class LinkPages {
  #page = new Map();
  /** Cursors of the page that is there, and of the one after it. */
  #at = "";
  #next = "";

  constructor(id) { this.id = id; }

  /** Returns the link of a file, a new one if the one that is there did not work. The files come in the order of the pages. */
  async of(name, signal, isNew) {
    const known = this.#page.get(name);
    if (known && !isNew && Date.parse(known.linkExpiresAt) - Date.now() > LINK_MARGIN_MS) return known.link;
    await this.#read(known ? this.#at : this.#next, signal);
    // A retry of the export may have moved the borders of the pages.
    for (let cursor = ""; !this.#page.has(name) && cursor !== undefined; cursor = this.#next) await this.#read(cursor, signal);
    if (!this.#page.has(name)) throw new Error("It is no longer among the files of this export.");
    return this.#page.get(name).link;
  }

  async #read(cursor = "", signal) {
    const { body } = await session.api.get(`exports/${this.id}/files?limit=${PER_PAGE}&links=true${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { signal });
    this.#page = new Map(body.files.map((file) => [file.name, file]));
    this.#at = cursor;
    this.#next = body.nextCursor;
  }
}

/** Downloads files into a target. `onProgress` gets what is done, the file and its bytes so far. Returns the files that could not be downloaded, with the reason. */
export async function transferAll(id, files, target, { signal, onProgress }) {
  const links = new LinkPages(id);
  const seen = { files: 0, bytes: 0, present: 0 };
  const failed = [];
  for (const file of files) {
    const report = (bytes) => onProgress({ ...seen, bytes: seen.bytes + bytes, name: file.name });
    report(0);
    try {
      if (await target.has(file, signal)) seen.present += 1;
      else await patiently(file, links, target, signal, report);
    } catch (error) {
      if (signal.aborted || isOfTarget(error)) throw error;
      failed.push({ name: file.name, reason: error.message });
    }
    seen.files += 1;
    seen.bytes += file.bytes;
  }
  onProgress({ ...seen, name: "" });
  return { ...seen, failed };
}

/** True if no file can be written: the folder is full, gone, or may not be written to. */
function isOfTarget(error) {
  return error instanceof DOMException && ["QuotaExceededError", "NotAllowedError", "InvalidStateError", "NoModificationAllowedError"].includes(error.name);
}

async function patiently(file, links, target, signal, report) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await transferOne(file, await links.of(file.name, signal, tries > 1), target, signal, report);
    } catch (error) {
      if (signal.aborted || isOfTarget(error) || tries === MAX_TRIES || error.status === 404) throw error;
      await sleep(Math.max((error.retryAfterSeconds ?? 0) * 1000, 500 * 2 ** tries), signal);
    }
  }
}

async function transferOne({ name, bytes, sha256 }, link, target, signal, report) {
  const response = await fetch(link, { credentials: "omit", signal, cache: "no-store" });
  if (!response.ok) throw new Error("The storage did not hand it out.");
  const out = await target.open(name);
  try {
    const digest = new Sha256();
    let received = 0;
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      digest.update(value);
      received += value.length;
      await out.write(value);
      report(received);
    }
    if (received !== bytes || digest.hex() !== sha256) throw new Error("What arrived is not the file: its SHA-256 differs.");
    await out.finish();
  } catch (error) {
    await out.undo();
    throw error;
  }
}
