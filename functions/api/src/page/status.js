// The state of an export in words.

import { capitalized, clock, count, counted, day, days, duration } from "./format.js";

export const STATUS_WORDS = { queued: "Waiting", running: "Running", succeeded: "Complete", failed: "Failed", canceled: "Canceled", expired: "Expired" };

/** True while an export can still change by itself. */
export function isLive({ status }) {
  return status === "queued" || status === "running";
}

/** Reason why nothing is being read now; empty if there is none. */
export function waitingReason({ paused, backOff, status, snapshot, queuePosition }) {
  if (paused) return `${capitalized(paused)}.`;
  if (backOff) return `${condition(backOff.signal)} ${backOff.reason} The next try is at ${clock(backOff.until)}. Nothing has failed.`;
  if (snapshot?.waiting && queuePosition === undefined) return "It waits for the snapshot that all its files will show. One is held at a time.";
  if (status !== "queued") return "";
  if (queuePosition === undefined || queuePosition === null) return "It waits for its turn.";
  // Position 1 is the first of those that wait; the exports before it are running.
  if (queuePosition === 0) return "Its first chunk is about to start.";
  return queuePosition === 1 ? "It is the next to start: as many of your exports as may run at a time are running." : `It waits behind ${counted(queuePosition - 1, "export")} and those that run.`;
}

function condition(signal) {
  const words = { active_sessions: "The database is busy.", replica_lag: "The replica of the database lags behind.", no_worker: "No worker starts." };
  if (words[signal]) return words[signal];
  return signal.startsWith("storage") ? "The storage does not accept files now." : "The database cannot be read now.";
}

/** One sentence on the progress of an export. */
export function progressSentence(current) {
  const { progress: { chunks, rows }, status, etaSeconds } = current;
  if (status === "succeeded") return `${counted(rows, "row")} in ${counted(chunks.total, "chunk")}${chunks.reused ? `, ${count(chunks.reused)} of them reused` : ""}${chunks.unchanged ? `, ${count(chunks.unchanged)} unchanged since an earlier export` : ""}. The manifest lists every file.`;
  if (status === "failed") return `${counted(chunks.failed, "chunk")} of ${count(chunks.total)} could not be exported. The files of the others are here.`;
  if (status === "canceled") return "It was canceled. Files that were finished before are here until it expires.";
  if (status === "expired") return "Its files have been deleted. The same request can be sent again.";
  return [`${count(chunks.done)} of ${counted(chunks.total, "chunk")}`, etaSeconds !== undefined && etaSeconds !== null && `about ${duration(etaSeconds)} left`].filter(Boolean).join(", ");
}

/** Title of an export: its label, or its datasets. */
export function titleOf({ request }) {
  if (request?.label) return request.label;
  const datasets = request?.datasets;
  if (!Array.isArray(datasets)) return "All datasets";
  const list = datasets.map((one) => (typeof one === "string" ? one : one.name));
  return list.length > 3 ? `${list.slice(0, 2).join(", ")} and ${count(list.length - 2)} more` : list.join(", ");
}

/** Range of a request in words. */
export function requestedRange({ request }) {
  return dates(request?.startDate, request?.endDate);
}

/** True if a bound of a request is a day, and no instant. */
export function isDay(bound) { return /^\d{4}-\d\d-\d\d$/.test(bound); }

/** Two bounds of a request in words: days, both inclusive, or instants. */
export function dates(from, to) {
  const words = (bound) => (isDay(bound) ? day(bound) : bound);
  if (!from && !to) return "all dates";
  if (!to) return `from ${words(from)} on`;
  if (!from) return `up to ${words(to)}`;
  return isDay(from) && isDay(to) ? days(from, to) : `${words(from)} to ${words(to)}`;
}
