// The page: its frame, and the view that the address names.

import "./choose.js";
import "./plan.js";
import "./export.js";
import "./history.js";
import { Away } from "./api.js";
import { announce, button, fill, h } from "./dom.js";
import { returnFromProvider } from "./provider.js";
import { CREDENTIAL_WORD, forget, keepCredential, keptCredential, onSignedOutElsewhere, readOnlyReason, session, signOutElsewhere } from "./session.js";
import { signInWith } from "./sign-in.js";

const TITLES = { "sluice-choose": "New export", "sluice-plan": "Plan", "sluice-history": "Exports" };

/** View of a hash: the name of its element and its attributes. */
function viewOf(hash) {
  const path = hash.replace(/^#/, "").split("?")[0];
  const [, id] = /^\/exports\/(.+)$/.exec(path) ?? [];
  if (id) return /^[0-9a-fA-F-]{36}$/.test(id) ? ["sluice-export", { export: id.toLowerCase() }] : ["sluice-no-export", {}];
  if (path === "/plan") return ["sluice-plan", {}];
  // A key that may only read begins where it can do something.
  return [path === "/exports" || (path === "" && readOnlyReason()) ? "sluice-history" : "sluice-choose", {}];
}

class Page extends HTMLElement {
  connectedCallback() {
    this.main = h("main", { id: "main", tabindex: "-1" });
    this.navigation = h("nav", { "aria-label": "Main" });
    this.append(
      h("header", { class: "top" }, h("a", { href: "#/", class: "brand" }, "Sluice"), this.navigation),
      this.main,
      h("footer", null, h("a", { href: "api/v1/reference.html" }, "API reference"), h("a", { href: "api/v1/openapi.json" }, "OpenAPI")),
      h("div", { id: "announcements", class: "hidden", "aria-live": "polite" }));
    addEventListener("hashchange", () => this.#show(true));
    this.addEventListener("signed-in", () => this.#show(true));
    onSignedOutElsewhere(() => session.api && this.#signOut("You have signed out in another tab.", true));
    session.onRefused = () => this.#signOut(`The ${CREDENTIAL_WORD} is no longer accepted. Sign in again.`);
    // The address of the link is a place in the page, not a view.
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      this.main.focus();
    });
    this.#start();
  }

  async #start() {
    let credential = keptCredential();
    try {
      const returned = await returnFromProvider((stop) => fill(this.main, h("p", { role: "status", class: "hint" }, "Signing in…"), button("Stop", stop)));
      if (returned?.keep) keepCredential(returned.token);
      credential = returned?.token ?? credential;
    } catch (problem) {
      return this.#signOut(problem.message);
    }
    if (credential) {
      fill(this.main, h("p", { role: "status", class: "hint" }, "Signing in…"));
      try {
        await signInWith(credential);
      } catch (problem) {
        if (problem.status !== 401) {
          return fill(this.main, h("h1", null, problem instanceof Away ? "The api cannot be reached" : "The api cannot answer now"), h("p", { role: "alert" }, problem.message), button("Try again", () => this.#start(), { kind: "primary" }), button("Sign out", () => this.#leave()));
        }
        return session.onRefused();
      }
    }
    this.#show(false);
  }

  #show(moveFocus) {
    if (!session.api) {
      fill(this.navigation);
      document.title = "Sluice";
      return fill(this.main, h("sluice-sign-in"));
    }
    const [name, attributes] = viewOf(location.hash);
    const link = (href, label, view) => h("a", { href, "aria-current": view.includes(name) && "page" }, label);
    fill(this.navigation, link("#/", "New export", ["sluice-choose", "sluice-plan"]), link("#/exports", "Exports", ["sluice-history", "sluice-export", "sluice-no-export"]), button("Sign out", () => this.#leave()));
    document.title = `${TITLES[name] ?? "Export"} · Sluice`;
    fill(this.main, h(name, attributes));
    if (moveFocus) {
      this.main.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }

  /** Signs out in this tab and in the others of this browser. */
  #leave() {
    signOutElsewhere();
    this.#signOut();
  }

  /** Forgets the credential. One that ends by itself leaves the choices for the next one. */
  #signOut(reason, choicesToo = !reason) {
    forget(choicesToo);
    document.querySelector("dialog[open]")?.close();
    this.#show(false);
    if (!reason) return;
    this.main.prepend(h("p", { class: "notice" }, reason));
    announce(reason);
  }
}
customElements.define("sluice-page", Page);
