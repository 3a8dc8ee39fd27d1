// Watches an export until it ends: long polls of its status, and the pages of its chunks that can still change. Requests
// begin at least one second apart.

import { Pace, patiently } from "./api.js";
import { session } from "./session.js";
import { isLive, waitingReason } from "./status.js";

const CHUNKS_PER_PAGE = 1000;
/** Pages of chunks that are read again between two polls, so that the status of a large export stays fresh. */
const MAX_PAGES_BETWEEN = 2;
/** Seconds of a long poll: while chunks run, the remaining time changes without an event. */
const POLL_SECONDS = { running: 4, waiting: 15 };

/** Watches the export with this id. Returns when it has ended and its chunks are read. */
export async function watch(id, { onStatus, onChunks, onAway, signal }) {
  const pace = new Pace();
  let paced = true;
  const send = (path, headers) => patiently(async () => {
    if (paced) await pace.turn(signal);
    return session.api.get(path, { headers, signal });
  }, { signal, onAway });
  const pages = new ChunkPages(`exports/${id}/chunks?limit=${CHUNKS_PER_PAGE}`, send);

  let { body: current, headers } = await send(`exports/${id}`);
  onStatus(current);
  while (isLive(current)) {
    await pages.refresh(MAX_PAGES_BETWEEN);
    onChunks(pages.chunks(), Date.now());
    const seconds = waitingReason(current) ? POLL_SECONDS.waiting : POLL_SECONDS.running;
    let response = await send(`exports/${id}`, { Prefer: `wait=${seconds}`, "If-None-Match": headers.get("ETag") ?? "" });
    // Its place in the queue and the remaining time are no events, and come only with a body.
    if (response.status === 304) response = await send(`exports/${id}`);
    ({ body: current, headers } = response);
    onStatus(current);
  }
  paced = false;
  await pages.refresh(Infinity);
  onChunks(pages.chunks(), Date.parse(current.endedAt));
}

/** The pages of the chunks of an export. */
class ChunkPages {
  #pages = [{ cursor: undefined, chunks: undefined }];
  #next = 0;

  constructor(path, send) {
    this.path = path;
    this.send = send;
  }

  chunks() { return this.#pages.flatMap(({ chunks }) => chunks ?? []); }

  /** Reads up to `most` pages whose chunks can still change, in turn. */
  async refresh(most) {
    for (let read = 0, seen = 0; read < most && seen < this.#pages.length; seen += 1) {
      const index = this.#next % this.#pages.length;
      this.#next = index + 1;
      if (!isOpen(this.#pages[index])) continue;
      await this.#read(index);
      read += 1;
    }
  }

  async #read(index) {
    const page = this.#pages[index];
    const { body } = await this.send(page.cursor ? `${this.path}&cursor=${encodeURIComponent(page.cursor)}` : this.path);
    page.chunks = body.chunks;
    const following = this.#pages[index + 1];
    // A split adds chunks, and moves the borders of the pages behind it.
    if (!body.nextCursor) this.#pages.length = index + 1;
    else if (following?.cursor !== body.nextCursor) this.#pages[index + 1] = { cursor: body.nextCursor, chunks: following?.chunks, open: true };
    page.open = false;
  }
}

function isOpen({ chunks, open }) {
  return open || !chunks || chunks.some(({ state }) => !["done", "failed", "split"].includes(state));
}
