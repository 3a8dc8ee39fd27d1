"""Lets PostgreSQL log every statement of the two roles, in sessions that begin from now on. SLUICE_OWNER_URL is the server."""

import os

import psycopg

ROLES = ("sluice_source", "sluice_store")

if __name__ == "__main__":
    with psycopg.connect(os.environ["SLUICE_OWNER_URL"], autocommit=True) as connection:
        for role in ROLES:
            connection.execute(f"alter role {role} set log_statement = 'all'")
            # The values of parameters are not needed.
            connection.execute(f"alter role {role} set log_parameter_max_length = 0")
