// Sign in at the identity provider: authorization code with PKCE. The address never has a token, only a code that is
// worth nothing without the verifier in this tab.

import { PENDING } from "./session.js";

const EXCHANGE_TIMEOUT_MS = 20_000;

/** The provider of this deployment: `authorizeUrl`, `tokenUrl`, `clientId` and `scope`; undefined if there is none. */
export const PROVIDER = readProvider();

function readProvider() {
  const text = document.querySelector("meta[name=sluice-provider]")?.content;
  return text ? JSON.parse(text) : undefined;
}

/** Address of the page without query and hash: the redirect address. */
function pageAddress() { return new URL(location.pathname, location.origin).href; }

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function random() { return base64url(crypto.getRandomValues(new Uint8Array(32))); }

/** Goes to the provider. `keep` and the view are there again when it sends the browser back. */
export async function leaveForProvider(keep) {
  const pending = { state: random(), verifier: random(), keep, hash: location.hash };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  const url = new URL(PROVIDER.authorizeUrl);
  const wanted = { response_type: "code", client_id: PROVIDER.clientId, redirect_uri: pageAddress(), scope: PROVIDER.scope, state: pending.state, code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: "S256" };
  for (const [name, value] of Object.entries(wanted)) url.searchParams.set(name, value);
  location.assign(url.href);
}

/** Returns the token and `keep` if the provider has sent the browser here, and cleans the address. `onWaiting` gets a function that ends the wait for the provider. Throws if it refused. */
export async function returnFromProvider(onWaiting) {
  const response = new URLSearchParams(location.search);
  if (!PROVIDER || !(response.has("code") || response.has("error"))) return undefined;
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "{}");
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", pageAddress() + (pending.hash ?? ""));
  if (!pending.state || response.get("state") !== pending.state) throw new Error("This sign-in did not begin in this tab, or it was left half way. Sign in again.");
  if (response.has("error")) throw new Error(`The identity provider refused: ${response.get("error_description") ?? response.get("error")}`);
  const form = new URLSearchParams({ grant_type: "authorization_code", code: response.get("code"), redirect_uri: pageAddress(), client_id: PROVIDER.clientId, code_verifier: pending.verifier });
  let body;
  const stopped = new AbortController();
  onWaiting(() => stopped.abort());
  try {
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(EXCHANGE_TIMEOUT_MS)]);
    const reply = await fetch(PROVIDER.tokenUrl, { method: "POST", body: form, credentials: "omit", cache: "no-store", signal });
    body = await reply.json();
  } catch (error) {
    if (stopped.signal.aborted) throw new Error("The sign-in was stopped. Sign in again.");
    throw new Error(error.name === "TimeoutError" ? "The identity provider does not answer. Sign in again." : "The identity provider cannot be reached. Sign in again.");
  }
  if (!body.access_token) throw new Error(`The identity provider gave no token: ${body.error_description ?? body.error ?? "no reason"}`);
  return { token: body.access_token, keep: pending.keep };
}
