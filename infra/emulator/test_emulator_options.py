"""OPTIONS requests reach the routes of an API, and a request that the emulator answered before is passed on unchanged."""

import asyncio
import unittest

import emulator


class Options(unittest.TestCase):
    def setUp(self):
        from ministack.services import apigateway

        self.gateway, self.seen = apigateway, []
        for name in ("_handle_execute_in_scope", "_match_route", "_invoke_lambda_proxy"):
            self.addCleanup(setattr, apigateway, name, getattr(apigateway, name))
        apigateway._apis["a1"] = {"apiId": "a1"}
        apigateway._stages["a1"] = {"$default": {}}
        apigateway._routes["a1"] = {
            "closed": {"routeKey": "ANY /x/{proxy+}", "target": "integrations/i", "authorizationType": "JWT"},
            "open": {"routeKey": "OPTIONS /x/{proxy+}", "target": "integrations/i"},
        }
        apigateway._integrations["a1"] = {"i": {"integrationType": "AWS_PROXY"}}
        for table in (apigateway._apis, apigateway._stages, apigateway._routes, apigateway._integrations):
            self.addCleanup(table.pop, "a1")

        async def invoke(integration, api_id, stage, path, method, headers, body, query, route_key, *_, **__):
            self.seen.append((method, route_key))
            return 204, {}, b""

        apigateway._invoke_lambda_proxy = invoke
        emulator.pass_options_on()

    def status(self, method):
        sent = (method, {"origin": "https://app.example.com"}, b"", {}, "000000000000", "us-east-1", "")
        return asyncio.run(self.gateway._handle_execute_in_scope("a1", "$default", "/x/y", *sent))[0]

    def test_a_route_for_options_is_used(self):
        self.assertEqual(self.status("OPTIONS"), 204)
        self.assertEqual(self.seen, [("OPTIONS", "OPTIONS /x/{proxy+}")])

    def test_other_methods_use_their_own(self):
        self.assertEqual(self.status("GET"), 401)
        self.assertEqual(self.seen, [])


if __name__ == "__main__":
    unittest.main()
