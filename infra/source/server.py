"""Queries the user's own server for what `cargo x up --source` needs to know, and makes the source role there for `--owner`.

Reads JSON from standard input, so that no password is on a command line, and prints JSON: {"refused": "reason: remedy"}, or
the answer to the action.

{"action": "read", "option": "--source", "url": URL}: the address, without a connection and without the password.
{"action": "check", "option", "url", "budget": B, "role": null}: logs in, in read-only transactions; address, password and facts.
  With "role", the owner is checked instead, who is going to make that role.
{"action": "make", "option", "url", "role", "password", "statements": SQL of `admin migrate`}: makes the role, as the owner.
{"action": "settings", "url": URL of the pooler, "expected": {name: value}}: compares the settings of a session behind it.
"""

import base64
import getpass
import hashlib
import hmac
import json
import os
import sys

import psycopg

import address
import remedy
from address import Refused

TIMEOUT = 10
# Transactions of two clients, after which a pooler has given both the same session once, even a busy one.
ROUNDS = 6
# Marks a role that this script made, and may make again with another password.
MARK = "made by cargo x up of Sluice; it may be dropped"

FACTS = """select current_user::text as role, current_database()::text as database, current_setting('server_version') as version,
    current_setting('server_version_num')::int as number, r.rolsuper as superuser, r.rolcreaterole as creates_roles,
    r.rolconnlimit as role_limit, current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int as connections,
    (select count(*) from pg_catalog.pg_stat_activity a where a.usename is not null) - 1 as sessions,
    current_setting('intervalstyle') as intervalstyle, pg_catalog.pg_is_in_recovery() as standby
  from pg_catalog.pg_roles r where r.rolname = current_user"""

# Relations of the user's: readable, writable, all.
RELATIONS = """select count(*) filter (where pg_catalog.has_table_privilege(c.oid, 'select')
        or pg_catalog.has_any_column_privilege(c.oid, 'select')),
    count(*) filter (where pg_catalog.has_table_privilege(c.oid, 'insert, update, delete, truncate')), count(*)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and pg_catalog.has_schema_privilege(n.oid, 'usage')
    and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'sluice')"""

ROLE = """select pg_catalog.shobj_description(r.oid, 'pg_authid'),
    (select count(*) from pg_catalog.pg_stat_activity a where a.usename = r.rolname)
  from pg_catalog.pg_roles r where r.rolname = %s"""


def connect(place):
    """Opens a read-only session. Reads the password from the terminal if there is one and the server requires one."""
    try:
        return opened(place)
    except psycopg.OperationalError as error:
        if "no password supplied" not in str(error) or not asks():
            raise Refused(refusal(place, error)) from None
    place.password = getpass.getpass(f"Password of {place.role or 'the role'} at {place.text()}: ")
    try:
        return opened(place)
    except psycopg.OperationalError as error:
        raise Refused(refusal(place, error)) from None


def opened(place):
    connection = psycopg.connect(**place.arguments(), connect_timeout=TIMEOUT, application_name="sluice", prepare_threshold=None)
    connection.read_only = True
    return connection


def asks():
    """Returns true if there is a terminal. Standard input is not one: it has the job of `cargo x`."""
    return sys.stderr.isatty() and os.access("/dev/tty", os.R_OK)


def refusal(place, error):
    return f"{place.option}: {remedy.cause(error, place.password)}\n  → {remedy.of(str(error))}"


def facts(connection):
    with connection.transaction():
        cursor = connection.execute(FACTS)
        found = dict(zip([column.name for column in cursor.description], cursor.fetchone()))
        readable, writable, relations = connection.execute(RELATIONS).fetchone()
    return {**found, "readable": readable, "writable": writable, "relations": relations}


def too_old(place, found):
    if found["number"] < remedy.OLDEST:
        raise Refused(
            f"{place.option}: the server is PostgreSQL {found['version']}, and Sluice needs 14 or newer\n"
            "  → upgrade it, or name a newer server with the same data, such as a logical replica"
        )


def too_narrow(place, found, budget):
    limit = found["role_limit"]
    if not found["superuser"] and 0 <= limit < budget:
        raise Refused(
            f"{place.option}: the role {found['role']} may have {limit} sessions, and Sluice would use up to {budget}\n"
            f"  → add --budget {max(limit, 2)}, or: alter role {found['role']} connection limit {budget}"
        )
    free = found["connections"] - found["sessions"]
    if free < budget:
        raise Refused(
            f"{place.option}: the server has {max(free, 0)} free sessions, and Sluice would use up to {budget}\n"
            "  → add a smaller --budget (at least 2), or end sessions of the server"
        )


def is_pooled(place, first):
    """Returns true if a pooler gives the session of one client to another between transactions. Its sessions must not get settings."""

    def process(connection):
        with connection.transaction():
            return connection.execute("select pg_catalog.pg_backend_pid()").fetchone()[0]

    with connect(place) as second:
        seen = {(process(first), process(second)) for _ in range(ROUNDS)}
    return len(seen) > 1 or any(one == other for one, other in seen)


def check(job):
    """Returns the facts of the server, and the address as libpq completed it."""
    place = address.read(job["option"], job["url"])
    with connect(place) as connection:
        found = facts(connection)
        too_old(place, found)
        if is_pooled(place, connection):
            raise Refused(
                f"{place.option}: at {place.text()} is a pooler in transaction mode, whose sessions other clients get, too\n"
                "  → name PostgreSQL itself: Sluice starts a pooler of its own before it"
            )
        if job["role"]:
            may_make(place, connection, found, job["role"])
        else:
            too_narrow(place, found, job["budget"])
        info = connection.info
        filled = {"host": info.host, "port": int(info.port), "database": info.dbname, "role": info.user, "password": info.password}
        return {"address": {**described(place), **filled}, "facts": found}


def may_make(place, connection, found, role):
    """Refuses an owner who cannot make the role, and a role that something else may use."""
    if found["standby"]:
        raise Refused(f"{place.option}: the server is a standby, where no role can be made\n  → name its primary")
    if not found["superuser"] and not found["creates_roles"]:
        raise Refused(
            f"{place.option}: {found['role']} may not create roles\n"
            "  → name a role that may (createrole), or read with a role of yours: --source with its name and password"
        )
    with connection.transaction():
        known = connection.execute(ROLE, (role,)).fetchone()
    if known and known[0] != MARK:
        raise Refused(
            f"{place.option}: the role {role} exists, and was not made by cargo x: its password may be in use\n"
            f"  → read with that role: --source with its name and password, without --owner; or drop it first"
        )
    if known and known[1] > 0:
        raise Refused(
            f"{place.option}: the role {role} has {known[1]} sessions, of another stack\n"
            "  → stop that stack (`cargo x down`), or start this one with another --name"
        )


def make(job):
    """Runs the statements of the migration that concern the source role, and lets it read."""
    place = address.read(job["option"], job["url"])
    role = psycopg.sql.Identifier(job["role"])
    statements = job["statements"].replace(f"PASSWORD_OF_{job['role'].upper()}", verifier(job["password"], os.urandom(16)))
    done = {"readsAll": True}
    with connect(place) as connection:
        connection.read_only = False
        try:
            with connection.transaction():
                connection.execute(statements)
                connection.execute(psycopg.sql.SQL("comment on role {} is {}").format(role, psycopg.sql.Literal(MARK)))
        except psycopg.Error as error:
            raise Refused(f"{place.option}: {remedy.cause(error, place.password)}\n  → nothing was changed; {remedy.OTHERWISE}") from None
        try:
            with connection.transaction():
                connection.execute(psycopg.sql.SQL("grant pg_read_all_data to {}").format(role))
        except psycopg.errors.InsufficientPrivilege:
            done["readsAll"] = False
    return done


def verifier(password, salt):
    """Returns the verifier that PostgreSQL keeps of a password (RFC 5803), so that the password itself is in no statement and in no log."""
    rounds = 4096
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(part).decode() for part in (salt, client, server)]
    return f"SCRAM-SHA-256${rounds}:{parts[0]}${parts[1]}:{parts[2]}"


def settings(job):
    """Returns the settings of a session behind the pooler that differ."""
    place = address.read("the pooler", job["url"])
    with connect(place) as connection, connection.transaction():
        found = {name: connection.execute("select current_setting(%s, true)", (name,)).fetchone()[0] for name in job["expected"]}
    # `datestyle` also names the order of days and months, which has no effect in the ISO style.
    differing = {name: value for name, value in found.items() if (value or "").split(",")[0] != job["expected"][name]}
    return {"differing": differing}


def read(job):
    place = address.read(job["option"], job["url"])
    return {**described(place), "text": place.text(), "socket": place.is_socket()}


def described(place):
    """Returns everything but the password."""
    tls = {"mode": place.mode, "authorities": place.authorities, "certificate": place.certificate, "key": place.key}
    return {"host": place.host, "port": int(place.port), "database": place.database, "role": place.role, "tls": tls}


ACTIONS = {"read": read, "check": check, "make": make, "settings": settings}


def main():
    job = json.load(sys.stdin)
    try:
        answer = ACTIONS[job["action"]](job)
    except Refused as refused:
        answer = {"refused": str(refused)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
