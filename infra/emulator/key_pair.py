"""Makes a key pair for signed links and prints {"private": PEM, "public": PEM}.

Reads JSON from standard input: {"kind": "ECDSA" or "RSA"}; ECDSA on P-256 or RSA of 2048 bits, as CloudFront takes them.
"""

import json
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa


def main():
    kind = json.load(sys.stdin)["kind"]
    makes = {"ECDSA": lambda: ec.generate_private_key(ec.SECP256R1()), "RSA": lambda: rsa.generate_private_key(65537, 2048)}
    key = makes[kind]()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    json.dump({"private": private.decode(), "public": public.decode()}, sys.stdout)


if __name__ == "__main__":
    main()
