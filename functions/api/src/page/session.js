// State of this tab: the credential, the catalog, and the request that is being put together. The address has the view
// and the id of an export, never a secret.

const CREDENTIAL = "sluice.credential";
const DRAFT = "sluice.draft";
/** Sign-in at the identity provider that has begun in this tab. */
export const PENDING = "sluice.pending";

/** The word for a credential of this deployment: `key` or `token`. */
export const CREDENTIAL_WORD = document.querySelector("meta[name=sluice-credential]")?.content === "token" ? "token" : "key";

// State that the views share: `api` is set while signed in, `datasets` is the catalog of the caller, `limits` are those of its
// tenant. The api calls `onRefused` when it no longer accepts the credential.
export const session = { api: undefined, datasets: [], revision: "", limits: undefined, onRefused: () => {} };

/** Tabs of this page in this browser: a sign-out is for all of them. */
const tabs = new BroadcastChannel("sluice");

/** Calls back when another tab signs out. */
export function onSignedOutElsewhere(callback) { tabs.onmessage = callback; }
export function signOutElsewhere() { tabs.postMessage("signed out"); }

/** Keeps the credential until the tab is closed. */
export function keepCredential(credential) { sessionStorage.setItem(CREDENTIAL, credential); }
export function keptCredential() { return sessionStorage.getItem(CREDENTIAL); }

/** Forgets the credential and the catalog, and with `draftToo` the draft. */
export function forget(draftToo) {
  for (const name of [CREDENTIAL, PENDING]) sessionStorage.removeItem(name);
  if (draftToo) sessionStorage.removeItem(DRAFT);
  Object.assign(session, { api: undefined, datasets: [], revision: "", limits: undefined });
}

/** Returns the dataset of this name in the catalog. */
export function findDataset(name) { return session.datasets.find((dataset) => dataset.name === name); }

/** Reason why the caller cannot create or change exports; undefined if it can. */
export function readOnlyReason() {
  return session.limits?.readOnly ? `This ${CREDENTIAL_WORD} may only read: it shows exports and downloads their files. To export, ask the operator for one that may write.` : undefined;
}

/** Returns an idempotency key that no other request has. */
function freshKey() { return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join(""); }

/** Choices of a new request. `aside` has the choices of datasets that were chosen before, `kept` fields of an earlier request that this page cannot show. */
export function blank() {
  return { datasets: {}, aside: {}, kept: {}, preset: "", from: "", to: "", zone: "UTC", format: "csv", compression: "gzip", formulaGuard: false, snapshot: false, label: "", once: freshKey() };
}

export function readDraft() {
  try {
    return { ...blank(), ...JSON.parse(sessionStorage.getItem(DRAFT)) };
  } catch {
    return blank();
  }
}

/** Keeps the draft over a reload. A changed request gets a new idempotency key. */
export function saveDraft(draft) {
  draft.once = freshKey();
  sessionStorage.setItem(DRAFT, JSON.stringify(draft));
}

export function clearDraft() { sessionStorage.removeItem(DRAFT); }
