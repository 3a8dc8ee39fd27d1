// Client of the api: JSON in and out, problems as errors, and the pace of a page that watches.

import { capitalized, plain } from "./format.js";

/** An error that the api describes (RFC 9457), in words for people. */
export class Problem extends Error {
  constructor(status, body, headers) {
    super(capitalized(plain(body.detail || body.title || "The api could not do this. Try again, and report it to the operator if it happens again")));
    this.status = status;
    this.title = body.title;
    this.violations = (body.violations ?? []).map((one) => ({ ...one, message: plain(one.message), remedy: one.remedy && plain(one.remedy) }));
    this.requestId = body.requestId;
    this.retryAfterSeconds = Number(headers.get("Retry-After")) || undefined;
  }
}

/** No response of the api: the network, or something between, failed. */
export class Away extends Error {
  constructor() {
    super("The api cannot be reached. Try again in a moment.");
  }
}

/** Base URL of the api: the page is served at the root of the same address. */
export const BASE = new URL("api/v1", new URL(".", location.href.split("#")[0])).href;

export class Api {
  #credential;
  #onRefused;

  /** Creates a client with a key or a token. `onRefused` is called when the api no longer accepts it. */
  constructor(credential, onRefused = () => {}) {
    this.#credential = credential;
    this.#onRefused = onRefused;
  }

  get(path, options) { return this.call("GET", path, options); }
  post(path, body, options) { return this.call("POST", path, { body: body ?? {}, ...options }); }
  delete(path) { return this.call("DELETE", path); }

  /** Sends a request. Returns status, body and headers, or throws a `Problem` or `Away`. 304 has no body. */
  async call(method, path, { body, headers, signal } = {}) {
    const sent = { Authorization: `Bearer ${this.#credential}`, ...headers };
    if (body !== undefined) sent["Content-Type"] = "application/json";
    let response, text;
    try {
      // The tags are compared by this page, not by the browser's cache, which would hide a 304.
      response = await fetch(`${BASE}/${path}`, { method, headers: sent, body: body && JSON.stringify(body), signal, cache: "no-store", credentials: "omit" });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Away();
    }
    const parsed = parse(text);
    if (response.ok || response.status === 304) return { status: response.status, body: parsed, headers: response.headers };
    // A gateway in between answers without a problem.
    if (!parsed?.title && response.status >= 502) throw new Away();
    if (response.status === 401) this.#onRefused();
    throw new Problem(response.status, parsed ?? {}, response.headers);
  }

  /** Fetches an object of an export through its link, which needs no key. */
  async object(path) {
    const response = await fetch(`${BASE}/${path}`, { headers: { Authorization: `Bearer ${this.#credential}` }, credentials: "omit" }).catch(() => { throw new Away(); });
    if (!response.ok) throw new Problem(response.status, parse(await response.text()) ?? {}, response.headers);
    return response.blob();
  }
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Waits, unless the signal ends it. */
export function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}

/** A little more than a second, since timers may fire early. */
const INTERVAL_MS = 1050;

/** Lets requests begin at least one second apart. */
export class Pace {
  #next = 0;

  async turn(signal) {
    const now = performance.now();
    const at = Math.max(now, this.#next);
    this.#next = at + INTERVAL_MS;
    if (at > now) await sleep(at - now, signal);
  }
}

/** Repeats a request until the api responds, with growing pauses. `onAway` learns of each failure, and of the end. */
export async function patiently(request, { signal, onAway = () => {} } = {}) {
  for (let failures = 0; ; failures += 1) {
    try {
      const response = await request();
      if (failures > 0) onAway(undefined);
      return response;
    } catch (error) {
      const again = error instanceof Away || [429, 503].includes(error.status);
      if (!again || signal?.aborted) throw error;
      onAway(error);
      await sleep(Math.max((error.retryAfterSeconds ?? 0) * 1000, Math.min(1000 * 2 ** failures, 8000)), signal);
    }
  }
}
