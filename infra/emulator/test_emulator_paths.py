"""The only API is served at its own paths; everything else is the emulator's as before."""

import asyncio
import unittest

import emulator


class Paths(unittest.TestCase):
    def routed(self, path, ids, kind="http", **more):
        seen = []

        async def app(scope, receive, send):
            seen.append((scope["path"], scope.get("raw_path")))

        scope = {"type": kind, "path": path, "raw_path": path.replace(" ", "%20").encode(), **more}
        asyncio.run(emulator.at_own_paths(app, lambda: set(ids))(scope, None, None))
        return seen[0]

    def test_a_path_of_the_only_api_is_one_below_its_id(self):
        found = self.routed("/api/v1/datasets/a b", ["abcd1234"])
        self.assertEqual(found, ("/_aws/execute-api/abcd1234/api/v1/datasets/a b",
                                 b"/_aws/execute-api/abcd1234/api/v1/datasets/a%20b"))
        for path in ("/api/v1", "/.well-known/api-catalog"):
            self.assertEqual(self.routed(path, ["abcd1234"])[0], f"/_aws/execute-api/abcd1234{path}")

    def test_the_root_is_the_page_unless_a_call_of_aws_is_signed(self):
        self.assertEqual(self.routed("/", ["a"], method="GET", headers=[(b"accept", b"text/html")])[0], "/_aws/execute-api/a/")
        self.assertEqual(self.routed("/", ["a"], method="GET", query_string=b"code=x&state=y")[0], "/_aws/execute-api/a/")
        for more in ({"method": "POST"}, {"method": "GET", "headers": [(b"Authorization", b"AWS4-HMAC-SHA256 x")]},
                     {"method": "GET", "query_string": b"X-Amz-Signature=x"}):
            self.assertEqual(self.routed("/", ["a"], **more)[0], "/")

    def test_everything_else_stays(self):
        for path, ids in [("/api/v10", ["a"]), ("/bucket/api/v1", ["a"]), ("/.well-known/other", ["a"]), ("/api/v1/x", []), ("/api/v1/x", ["a", "b"])]:
            self.assertEqual(self.routed(path, ids)[0], path)
        self.assertEqual(self.routed("/api/v1/x", ["a"], "websocket")[0], "/api/v1/x")


if __name__ == "__main__":
    unittest.main()
