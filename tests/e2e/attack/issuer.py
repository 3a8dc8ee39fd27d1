"""A stand-in for an identity provider: discovery, one published key, and tokens to order. For tests only.

Prints its port. `POST /token` takes {"claims": {...}, "header": {...}, "key": "published" or "other"}; both headers and
claims are signed as they are given. With {"alg": "none"} in the header there is no signature, with "HS256" it is made with
the published key's public half as the secret, which is how a careless verifier is fooled.
"""

import base64
import hashlib
import hmac
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEYS = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("published", "other")}
KID = "test-1"


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value):
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwks():
    numbers = KEYS["published"].public_key().public_numbers()
    key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KID, "n": number(numbers.n), "e": number(numbers.e)}
    return {"keys": [key]}


def token(order):
    header = {"typ": "JWT", "alg": "RS256", "kid": KID, **order.get("header", {})}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, order["claims"]))
    key = KEYS[order.get("key", "published")]
    if header["alg"] == "none":
        signature = b""
    elif header["alg"] == "HS256":
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        signature = hmac.new(public, signed.encode(), hashlib.sha256).digest()
    else:
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64url(signature)}"


class Provider(BaseHTTPRequestHandler):
    def answer(self, body):
        raw = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self):
        issuer = f"http://127.0.0.1:{self.server.server_port}"
        if self.path == "/.well-known/openid-configuration":
            return self.answer({"issuer": issuer, "jwks_uri": f"{issuer}/keys"})
        return self.answer(jwks())

    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer({"token": token(order)})

    def log_message(self, *words):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    print(server.server_port, flush=True)
    server.serve_forever()
