"""signed_link.py and edge.py, over links that openssl has signed."""

import base64
import contextlib
import http.client
import io
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path
from urllib.parse import parse_qs

import edge
import signed_link

BASE = "http://127.0.0.1:4711"
PATH = "/t/demo/c/0190a1b2-0000-7000-8000-000000000001/1.csv.gz"
NOW = 1_767_290_000
ENDS = NOW + 900
KINDS = {
    "RSA": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ECDSA": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
}
UNFIT = {
    "RSA3072": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "P384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
}


def openssl(*words, given=b""):
    run = subprocess.run(["openssl", *map(str, words)], input=given, capture_output=True, check=True)
    return run.stdout


class Links(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        held = tempfile.TemporaryDirectory()
        cls.addClassCleanup(held.cleanup)
        cls.folder = Path(held.name)
        cls.private = {}
        for kind, words in {**KINDS, **UNFIT}.items():
            for owner in ("ours", "others"):
                cls.private[kind, owner] = cls.folder / f"{kind}.{owner}"
                openssl("genpkey", *words, "-out", cls.private[kind, owner])

    def setUp(self):
        held = tempfile.TemporaryDirectory(dir=self.folder)
        self.addCleanup(held.cleanup)
        self.trusted = Path(held.name)
        self.keys = signed_link.Keys(self.trusted)
        for kind in KINDS:
            self.trust(f"K{kind}", self.private[kind, "ours"])

    def trust(self, key_id, private):
        (self.trusted / f"{key_id}.pem").write_bytes(openssl("pkey", "-in", private, "-pubout"))

    def signed(self, private, key_id, url=BASE + PATH, expires=ENDS, digest="sha256", named=True):
        """A link as the developer guide's shell commands make it."""
        text = f'{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}'
        raw = openssl("dgst", f"-{digest}", "-sign", private, given=text.encode())
        signature = base64.b64encode(raw).decode().translate(str.maketrans("+=/", "-_~"))
        join = "&" if "?" in url else "?"
        link = f"{url}{join}Expires={expires}&Signature={signature}&Key-Pair-Id={key_id}"
        return f"{link}&Hash-Algorithm={digest.upper()}" if named else link

    def ours(self, kind, **changed):
        return self.signed(self.private[kind, "ours"], f"K{kind}", **changed)

    def refused(self, link, now=NOW):
        with self.assertRaises(signed_link.Refused, msg=link) as refused:
            signed_link.check(link, self.keys, now)
        return str(refused.exception)

    def test_what_either_kind_of_key_signed_is_good_until_it_ends(self):
        for kind in KINDS:
            with self.subTest(kind):
                link = self.ours(kind)
                signed_link.check(link, self.keys, ENDS - 0.01)
                self.assertEqual(self.refused(link, ENDS), "expired")

    def test_what_was_altered_is_refused(self):
        for kind in KINDS:
            link = self.ours(kind)
            signature = link.split("Signature=")[1].split("&")[0]
            middle = "B" if signature[40] == "A" else "A"
            other = self.ours(kind, url=BASE + PATH.replace("1.csv", "2.csv")).split("Signature=")[1].split("&")[0]
            altered = {
                "another object": link.replace("/1.csv.gz", "/2.csv.gz"),
                "another tenant's": link.replace("/t/demo/", "/t/other/"),
                "another distribution": link.replace("127.0.0.1", "localhost"),
                "another scheme": link.replace("http://", "https://"),
                "a later end": link.replace(str(ENDS), str(ENDS + 1)),
                "another object's signature": link.replace(signature, other),
                "one letter of the signature": link.replace(signature, f"{signature[:40]}{middle}{signature[41:]}"),
                "half of the signature": link.replace(signature, signature[:40]),
                "more in the query": f"{link}&response-content-type=text/html",
                "encoded otherwise": link.replace("/demo/", "/%64emo/"),
                "another hash": link.replace("SHA256", "SHA1"),
                "no hash": link.replace("&Hash-Algorithm=SHA256", ""),
            }
            for what, changed in altered.items():
                with self.subTest(f"{kind}: {what}"):
                    self.assertNotEqual(changed, link)
                    self.assertEqual(self.refused(changed), "the signature is not over this")

    def test_what_is_not_signed_or_malformed_is_refused(self):
        link = self.ours("ECDSA")
        bare, _, query = link.partition("?")
        self.assertEqual(self.refused(bare), "not signed")
        for word in query.split("&")[:3]:
            without = "&".join(part for part in query.split("&") if part != word)
            self.assertEqual(self.refused(f"{bare}?{without}"), "not signed")
            self.assertIn("twice", self.refused(f"{link}&{word}"))
        for name, value in [("Expires", "soon"), ("Expires", "-1"), ("Key-Pair-Id", "../KECDSA"), ("Hash-Algorithm", "MD5"), ("Signature", "a+b=")]:
            changed = "&".join(f"{name}={value}" if part.startswith(f"{name}=") else part for part in query.split("&"))
            self.assertEqual(self.refused(f"{bare}?{changed}"), "malformed")
        self.assertEqual(self.refused(link.replace("Expires=", "Policy=e30_&Expires=")), "a custom policy")

    def test_a_foreign_key_is_refused_under_any_id(self):
        for kind in KINDS:
            foreign = self.private[kind, "others"]
            self.assertEqual(self.refused(self.signed(foreign, "KFOREIGN")), "a key that is not trusted")
            self.assertEqual(self.refused(self.signed(foreign, f"K{kind}")), "the signature is not over this")
        self.assertEqual(self.refused(self.signed(self.private["RSA", "ours"], "KECDSA")), "the signature is not over this")

    def test_without_a_named_hash_it_is_sha_1_as_at_cloudfront(self):
        for kind in KINDS:
            signed_link.check(self.ours(kind, digest="sha1", named=False), self.keys, NOW)
            self.assertEqual(self.refused(self.ours(kind, named=False)), "the signature is not over this")

    def test_other_words_of_the_query_are_signed_with_the_rest(self):
        link = self.ours("ECDSA", url=f"{BASE}{PATH}?a=1&b=2")
        signed_link.check(link, self.keys, NOW)
        self.refused(link.replace("a=1&b=2", "b=2&a=1"))

    def test_a_key_replaces_another_while_both_are_good(self):
        first, second = self.ours("ECDSA"), self.signed(self.private["ECDSA", "others"], "KSECOND")
        self.assertEqual(self.refused(second), "a key that is not trusted")
        self.trust("KSECOND", self.private["ECDSA", "others"])
        for link in (first, second):
            signed_link.check(link, self.keys, NOW)
        (self.trusted / "KECDSA.pem").unlink()
        self.assertEqual(self.refused(first), "a key that is not trusted")
        signed_link.check(second, self.keys, NOW)

    def test_keys_unsupported_by_cloudfront_are_refused(self):
        for kind in UNFIT:
            with self.assertRaisesRegex(ValueError, "CloudFront takes"):
                signed_link.public_key(openssl("pkey", "-in", self.private[kind, "ours"], "-pubout"))

    def settings(self, port=0):
        return {
            "port": port, "base": BASE, "keys": self.trusted, "endpoint": "http://127.0.0.1:4712", "bucket": "files",
            "readable": "/t/", "region": "us-east-1", "accessKey": "test", "secretKey": "test",
        }

    def test_a_good_link_is_the_right_to_fetch_this_one_object(self):
        distribution = edge.Edge(self.settings())
        query = parse_qs(distribution.admit(self.ours("ECDSA"), NOW))
        self.assertEqual(query["X-Amz-Algorithm"], ["AWS4-HMAC-SHA256"])
        self.assertEqual(query["X-Amz-SignedHeaders"], ["host"])
        other = parse_qs(distribution.origin_query(PATH.replace("1.csv", "2.csv")))
        self.assertNotEqual(query["X-Amz-Signature"], other["X-Amz-Signature"])
        self.assertEqual(distribution.admit(self.ours("ECDSA", url=f"{BASE}/x/1.csv"), NOW), "", "the bucket itself refuses it")
        with self.assertRaisesRegex(signed_link.Refused, "another distribution"):
            distribution.admit(self.ours("ECDSA", url=f"http://127.0.0.1:47110{PATH}"), NOW)

    def test_nginx_is_answered_over_one_connection(self):
        server = edge.Server(self.settings())
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        self.addCleanup(serving.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
        self.addCleanup(connection.close)
        connection.connect()
        socket = connection.sock
        long = self.ours("RSA", expires=4_000_000_000)
        with contextlib.redirect_stdout(io.StringIO()) as log:
            for asked, status in [(long, 204), (f"{BASE}{PATH}", 403), (long.replace("1.csv", "2.csv"), 403), (long, 204)]:
                connection.request("GET", "/", headers={"X-Asked-For": asked})
                answer = connection.getresponse()
                self.assertEqual((answer.status, answer.read()), (status, b""))
                self.assertEqual("X-Amz-Signature=" in answer.headers.get("X-Origin-Query", ""), status == 204)
                self.assertIs(connection.sock, socket)
        self.assertEqual(len(log.getvalue().splitlines()), 2)
        self.assertNotIn("Signature=", log.getvalue(), "no link is logged")


if __name__ == "__main__":
    unittest.main()
