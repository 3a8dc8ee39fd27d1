// Rows and columns of one chosen dataset: its conditions, and the list of its columns.

import "./columns.js";
import { button, fill, h, select } from "./dom.js";
import { freshValue, valueControl } from "./condition-value.js";
import { escapePointer, hasValue, kindOf, operatorsOf } from "./request.js";

class Conditions extends HTMLElement {
  /** Shows the choices of a dataset. `index` is its place in the request, which pointers of violations contain. */
  show(dataset, choice, index, onchange) {
    this.dataset.pointer = `/datasets/${index}`;
    Object.assign(this, { of: dataset, choice, index, onchange });
    this.rows = h("div", { class: "conditions" });
    this.add = button("Add a condition", () => {
      (choice.filters ??= []).push({ column: dataset.filters[0].name, operator: "eq", ...freshValue(dataset.filters[0]) });
      this.#changed(choice.filters.length - 1, ".condition-column");
    });
    const columns = h("sluice-columns");
    columns.show(dataset, choice, index, onchange);
    this.#redraw();
    this.replaceChildren(
      dataset.filters.length > 0 ? h("section", null, h("h3", null, "Rows"), this.rows, this.add) : h("p", { class: "hint" }, "The catalog allows no conditions on this dataset."),
      columns);
  }

  #redraw() { fill(this.rows, (this.choice.filters ?? []).map((filter) => this.#row(filter))); }

  /** Draws the rows after a change, and leaves the focus on the same control of this row: arrow keys change a select with each step. */
  #changed(row, control) {
    this.#redraw();
    (this.rows.children[row]?.querySelector(control) ?? this.add).focus();
    this.onchange();
  }

  #row(filter) {
    const { of: { filters }, choice } = this;
    const place = () => choice.filters.indexOf(filter);
    const column = filters.find((one) => one.name === filter.column) ?? filters[0];
    const columns = select(filters.map(({ name }) => [name, name]), column.name, (name) => {
      Object.assign(filter, { column: name, operator: "eq", values: undefined, ...freshValue(filters.find((one) => one.name === name)) });
      this.#changed(place(), ".condition-column");
    }, { "aria-label": "Column", class: "condition-column" });
    const operators = select(operatorsOf(kindOf(column.type)), filter.operator, (operator) => {
      filter.operator = operator;
      this.#changed(place(), ".condition-operator");
    }, { "aria-label": `Condition on ${column.name}`, class: "condition-operator" });
    const remove = button("Remove", () => {
      const at = place();
      choice.filters.splice(at, 1);
      this.#changed(Math.min(at, choice.filters.length - 1), ".condition-remove");
    }, { kind: "quiet condition-remove", "aria-label": `Remove the condition on ${column.name}` });
    return h("div", { class: "condition", "data-pointer": `/datasets/${this.index}/filters/${escapePointer(column.name)}` },
      columns, operators, hasValue(filter.operator) && valueControl(column, filter, this.onchange), remove);
  }
}
customElements.define("sluice-conditions", Conditions);
