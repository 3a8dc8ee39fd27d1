// The limits of the tenant, and what it uses of them.

import { fill, h } from "./dom.js";
import { bytes, count, duration, moment } from "./format.js";
import { session } from "./session.js";

class LimitList extends HTMLElement {
  async connectedCallback() {
    try {
      const { body } = await session.api.get("limits");
      session.limits = body;
      fill(this, ...shown(body));
    } catch (problem) {
      fill(this, h("p", { class: "hint" }, problem.message));
    }
  }
}
customElements.define("sluice-limits", LimitList);

// Limits per day, of those that are set.
function daily({ rowsPerDay, megabytesPerDay, databaseSecondsPerDay, dayEndsAt }) {
  const note = `Beyond it, exports that have to read are refused until ${moment(dayEndsAt)}.`;
  const limits = [["Rows a day", rowsPerDay, count], ["Bytes a day", megabytesPerDay, (n) => bytes(n * 1048576)], ["Time of the database a day", databaseSecondsPerDay, duration]];
  return limits.filter(([, limit]) => limit.maximum !== undefined)
    .map(([name, { used, maximum }, words]) => [name, `${words(used)} of ${words(maximum)}`, note]);
}

function shown(limits) {
  const { activeExports, queuedExports, keptExports, keptChunks, keptRequestBytes, chunksPerMinute, requestsPerSecond } = limits;
  const part = ({ used, maximum }, words = count) => `${words(used)} of ${words(maximum)}`;
  const pairs = [
    ["Exports that run", part(activeExports), "Further ones wait for their turn."],
    ["Exports that wait", part(queuedExports), "Further ones are refused."],
    ["Exports that are kept", part(keptExports), "Running, ended and expired ones. Delete some to make room."],
    ["Their chunks", part(keptChunks)],
    ["Their requests", part(keptRequestBytes, bytes)],
    ["New chunks a minute", chunksPerMinute ? count(chunksPerMinute) : "not limited", chunksPerMinute && "A request beyond it is refused, with the time to wait."],
    ...daily(limits),
    ["Requests a second", requestsPerSecond ? count(requestsPerSecond) : "not limited"],
    ["One export", `${count(limits.datasetsPerExport)} datasets, ${count(limits.chunksPerExport)} chunks at most`],
    ["Time for an export", duration(limits.deadlineSeconds), "It fails if it has not ended by then."],
    ["Files are kept for", duration(limits.retentionSeconds), "After the end of their export; then they are deleted."],
    ["A link to a file lives for", duration(limits.linkSeconds)],
  ];
  return [h("dl", { class: "limits" }, pairs.map(([name, value, note]) => h("div", null, h("dt", null, name), h("dd", null, value, note && h("small", null, note)))))];
}
