// A confirmation before something that cannot be undone.

import { button, h } from "./dom.js";

/** Shows a question. Resolves to true if the action was chosen. */
export function confirmed(title, text, action) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "question", "aria-label": title },
      h("h2", null, title), h("p", null, text),
      h("div", { class: "actions" }, button(action, () => dialog.close("yes"), { kind: "danger" }), button("Leave it", () => dialog.close())));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
