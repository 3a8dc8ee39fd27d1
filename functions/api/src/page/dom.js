// Elements of the page. Text is always set as text and never parsed as markup, so a name or a value from a database
// cannot become an element.

const PROPERTIES = new Set(["value", "checked", "disabled", "indeterminate", "selected", "hidden", "open", "textContent"]);

/** Creates an element. `onNAME` listens to an event; children are nodes or text, and empty ones are left out. */
export function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (PROPERTIES.has(key)) element[key] = value;
    else if (value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...kept(children));
  return element;
}

/** Replaces the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...kept(children));
  return element;
}

function kept(children) {
  return children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false && child !== "");
}

let lastId = 0;

/** Returns an id that no other element has. */
export function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/** Creates a labelled control. Violations with this pointer are shown below it. */
export function field(label, control, { pointer, hint, wide } = {}) {
  control.id ||= freshId("field");
  const help = hint && h("p", { class: "hint", id: freshId("hint") }, hint);
  if (help) control.setAttribute("aria-describedby", help.id);
  return h("div", { class: wide ? "field wide" : "field", "data-pointer": pointer },
    h("label", { for: control.id }, label), control, help);
}

/** Creates a button. */
export function button(label, onclick, { kind = "quiet", ...attributes } = {}) {
  return h("button", { type: "button", class: kind, onclick, ...attributes }, label);
}

/** Creates a select of `[value, label]` pairs. */
export function select(options, value, onchange, attributes = {}) {
  const made = h("select", { onchange: (event) => onchange(event.target.value), ...attributes },
    options.map(([option, label]) => h("option", { value: option, selected: option === value }, label)));
  return made;
}

/** Announces a sentence to screen readers once, without moving the focus. */
export function announce(sentence) {
  const region = document.querySelector("#announcements");
  if (region && region.textContent !== sentence) region.textContent = sentence;
}

/** Copies a text, and shows it on the button for two seconds. */
export async function copy(text, onButton) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
    shortly(onButton, "Copied");
  } catch {
    announce("The browser does not allow copying: select the text and copy it by hand");
    shortly(onButton, "Copy it by hand");
  }
}

/** Shows a word on a button for two seconds. */
function shortly(onButton, word) {
  onButton.dataset.label ??= onButton.textContent;
  onButton.textContent = word;
  setTimeout(() => { onButton.textContent = onButton.dataset.label; }, 2000);
}

/** Creates a block of a command, with a button that copies it. */
export function command(title, text) {
  const copier = button("Copy", () => copy(text, copier), { "aria-label": `Copy: ${title}` });
  return h("figure", { class: "command" }, h("figcaption", null, title, copier), h("pre", { tabindex: "0" }, h("code", null, text)));
}
