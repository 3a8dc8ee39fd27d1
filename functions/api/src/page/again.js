// The choices of an earlier export, for a new one.

import { kindOf } from "./request.js";
import { blank, findDataset } from "./session.js";
import { isDay } from "./status.js";

/** Fields of a request that the page has choices for; what else there is stays as it is. */
const SHOWN = new Set(["datasets", "startDate", "endDate", "timeZone", "format", "compression", "csv", "consistency", "label"]);
const CSV_DEFAULTS = { delimiter: ",", null: "", header: true, formulaGuard: false };

/** Makes a draft of the request of an export. */
export function draftOf(request) {
  const draft = blank();
  const { startDate, endDate, csv } = request;
  for (const one of request.datasets) {
    const { name, columns, filters, ...kept } = typeof one === "string" ? { name: one } : one;
    draft.datasets[name] = { columns, filters: conditionsOf(filters, findDataset(name)), ...(Object.keys(kept).length > 0 && { kept }) };
  }
  // An instant is no day: the page keeps it, and does not show it as a date.
  for (const [field, bound, to] of [["startDate", startDate, "from"], ["endDate", endDate, "to"]]) {
    if (bound && isDay(bound)) draft[to] = bound;
    else if (bound) draft.kept[field] = bound;
  }
  const { formulaGuard, ...form } = csv ?? {};
  const other = Object.fromEntries(Object.entries(form).filter(([name, value]) => value !== CSV_DEFAULTS[name]));
  if (Object.keys(other).length > 0) draft.kept.csv = other;
  for (const [name, value] of Object.entries(request)) if (!SHOWN.has(name)) draft.kept[name] = value;
  return { ...draft, zone: request.timeZone ?? "UTC", format: request.format ?? draft.format, compression: request.compression ?? draft.compression, formulaGuard: Boolean(formulaGuard), snapshot: request.consistency === "snapshot", label: request.label ?? "" };
}

/** Conditions of filters as a request writes them: a value, a list, null, or operators with their values. */
export function conditionsOf(filters = {}, dataset) {
  return Object.entries(filters).flatMap(([column, filter]) => {
    const kind = kindOf(dataset?.filters.find(({ name }) => name === column)?.type ?? "text");
    // Numbers are entered as texts, which the api reads without loss.
    const scalar = (value) => (kind === "boolean" ? value === true || value === "true" : String(value));
    if (filter === null) return [{ column, operator: "null" }];
    if (Array.isArray(filter)) return [{ column, operator: "in", values: filter.map(String) }];
    if (typeof filter !== "object") return [{ column, operator: "eq", value: scalar(filter) }];
    return Object.entries(filter).map(([operator, value]) => {
      if (operator === "isNull") return { column, operator: value ? "null" : "notNull" };
      return Array.isArray(value) ? { column, operator, values: value.map(String) } : { column, operator, value: scalar(value) };
    });
  });
}
