"""Checks of CloudFront's edge before it serves a private object: the link is signed by a canned policy, by a key that
may sign, and has not expired.

Source: "Create a signed URL using a canned policy" in the CloudFront developer guide. The policy does not come with the
link: it is built from the request, other words of the query included. As at CloudFront a link that does not
name its hash is signed over SHA-1; Sluice's name SHA-256. Custom policies are refused here, since Sluice makes none.
"""

import base64
import binascii
import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

HASHES = {"SHA1": hashes.SHA1(), "SHA256": hashes.SHA256()}
OWN_WORDS = {"Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm", "Policy"}
KEY_ID = re.compile(r"[A-Za-z0-9]+")
NUMBER = re.compile(r"[0-9]{1,18}")
# CloudFront's alphabet: what a URL must not hold is written otherwise.
SIGNATURE = re.compile(r"[A-Za-z0-9~_-]+")
PLAIN = str.maketrans("-_~", "+=/")


class Refused(Exception):
    """Reason why a link is refused."""


class Keys:
    """A folder of public keys: ID.pem each. Read again when a file changes, so keys come and go while links are checked."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self._read = {}

    def named(self, key_id):
        """The key of this id, or None."""
        file = self._folder / f"{key_id}.pem"
        try:
            version = file.stat().st_mtime_ns
            known = self._read.get(key_id)
            if known is None or known[0] != version:
                known = self._read[key_id] = (version, public_key(file.read_bytes()))
            return known[1]
        except FileNotFoundError:
            self._read.pop(key_id, None)
            return None


def public_key(pem):
    """A public key of one of the two kinds that CloudFront takes."""
    key = serialization.load_pem_public_key(pem)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size == 2048:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("CloudFront takes RSA keys of 2048 bits and ECDSA keys on P-256")


def policy(resource, expires):
    """The canned policy, to the byte."""
    return f'{{"Statement":[{{"Resource":"{resource}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}'


def check(url, keys, now):
    """Does nothing for a good link; says in `Refused` what is wrong with any other."""
    resource, words = _split(url)
    if "Policy" in words:
        raise Refused("a custom policy")
    expires, signature, key_id = (words.get(name, "") for name in ("Expires", "Signature", "Key-Pair-Id"))
    if not (expires and signature and key_id):
        raise Refused("not signed")
    hash_name = words.get("Hash-Algorithm", "SHA1")
    well_formed = NUMBER.fullmatch(expires) and SIGNATURE.fullmatch(signature) and KEY_ID.fullmatch(key_id)
    if not well_formed or hash_name not in HASHES:
        raise Refused("malformed")
    key = keys.named(key_id)
    if key is None:
        raise Refused("a key that is not trusted")
    _verify(key, _decode(signature), policy(resource, expires).encode(), HASHES[hash_name])
    # Last: the end of a link without a valid signature does not matter.
    if now >= int(expires):
        raise Refused("expired")


def _split(url):
    """(what is signed, the words that sign it). A word that stands twice would mean two things."""
    base, _, query = url.partition("?")
    words, rest = {}, []
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        if name not in OWN_WORDS:
            rest.append(part)
        elif name in words:
            raise Refused(f"{name} twice")
        else:
            words[name] = value
    return "?".join([base, "&".join(rest)] if rest else [base]), words


def _decode(signature):
    try:
        return base64.b64decode(signature.translate(PLAIN), validate=True)
    except binascii.Error:
        raise Refused("malformed") from None


def _verify(key, signature, message, hash_algorithm):
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hash_algorithm)
        else:
            key.verify(signature, message, ec.ECDSA(hash_algorithm))
    except InvalidSignature:
        raise Refused("the signature is not over this") from None
