// The range of dates: two days, a time zone, and presets.

import { button, field, fill, h } from "./dom.js";

const DAY_MS = 86400000;

/** True if this browser knows a time zone of this name. */
export function isZone(name) {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

/** Today in a time zone, as a date of UTC that can be calculated with. */
function today(zone) {
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date());
  return new Date(`${day}T00:00:00Z`);
}

function dayText(date) {
  return date.toISOString().slice(0, 10);
}

/** Presets: name, label, and the first and last day. Empty bounds are open. Ranges end with a whole month, so that they stay the same. */
export const PRESETS = [
  ["yesterday", "Yesterday", (now) => { const day = new Date(now - DAY_MS); return [day, day]; }],
  ["month", "Last month", (now) => [utc(now, 0, -1), new Date(utc(now, 0, 0) - DAY_MS)]],
  ["closed", "Closed months of this year", (now) => [new Date(Date.UTC(now.getUTCFullYear(), 0, 1)), new Date(utc(now, 0, 0) - DAY_MS)]],
  ["year", "Last year", (now) => [new Date(Date.UTC(now.getUTCFullYear() - 1, 0, 1)), new Date(Date.UTC(now.getUTCFullYear(), 0, 1) - DAY_MS)]],
  ["all", "Everything", () => []],
];

function utc(now, years, months) {
  return new Date(Date.UTC(now.getUTCFullYear() + years, now.getUTCMonth() + months, 1));
}

/** Presets that have days now: in January no month of the year is closed. */
function offered() { return PRESETS.filter(([name]) => name !== "closed" || new Date().getUTCMonth() > 0); }

/** Days of a preset, as texts. */
export function presetDays(name, zone) {
  const [, , days] = PRESETS.find(([preset]) => preset === name);
  const [from, to] = days(today(zone));
  return [from ? dayText(from) : "", to ? dayText(to) : ""];
}

class DateRange extends HTMLElement {
  /** Shows the range of a draft. `onchange` is called after each change. */
  show(draft, onchange) {
    const from = h("input", { type: "date", value: draft.from, max: "9998-12-31" });
    const to = h("input", { type: "date", value: draft.to, max: "9998-12-31" });
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zones = h("datalist", { id: "zones" }, ["UTC", ...Intl.supportedValuesOf("timeZone")].map((zone) => h("option", { value: zone })));
    const zone = h("input", { type: "text", value: draft.zone, list: "zones", spellcheck: "false", autocomplete: "off" });
    const presets = offered().map(([name, label]) => button(label, () => {
      if (name !== "all" && !check()) return zone.focus();
      [from.value, to.value] = presetDays(name, name === "all" ? "UTC" : zone.value.trim() || "UTC");
      changed(name);
    }, { kind: "chip", "aria-pressed": String(draft.preset === name), "data-preset": name }));
    const unknown = h("div");
    /** Shows beside the field that a zone is unknown. */
    const check = () => {
      const known = isZone(zone.value.trim() || "UTC");
      zone.setAttribute("aria-invalid", String(!known));
      fill(unknown, !known && h("p", { class: "violation", role: "alert" }, "There is no such time zone: choose one of the list, such as Europe/Berlin."));
      return known;
    };
    const changed = (preset) => {
      check();
      Object.assign(draft, { from: from.value, to: to.value, zone: zone.value.trim() || "UTC", preset });
      for (const one of presets) one.setAttribute("aria-pressed", String(one.dataset.preset === preset));
      onchange();
    };
    for (const control of [from, to]) control.addEventListener("change", () => changed(""));
    // Another zone has other days.
    zone.addEventListener("change", () => {
      const preset = draft.preset && draft.preset !== "all" && check() ? draft.preset : "";
      if (preset) [from.value, to.value] = presetDays(preset, zone.value.trim() || "UTC");
      changed(preset || (draft.preset === "all" ? "all" : ""));
    });
    const inZone = field("Time zone", zone, { pointer: "/timeZone" });
    inZone.append(unknown);
    this.replaceChildren(
      h("div", { class: "chips", role: "group", "aria-label": "Usual ranges" }, presets),
      h("div", { class: "row" },
        field("First day", from, { pointer: "/startDate" }),
        field("Last day", to, { pointer: "/endDate" }),
        inZone),
      zones,
      h("p", { class: "hint" }, own && own !== "UTC" ? `Both days are included. Your own time zone is ${own}. ` : "Both days are included. ", "An empty day leaves that side open. Datasets without dates are exported whole."));
  }
}
customElements.define("sluice-dates", DateRange);
