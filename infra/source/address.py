"""A PostgreSQL URL of the user, read as libpq reads it: where the server is, who logs in, and how the connection is protected.

Nothing here connects. No text of an error contains a part of the URL that may be the password.
"""

import os
import string
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

FORM = "postgres://role:password@host:5432/database; percent-encode @ : / ? # % in a password (%40 %3A %2F %3F %23 %25)"
SOCKET_FORM = "postgres:///database?host=/var/run/postgresql"

# The others would change the session, or the pooler cannot follow them.
KNOWN = {"host", "port", "dbname", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout",
         "application_name", "channel_binding", "gssencmode"}
MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

# Authorities of Amazon RDS, which no list of public authorities contains.
RDS = Path(__file__).resolve().parents[2] / "functions/lib/ports/certificates/rds.pem"
# Lists of public authorities: Debian, Red Hat, macOS.
PUBLIC = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class Refused(Exception):
    """A reason, with its remedy, for the user."""


@dataclass
class Address:
    """Where and how to connect. `host` is None for libpq's own default."""

    option: str
    host: str | None = None
    port: str = "5432"
    database: str | None = None
    role: str | None = None
    password: str | None = field(default=None, repr=False)
    mode: str = "prefer"
    authorities: str | None = None
    certificate: str | None = None
    key: str | None = None

    def is_socket(self):
        """Returns true for a server on this machine, reached without a network."""
        return self.host is None or self.host.startswith("/")

    def text(self):
        """Returns the place for the user, without the password."""
        where = self.host or "the local socket"
        return f"{where}:{self.port}" if not self.is_socket() else f"{where}, port {self.port}"

    def arguments(self):
        """Returns the arguments of `psycopg.connect`."""
        given = {"host": self.host, "port": self.port, "dbname": self.database, "user": self.role, "password": self.password,
                 "sslmode": self.mode, "sslrootcert": self.authorities, "sslcert": self.certificate, "sslkey": self.key}
        return {name: value for name, value in given.items() if value is not None}


def read(option, url):
    """Returns the address in the URL that was given with `option`."""
    if not url.startswith(("postgres://", "postgresql://")):
        raise Refused(f"{option} is not a PostgreSQL URL: use {FORM}")
    found = parsed(option, url)
    if unknown := sorted(set(found) - KNOWN):
        raise Refused(f"{option}: the parameter {unknown[0]} cannot be used here; known are {', '.join(sorted(KNOWN))}")
    host, port = found.get("host"), found.get("port", "5432")
    if host and "," in host:
        raise Refused(f"{option} names several hosts: name the one to read from")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Refused(f"{option} has no valid port: use {FORM}")
    if any(ord(character) < 32 or ord(character) == 127 for value in found.values() for character in value):
        raise Refused(f"{option} contains a control character, such as a line break")
    address = Address(option, host, port, found.get("dbname"), found.get("user"), found.get("password"))
    protect(address, found)
    return address


def parsed(option, url):
    """Returns the parts of the URL. libpq requires a percent-encoded password; one that was not encoded is understood, too."""
    try:
        found = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        found = None
    if found and found.get("port", "1").isdigit() and "@" not in found.get("host", "") + found.get("dbname", ""):
        return found
    scheme, rest = url.split("://", 1)
    login, at, server = rest.rpartition("@")
    role, _, password = login.partition(":")
    try:
        found = conninfo_to_dict(f"{scheme}://{server}")
    except psycopg.ProgrammingError:
        found = None
    if not at or not role or found is None:
        raise Refused(f"{option} is not a valid PostgreSQL URL: use {FORM}") from None
    return {**found, "user": decoded(role), **({"password": decoded(password)} if password else {})}


def decoded(text):
    """Decodes percent-encoding, if all of the text can be decoded."""
    parts = text.split("%")[1:]
    is_encoded = all(len(part) >= 2 and set(part[:2]) <= set(string.hexdigits) for part in parts)
    return unquote(text) if is_encoded else text


def protect(address, found):
    """Fills in TLS as the functions read it: a server of RDS is verified unless the URL says otherwise."""
    host = (address.host or "").lower()
    is_rds = host.endswith((".rds.amazonaws.com", ".amazonaws.com.cn"))
    mode = found.get("sslmode", "verify-full" if is_rds else "prefer")
    if mode not in MODES:
        raise Refused(f"{address.option}: sslmode is one of {', '.join(MODES)}")
    authorities = found.get("sslrootcert")
    # As libpq has it: with a file of authorities, `require` verifies, too.
    mode = "verify-ca" if mode == "require" and authorities else mode
    if mode.startswith("verify") and authorities is None:
        own = Path.home() / ".postgresql/root.crt"
        is_own_rds = is_rds and ".proxy-" not in host
        authorities = str(RDS) if is_own_rds else str(own) if own.is_file() else "system"
    if authorities == "system":
        mode, authorities = "verify-full", public(address.option)
    address.mode, address.authorities = mode, existing(address.option, "sslrootcert", authorities)
    address.certificate = existing(address.option, "sslcert", found.get("sslcert"))
    address.key = existing(address.option, "sslkey", found.get("sslkey"))
    if address.is_socket():
        address.mode, address.authorities = "disable", None


def existing(option, parameter, path):
    """Returns the absolute path of a file that can be read."""
    if path is None:
        return None
    whole = Path(path).expanduser().absolute()
    if not os.access(whole, os.R_OK) or not whole.is_file():
        raise Refused(f"{option}: the file of {parameter} cannot be read: {path}")
    return str(whole)


def public(option):
    """Returns the file of public authorities of this machine."""
    found = [path for path in PUBLIC if Path(path).is_file()]
    if not found:
        raise Refused(f"{option}: this machine has no file of public authorities; name one with sslrootcert=FILE")
    return found[0]
