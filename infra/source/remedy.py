"""Remedies if a server of the user cannot be used."""

import re

# Oldest version, as `server_version_num`; functions/lib/ports/src/postgres/server.rs has the reason.
OLDEST = 140000

# Part of libpq's or the server's message -> remedy; the first that fits.
REMEDIES = [
    ("password authentication failed", "correct role and password; special characters in the URL must be percent-encoded, and `cargo x` also reads PGPASSWORD and ~/.pgpass"),
    ("no password supplied", "put the password into the URL, into PGPASSWORD or into ~/.pgpass, or run this at a terminal, where it asks"),
    (r'role ".*" does not exist', "correct the role in the URL; without one it is the name of your user"),
    (r'database ".*" does not exist', "correct the name of the database at the end of the URL"),
    ("no pg_hba.conf entry", "let pg_hba.conf of the server accept this role from this machine, and try sslmode=require if it only accepts TLS"),
    ("(eer|dent) authentication failed", "the server compares your system user with the role: log in with a password over TCP (host:port), or change pg_hba.conf"),
    ("server does not support SSL", "let the server use TLS, or use sslmode=prefer if the network between is yours"),
    ("certificate verify failed|unable to get local issuer", "name the file with the server's authority: sslrootcert=FILE"),
    ("does not match host name", "use the host name that the certificate is for, or sslmode=verify-ca"),
    ("Connection refused", "start the server, and check host and port; a server in Docker needs a published port (-p 5432:5432)"),
    ("No such file or directory", "check that the server runs and has its socket in this folder (show unix_socket_directories)"),
    ("failed to resolve|could not translate", "correct the host name"),
    ("timeout expired|timed out", "check host and port, the firewall between, and whether a VPN is needed"),
    ("too many (connections|clients)|remaining connection slots", "end sessions of the server, or raise its max_connections"),
    ("permission denied for database", "grant connect on the database to the role"),
    ("starting up|shutting down", "wait until the server is ready"),
]
OTHERWISE = "check the URL: host, port, database, role, password and sslmode"


def of(error):
    """Returns the remedy for a message."""
    found = [remedy for pattern, remedy in REMEDIES if re.search(pattern, error)]
    return found[0] if found else OTHERWISE


def cause(error, password):
    """Returns the message of libpq on one line, without the password in case a server repeats it."""
    text = " ".join(str(error).split())
    for beginning in ("connection failed: ", "connection to "):
        text = text.removeprefix(beginning)
    return text.replace(password, "(password)") if password and len(password) > 3 else text
