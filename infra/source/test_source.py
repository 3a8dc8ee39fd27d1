"""URLs of the user are read as libpq reads them, errors have a remedy, and no text shows a password."""

import unittest

import address
import remedy
import server
from address import Refused

ODD = "p@:/?#% 'ü"
ENCODED = "p%40%3A%2F%3F%23%25%20%27%C3%BC"


class Addresses(unittest.TestCase):
    def read(self, rest):
        return address.read("--source", f"postgres://{rest}")

    def test_a_password_may_be_encoded_or_not(self):
        for rest in (f"me:{ENCODED}@db.example.com:6000/shop", f"me:{ODD}@db.example.com:6000/shop"):
            found = self.read(rest)
            self.assertEqual((found.host, found.port, found.database, found.role, found.password),
                             ("db.example.com", "6000", "shop", "me", ODD), rest)
        for password in ("a/b", "a@b", "a:b", "a?b", "a#b", "100%", "%zz", "@", "//", "a@b/c?d=e@f"):
            found = self.read(f"me:{password}@db/shop?sslmode=require")
            self.assertEqual((found.password, found.host, found.mode), (password, "db", "require"), password)
        self.assertEqual(self.read("me:a%25b@db/shop").password, "a%b")
        self.assertEqual(self.read("db/shop?user=a%40b").role, "a@b")
        self.assertIsNone(self.read("me@db/shop").password)

    def test_sockets_and_addresses(self):
        found = self.read("me@/shop?host=/run/pg&port=5433")
        self.assertEqual((found.host, found.port, found.is_socket(), found.mode), ("/run/pg", "5433", True, "disable"))
        self.assertEqual(found.text(), "/run/pg, port 5433")
        self.assertEqual(self.read("me@%2Frun%2Fpg/shop").host, "/run/pg")
        self.assertEqual(self.read("me@[::1]:5433/shop").text(), "::1:5433")
        self.assertTrue(self.read("/shop").is_socket())

    def test_what_cannot_be_used_is_refused_without_the_password(self):
        for rest in (f"me:{ENCODED}@db/shop?options=-cx%3Dy", f"me:{ENCODED}@a,b/shop", f"me:{ENCODED}@db:99999/shop",
                     f"me:{ENCODED}@db/shop?sslmode=maybe", f"me:{ENCODED}%0A@db/shop", f"me:{ENCODED}@db/shop?sslrootcert=/no/file",
                     f"me:{ENCODED}@db/sh%zzop"):
            with self.assertRaises(Refused, msg=rest) as refused:
                self.read(rest)
            self.assertNotIn("p@:", str(refused.exception))
            self.assertNotIn("p%40", str(refused.exception))
        with self.assertRaises(Refused):
            address.read("--source", "mysql://db/shop")

    def test_tls_is_as_the_url_says_and_rds_is_verified(self):
        self.assertEqual((self.read("db/s").mode, self.read("db/s").authorities), ("prefer", None))
        rds = self.read("shop.c1.eu-west-1.rds.amazonaws.com/s")
        self.assertEqual((rds.mode, rds.authorities), ("verify-full", str(address.RDS)))
        self.assertEqual(self.read("shop.c1.eu-west-1.rds.amazonaws.com/s?sslmode=require").mode, "require")
        given = self.read(f"db/s?sslmode=require&sslrootcert={address.RDS}")
        self.assertEqual((given.mode, given.authorities), ("verify-ca", str(address.RDS)), "as libpq does")

    def test_an_address_shows_no_password(self):
        self.assertNotIn("p@:", repr(self.read(f"me:{ENCODED}@db/shop")))


class Servers(unittest.TestCase):
    PLACE = address.Address("--source", "db", password="hunter22")

    def facts(self, **given):
        return {"number": 150004, "version": "15.4", "superuser": False, "creates_roles": False, "role": "me", "role_limit": -1,
                "connections": 97, "sessions": 5, **given}

    def test_an_old_server_is_refused(self):
        server.too_old(self.PLACE, self.facts())
        with self.assertRaisesRegex(Refused, "13.9.*needs 14 or newer"):
            server.too_old(self.PLACE, self.facts(number=130009, version="13.9"))

    def test_the_budget_must_fit(self):
        server.too_narrow(self.PLACE, self.facts(), 4)
        server.too_narrow(self.PLACE, self.facts(role_limit=1, superuser=True), 4)
        with self.assertRaisesRegex(Refused, "--budget 3"):
            server.too_narrow(self.PLACE, self.facts(role_limit=3), 4)
        with self.assertRaisesRegex(Refused, "2 free sessions"):
            server.too_narrow(self.PLACE, self.facts(sessions=95), 4)

    def test_every_message_has_a_remedy_and_no_password(self):
        for message, part in (
            ('FATAL:  password authentication failed for user "me"', "percent-encoded"),
            ("fe_sendauth: no password supplied", "PGPASSWORD"),
            ('FATAL:  database "shop" does not exist', "name of the database"),
            ('FATAL:  role "me" does not exist', "role in the URL"),
            ("Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?", "published port"),
            ("failed to resolve host 'x': [Errno -2] Name or service not known", "host name"),
            ("SSL error: certificate verify failed", "sslrootcert"),
            ('server certificate for "a" does not match host name "b"', "certificate is for"),
            ("server does not support SSL, but SSL was required", "TLS"),
            ("FATAL:  sorry, too many clients already", "max_connections"),
            ("in another language", remedy.OTHERWISE),
        ):
            self.assertIn(part, remedy.of(message), message)
        self.assertEqual(remedy.cause("connection failed: connection to server: no\n\thunter22", "hunter22"), "server: no (password)")

    def test_the_verifier_is_that_of_rfc_7677(self):
        """The example of the standard: user `user`, password `pencil`."""
        import base64
        salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
        found = server.verifier("pencil", salt)
        self.assertEqual(found, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                                "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")


if __name__ == "__main__":
    unittest.main()
