// Sign in with a key or a token. It is kept in memory, or in the storage of this tab, and never in the address.

import { Api } from "./api.js";
import { button, field, fill, h } from "./dom.js";
import { PROVIDER, leaveForProvider } from "./provider.js";
import { CREDENTIAL_WORD, PENDING, keepCredential, session } from "./session.js";
import { clearProblem, showProblem } from "./violations.js";

/** Loads the catalog with a credential. Throws if the api does not accept it; later refusals end the session. */
export async function signInWith(credential) {
  const api = new Api(credential, () => session.api && session.onRefused());
  const [{ body }, { body: limits }] = await Promise.all([api.get("datasets"), api.get("limits")]);
  Object.assign(session, { api, datasets: body.datasets, revision: body.revision, limits });
}

class SignIn extends HTMLElement {
  connectedCallback() {
    const word = CREDENTIAL_WORD;
    const control = h("input", { type: "password", name: "credential", required: true, autocomplete: "off", autocapitalize: "off", spellcheck: "false", placeholder: word === "key" ? "slc_…" : "eyJ…" });
    const keep = h("input", { type: "checkbox", id: "keep", checked: true });
    const summary = h("div");
    const shown = button("Show", () => {
      control.type = control.type === "password" ? "text" : "password";
      shown.textContent = control.type === "password" ? "Show" : "Hide";
    }, { "aria-label": `Show the ${word}` });
    const hint = word === "key" ? "A key begins with slc_. The operator of this deployment creates one with: sluice admin keys create" : "An access token of your identity provider for this api. It ends by itself; then paste another one.";
    const submit = h("button", { type: "submit", class: PROVIDER ? null : "primary" }, "Sign in");
    const leave = PROVIDER && h("div", { class: "actions" }, button("Sign in at your identity provider", () => leaveForProvider(keep.checked), { kind: "primary" }));
    const entry = field(word === "key" ? "API key" : "Access token", control, { pointer: "/credential", hint });
    entry.append(shown);
    const form = h("form", { class: "card sign-in", novalidate: true },
      h("h1", null, "Export data"), h("p", { class: "lead" }, "Pick datasets, see the price, watch the work, and take complete files with you."),
      summary, leave, entry,
      h("label", { class: "check", for: "keep" }, keep, "Stay signed in until this tab is closed"),
      h("div", { class: "actions" }, submit));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      clearProblem(form, summary);
      const credential = control.value.trim();
      if (!credential) return showProblem(form, summary, { violations: [{ pointer: "/credential", message: `paste the ${word} here` }] });
      submit.disabled = true;
      try {
        await signInWith(credential);
        if (keep.checked) keepCredential(credential);
        // A sign-in at the provider that was left for this one is over.
        sessionStorage.removeItem(PENDING);
        this.dispatchEvent(new CustomEvent("signed-in", { bubbles: true }));
      } catch (problem) {
        if (problem.status !== 401) return showProblem(form, summary, problem);
        showProblem(form, summary, { violations: [{ pointer: "/credential", message: problem.message }] });
        fill(summary);
      } finally {
        submit.disabled = false;
      }
    });
    this.append(form);
    (this.querySelector("button.primary") && PROVIDER ? this.querySelector("button.primary") : control).focus();
  }
}
customElements.define("sluice-sign-in", SignIn);
