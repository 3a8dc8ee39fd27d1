// Numbers, sizes, durations and times, by the locale of the browser.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const UNKNOWN = "unknown";

/** Formats a count, such as `1,234,567`. */
export function count(value) {
  return value === undefined || value === null ? UNKNOWN : new Intl.NumberFormat().format(value);
}

/** Formats a count with its noun, such as `1 file` and `2 files`. */
export function counted(value, noun, plural = `${noun}s`) {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** Formats a size in bytes, such as `12.3 MiB`. */
export function bytes(value) {
  if (value === undefined || value === null) return UNKNOWN;
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${new Intl.NumberFormat(undefined, { maximumSignificantDigits: size < 1000 ? 3 : 4 }).format(size)} ${UNITS[unit]}`;
}

/** Formats a duration in seconds, such as `3 min 20 s`. */
export function duration(seconds) {
  if (seconds === undefined || seconds === null) return UNKNOWN;
  const number = (value, digits = 0) => new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(value);
  if (seconds > 0 && seconds < 1) return `${number(Math.max(Math.round(seconds * 1000), 1))} ms`;
  if (seconds < 10) return `${number(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${number(whole)} s`;
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  // Two units at most, and none of nothing.
  const pairs = minutes < 60 ? [[minutes, "min"], [whole % 60, "s"]] : hours < 48 ? [[hours, "h"], [minutes % 60, "min"]] : [[Math.floor(hours / 24), "d"], [hours % 24, "h"]];
  return pairs.filter(([value]) => value > 0).map(([value, unit]) => `${number(value)} ${unit}`).join(" ");
}

/** Formats an amount of US dollars; small amounts keep two digits that matter. */
export function dollars(value) {
  if (value === undefined || value === null) return UNKNOWN;
  const digits = value >= 1 || value === 0 ? { maximumFractionDigits: 2 } : { maximumSignificantDigits: 2 };
  return new Intl.NumberFormat(undefined, { style: "currency", currency: "USD", minimumFractionDigits: value >= 1 ? 2 : 0, ...digits }).format(value);
}

/** Formats a percentage of 0 to 100. It is 100 only at the end. */
export function percent(value) {
  const shown = value >= 100 ? 100 : Math.min(Math.floor(value * 10) / 10, 99.9);
  return new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 }).format(shown / 100);
}

/** Formats an instant as date and time of this browser's zone. */
export function moment(text) {
  return text ? new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(text)) : UNKNOWN;
}

/** Formats an instant as time of day with seconds. */
export function clock(text) {
  return new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }).format(new Date(text));
}

/** Formats a range of a file or of a chunk in words. */
export function range({ of, start, end } = {}) {
  if (of === "null") return "rows without a date";
  if (of === "slice") return `key ${[start && `from ${start}`, end && `to before ${end}`].filter(Boolean).join(" ")}`;
  if (of === "all" || (!start && !end)) return "all rows";
  const [first, after] = [start, end].map((bound) => bound && wholeDay(bound));
  if (!start) return after ? `up to ${day(after - DAY)}` : `before ${end}`;
  if (!end) return `from ${first ? day(first) : start} on`;
  return first && after ? days(first, after - DAY) : `${start} to before ${end}`;
}

const DAY = 86400000;

/** The day that begins at a bound, in milliseconds; undefined if the bound is within a day. */
function wholeDay(bound) {
  const [, date] = /^(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00(?::?00)?)?)?$/.exec(bound) ?? [];
  return date && Date.parse(`${date}T00:00:00Z`);
}

/** Formats a day, in milliseconds or as `2024-01-31`. */
export function day(of) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(of));
}

/** Formats the days from one to another, both inclusive. */
export function days(first, last) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" }).formatRange(new Date(first), new Date(last));
}

/** Formats a list of names, cut after `most` of them. */
export function names(list, most = 3) {
  const shown = list.slice(0, most).join(", ");
  return list.length > most ? `${shown} and ${count(list.length - most)} more` : shown;
}

/** Clauses of the api that mean something only to programs: a method with a path, a header, a field of the problem. */
const FOR_PROGRAMS = /\b(GET|POST|DELETE) \/|Retry-After|Idempotency-Key|\bsee violations\b/;

/** Returns a sentence of the api without its clauses for programs. */
export function plain(text) {
  return text.split(/(?<=[;:,]) /).filter((clause) => !FOR_PROGRAMS.test(clause)).join(" ").replace(/[;:,]$/, "");
}

/** Returns a sentence with a capital at its beginning. */
export function capitalized(sentence) { return sentence.charAt(0).toUpperCase() + sentence.slice(1); }
