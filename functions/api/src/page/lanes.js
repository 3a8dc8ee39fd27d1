// From the chunks of an export to the bars of its timeline: phases of each attempt, and a lane per worker.

/** Phases of an attempt, in order: name, words, and the name of its colour. */
export const PHASES = [
  ["waited", "waited for its turn", "--phase-wait"],
  ["connected", "connected", "--phase-connect"],
  ["read", "read", "--phase-read"],
  ["encoded", "encoded, while it read and after", "--phase-encode"],
  ["uploaded", "uploaded the rest", "--phase-upload"],
  ["other", "prepared and recorded", "--phase-other"],
  ["failed", "failed", "--phase-fail"],
  ["unchanged", "unchanged, not read", "--phase-reuse"],
];

/** Measured times of an attempt, in milliseconds. Encoding is the sum over its threads, and runs while rows are read. */
export function phasesOf({ connectMs = 0, readMs = 0, encodeMs = 0, uploadMs = 0 }) {
  return { connected: connectMs, read: readMs, encoded: encodeMs, uploaded: uploadMs };
}

/** Places the measured times of an ended attempt between its start and its end: `[phase, from, to]`, nothing stretched. Encoding lies beside reading. */
export function segmentsOf({ start, end, attempt: { connectMs = 0, readMs = 0, firstRowMs = 0, encodeMs = 0, finishMs = 0, uploadMs = 0 } }) {
  // The clock of the store has measured the whole, that of the worker its parts: a part never leaves the whole.
  const within = (time) => Math.min(Math.max(time, start), end);
  const connected = within(start + connectMs);
  const uploading = Math.max(within(end - uploadMs), connected);
  const finishing = Math.max(uploading - finishMs, connected);
  const reading = Math.max(finishing - readMs, connected);
  const segments = [["connected", start, connected], ["other", connected, reading], ["read", reading, finishing], ["uploaded", uploading, end]];
  if (encodeMs > 0) segments.push(["encoded", Math.min(reading + firstRowMs, finishing), uploading]);
  return segments.filter(([, from, to]) => to > from);
}

/** Arranges the attempts of chunks in lanes: each in the first lane that is free at its start, as workers are. */
export function arrange(chunks, now) {
  const bars = [];
  for (const chunk of chunks) {
    if (chunk.reused && chunk.state === "done") continue;
    for (const attempt of chunk.attempts ?? []) {
      const start = Date.parse(attempt.startedAt);
      const end = attempt.endedAt ? Date.parse(attempt.endedAt) : Math.max(now, start);
      bars.push({ chunk, attempt, start, end, from: start - Math.min(attempt.waitedMs ?? 0, 60000), lane: 0 });
    }
  }
  bars.sort((a, b) => a.start - b.start || a.end - b.end);
  const free = [];
  for (const bar of bars) {
    let lane = free.findIndex((end) => end <= bar.start);
    if (lane < 0) lane = free.length;
    // Other work of the lane hides a part of the waiting.
    bar.from = Math.max(bar.from, free[lane] ?? bars[0].start);
    free[lane] = bar.end;
    bar.lane = lane;
  }
  const start = bars.length ? bars[0].start : now;
  const end = bars.reduce((latest, bar) => Math.max(latest, bar.end), start + 1);
  const longest = bars.reduce((most, bar) => Math.max(most, bar.end - bar.from), 0);
  return { bars, lanes: free.length, start, end, longest, reused: chunks.filter((chunk) => chunk.reused).length, unchanged: chunks.filter((chunk) => chunk.verified).length };
}

/** Sums of a timeline by dataset, for its words. */
export function sums(chunks) {
  const by = new Map();
  for (const chunk of chunks) {
    const of = by.get(chunk.dataset) ?? { chunks: 0, done: 0, reused: 0, unchanged: 0, failed: 0, running: 0, rows: 0, bytes: 0, waited: 0, connected: 0, read: 0, encoded: 0, uploaded: 0 };
    by.set(chunk.dataset, of);
    if (chunk.state === "split") continue;
    of.chunks += 1;
    of.done += chunk.state === "done";
    of.failed += chunk.state === "failed";
    of.running += chunk.state === "running";
    of.reused += chunk.reused;
    of.unchanged += Boolean(chunk.verified);
    of.rows += chunk.rows ?? 0;
    of.bytes += chunk.bytes ?? 0;
    if (chunk.reused) continue;
    for (const attempt of chunk.attempts ?? []) {
      of.waited += attempt.waitedMs ?? 0;
      for (const [phase, time] of Object.entries(phasesOf(attempt))) of[phase] += time;
    }
  }
  return by;
}
