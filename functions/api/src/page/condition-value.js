// The value of a condition, with the control that fits the column: choices, a date, a text, or a list of values.

import { fill, h, select } from "./dom.js";
import { counted } from "./format.js";
import { isList, kindOf } from "./request.js";

/** Value of a new condition on a column. */
export function freshValue(column) {
  if (kindOf(column.type) === "boolean") return { value: true };
  return { value: column.values?.[0] ?? "" };
}

/** Creates the control of the value. A list has one value a line, so a value may have commas and spaces. */
export function valueControl(column, filter, onchange) {
  const label = `${isList(filter.operator) ? "Values" : "Value"} for ${column.name} (${column.type})`;
  const changed = (value) => { filter.value = value; onchange(); };
  const kind = kindOf(column.type);
  if (kind === "boolean") return select([["true", "true"], ["false", "false"]], String(filter.value), (text) => changed(text === "true"), { "aria-label": label });
  if (isList(filter.operator)) return column.values?.length ? choices(column, filter, label, onchange) : lines(filter, label, onchange);
  if (column.values?.length && ["eq", "ne"].includes(filter.operator)) return select(known(column.values, filter.value).map((value) => [value, value]), filter.value, changed, { "aria-label": label });
  const hints = { number: "10", timestamp: column.type.includes("without") ? "2024-01-31T12:00:00" : "2024-01-31T12:00:00Z" };
  return h("input", {
    type: kind === "date" ? "date" : "text", inputmode: kind === "number" ? "decimal" : undefined,
    placeholder: hints[kind], value: filter.value ?? "", "aria-label": label,
    oninput: (event) => changed(event.target.value), autocomplete: "off", spellcheck: "false",
  });
}

/** Values of the catalog, and one that it no longer has. */
function known(values, value) {
  return value === undefined || value === "" || values.includes(value) ? values : [...values, value];
}

/** A box for each value of an enum. */
function choices(column, filter, label, onchange) {
  const boxes = column.values.map((value) => h("label", { class: "check" },
    h("input", { type: "checkbox", checked: filter.values?.includes(value), onchange: (event) => {
      filter.values = column.values.filter((one) => (one === value ? event.target.checked : filter.values?.includes(one)));
      onchange();
    } }), h("span", null, value)));
  return h("fieldset", { class: "values" }, h("legend", { class: "hidden" }, label), boxes);
}

/** One value a line. */
function lines(filter, label, onchange) {
  const status = h("p", { class: "hint" });
  const say = () => fill(status, `One value a line; ${counted(filter.values?.length ?? 0, "value")}.`);
  const area = h("textarea", { rows: "4", "aria-label": `${label}, one a line`, value: (filter.values ?? []).join("\n"), spellcheck: "false", oninput: () => {
    filter.values = area.value.split("\n").map((line) => line.replace(/\r$/, "")).filter((line) => line !== "");
    say();
    onchange();
  } });
  say();
  return h("div", { class: "values" }, area, status);
}
