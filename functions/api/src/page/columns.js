// Columns of one chosen dataset that its files have.

import { button, fill, h } from "./dom.js";
import { count } from "./format.js";

class Columns extends HTMLElement {
  /** Shows the columns of a dataset. `index` is its place in the request. */
  show(dataset, choice, index, onchange) {
    const names = dataset.columns.map(({ name }) => name);
    const title = h("summary");
    const caption = () => fill(title, choice.columns ? `${count(choice.columns.length)} of ${count(names.length)} columns` : `All ${count(names.length)} columns`);
    const take = (chosen) => {
      // The order of the file is that of the dataset, and a request without columns has all of them.
      choice.columns = chosen.length === names.length ? undefined : names.filter((name) => chosen.includes(name));
      for (const [place, box] of boxes.entries()) box.checked = chosen.includes(names[place]);
      caption();
      onchange();
    };
    const taken = () => choice.columns ?? names;
    const boxes = dataset.columns.map(({ name }) => h("input", { type: "checkbox", checked: taken().includes(name), onchange: (event) => take(event.target.checked ? [...taken(), name] : taken().filter((one) => one !== name)) }));
    caption();
    this.replaceChildren(h("details", { class: "columns", "data-pointer": `/datasets/${index}/columns` }, title,
      h("div", { class: "chips" }, button("All columns", () => take(names), { kind: "chip" }), button("No columns", () => take([]), { kind: "chip" })),
      h("div", { class: "column-list" }, dataset.columns.map(({ name, type }, place) => h("label", { class: "check column" }, boxes[place], h("span", null, name), h("small", null, type))))));
  }
}
customElements.define("sluice-columns", Columns);
