// Errors beside their fields: each violation of a problem is shown below the control that its pointer names.

import { fill, freshId, h } from "./dom.js";

/** Shows a problem within a form. Violations whose field is not there, and the problem itself, go into `summary`. */
export function showProblem(root, summary, problem) {
  clearProblem(root, summary);
  const violations = problem.violations ?? [];
  const elsewhere = violations.filter((violation) => !placed(root, violation));
  const found = violations.length - elsewhere.length;
  fill(summary, h("div", { class: "problem", role: "alert", tabindex: "-1" },
    h("strong", null, found > 0 && elsewhere.length === 0 ? sentence(found) : problem.message),
    elsewhere.length > 0 && h("ul", null, elsewhere.map((one) => h("li", null, text(one)))),
    problem.retryAfterSeconds && h("p", null, `Try again in ${problem.retryAfterSeconds} s.`),
    problem.requestId && h("p", { class: "hint" }, `Request ${problem.requestId}`)));
  const first = root.querySelector("[aria-invalid=true]");
  if (first) first.focus();
  else summary.firstElementChild.focus();
}

/** Removes what `showProblem` has shown. */
export function clearProblem(root, summary) {
  fill(summary);
  for (const error of root.querySelectorAll(".violation")) error.remove();
  for (const control of root.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    const kept = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => !id.startsWith("violation-"));
    control.setAttribute("aria-describedby", kept.join(" "));
  }
}

function sentence(number) {
  return number === 1 ? "One field needs another value." : `${number} fields need other values.`;
}

function text({ message, remedy }) {
  return [message, remedy].filter(Boolean).join(": ");
}

/** Shows one violation at the field with its pointer, or at the closest field around it. */
function placed(root, violation) {
  const fields = [...root.querySelectorAll("[data-pointer]")];
  for (let pointer = violation.pointer; pointer; pointer = pointer.slice(0, pointer.lastIndexOf("/"))) {
    const at = fields.find((candidate) => candidate.dataset.pointer === pointer);
    if (!at) continue;
    for (let parent = at.closest("details"); parent; parent = parent.parentElement.closest("details")) parent.open = true;
    const error = h("p", { class: "violation", id: freshId("violation") }, text(violation));
    at.append(error);
    const control = at.querySelector("input:not([type=checkbox], [type=radio])") ?? at.querySelector("select, input, button");
    control?.setAttribute("aria-invalid", "true");
    control?.setAttribute("aria-describedby", [control.getAttribute("aria-describedby"), error.id].filter(Boolean).join(" "));
    return true;
  }
  return false;
}
