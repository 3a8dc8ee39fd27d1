// The list of datasets: search, sizes, a preview of each, and a choice of some or all.

import { button, fill, freshId, h } from "./dom.js";
import { bytes, count, counted } from "./format.js";
import { readOnlyReason, session } from "./session.js";

class DatasetList extends HTMLElement {
  /** Shows the catalog with the choices of a draft. `onchange` is called after each change, `onpreview` with a name and its button. */
  show(draft, onchange, onpreview) {
    const search = h("input", { type: "search", placeholder: "Name or column", "aria-label": "Search datasets", oninput: () => redraw(), onkeydown: (event) => event.key === "Enter" && event.preventDefault() });
    const list = h("ul", { class: "dataset-list", "aria-label": "Datasets" });
    const status = h("p", { class: "hint", role: "status" });
    const toggle = (name, on) => {
      if (on === Boolean(draft.datasets[name])) return;
      // Its columns and conditions are there again when it is chosen again.
      const [from, to] = on ? [draft.aside, draft.datasets] : [draft.datasets, draft.aside];
      to[name] = from[name] ?? {};
      delete from[name];
    };
    const shown = () => session.datasets.filter((dataset) => matches(dataset, search.value.trim().toLowerCase()));
    const every = button("", () => {
      const on = !shown().every(({ name }) => draft.datasets[name]);
      for (const { name } of shown()) toggle(name, on);
      redraw();
      onchange();
    });
    const redraw = () => {
      fill(list, shown().map((dataset) => item(dataset, Boolean(draft.datasets[dataset.name]), (on) => { toggle(dataset.name, on); captions(); onchange(); }, onpreview)));
      captions();
    };
    const captions = () => {
      const found = shown();
      const chosen = Object.keys(draft.datasets).length;
      every.disabled = found.length === 0;
      fill(every, found.length > 0 && found.every(({ name }) => draft.datasets[name]) ? "Choose none" : `Choose all ${count(found.length)}`);
      const all = session.datasets.length;
      fill(status, all === 0 ? "There are no datasets for you yet: the operator lists them in the catalog." : `${found.length === all ? counted(all, "dataset") : `${count(found.length)} of ${counted(all, "dataset")}`}, ${count(chosen)} chosen`);
    };
    redraw();
    this.dataset.pointer = "/datasets";
    this.replaceChildren(h("div", { class: "bar" }, search, every), list, status);
  }
}
customElements.define("sluice-datasets", DatasetList);

function matches({ name, columns }, words) {
  return !words || name.toLowerCase().includes(words) || columns.some((column) => column.name.toLowerCase().includes(words));
}

function item(dataset, chosen, onchange, onpreview) {
  const id = freshId("dataset");
  const { name, estimatedRows, estimatedBytes, columns, range } = dataset;
  const size = estimatedRows === undefined || estimatedRows === null ? "size unknown" : `≈ ${counted(estimatedRows, "row")} · ${bytes(estimatedBytes)}`;
  const preview = button("Preview", (event) => onpreview(name, event.currentTarget), { kind: "quiet small", "aria-label": `Preview ${name}`, disabled: Boolean(readOnlyReason()) });
  return h("li", null,
    h("input", { type: "checkbox", id, checked: chosen, onchange: (event) => onchange(event.target.checked) }),
    h("label", { for: id }, h("span", { class: "name" }, name), h("span", { class: "about" }, `${counted(columns.length, "column")} · ${range ? `dates by ${range.column}` : "no dates: always whole"}`)),
    h("span", { class: "size" }, size), preview);
}
