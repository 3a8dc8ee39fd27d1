"""Sign in at an identity provider, whose two addresses this script answers itself.

Settings besides those of every script: "token", which the provider gives out.
"""

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlencode, urlsplit

from browser import SETTINGS, browser, expect, page_url

PROVIDER = "https://login.example.com"


class Provider:
    """The provider, and the parameters that it has received."""

    def __init__(self):
        self.wanted, self.exchanged, self.refuses, self.is_silent = {}, {}, False, False

    def authorize(self, route):
        self.wanted = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
        back = {"error": "access_denied", "error_description": "not today"} if self.refuses else {"code": "one-time"}
        location = f"{self.wanted['redirect_uri']}?{urlencode({**back, 'state': self.wanted['state']})}"
        route.fulfill(status=302, headers={"Location": location})

    def token(self, route):
        if self.is_silent:
            return
        self.exchanged = {name: values[0] for name, values in parse_qs(route.request.post_data).items()}
        headers = {"Access-Control-Allow-Origin": page_url().rstrip("/"), "Content-Type": "application/json"}
        route.fulfill(headers=headers, body=json.dumps({"access_token": SETTINGS["token"], "token_type": "Bearer"}))


def main():
    provider = Provider()
    with browser() as it:
        it.tab.route(f"{PROVIDER}/authorize?**", provider.authorize)
        it.tab.route(f"{PROVIDER}/token", provider.token)
        it.tab.goto(page_url() + "#/exports")
        at_provider = it.tab.get_by_role("button", name="Sign in at your identity provider")
        expect(at_provider).to_be_focused()
        it.check("sign in at a provider")

        provider.refuses = True
        at_provider.click()
        expect(it.tab.locator(".notice").filter(has_text="The identity provider refused: not today")).to_be_visible()
        provider.refuses = False
        # A provider that does not answer is not waited for longer than the person wants.
        provider.is_silent = True
        at_provider.click()
        it.tab.get_by_role("button", name="Stop").click()
        expect(it.tab.locator(".notice").filter(has_text="The sign-in was stopped.")).to_be_visible()
        assert it.tab.evaluate("sessionStorage.length") == 0
        provider.is_silent = False
        at_provider.click()
        expect(it.tab.get_by_role("heading", name="Exports")).to_be_visible()
        assert it.tab.url == page_url() + "#/exports", it.tab.url
        verifier = provider.exchanged["code_verifier"].encode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
        assert provider.wanted["code_challenge"] == challenge and provider.wanted["code_challenge_method"] == "S256"
        assert provider.wanted["client_id"] == provider.exchanged["client_id"] == "page"
        assert provider.wanted["scope"] == "openid sluice/read" and provider.exchanged["code"] == "one-time"
        it.tab.reload()
        expect(it.tab.get_by_role("heading", name="Exports")).to_be_visible()

        # A code that another page has sent is not exchanged.
        provider.exchanged = {}
        it.tab.get_by_role("button", name="Sign out").click()
        it.tab.goto(page_url() + "?code=stolen&state=guessed")
        expect(it.tab.locator(".notice").filter(has_text="This sign-in did not begin in this tab")).to_be_visible()
        assert not provider.exchanged and it.tab.url == page_url(), it.tab.url
        it.check_reports()
        it.check_origins(urlsplit(PROVIDER).netloc)
    print(json.dumps({"signedIn": True}))


main()
