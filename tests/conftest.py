"""A new store for each test, once in SQLite and once in Postgres."""

import os
import secrets

import pytest

SERVER = os.environ.get("MATCHMAKER_TEST_POSTGRES")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    """The address of a store that is not there yet; in Postgres a schema of its own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    if SERVER is None:
        pytest.skip("MATCHMAKER_TEST_POSTGRES names no server: postgresql://USER@HOST/DATABASE")
    import psycopg

    schema = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
    yield f"{SERVER}{'&' if '?' in SERVER else '?'}options=-csearch_path%3D{schema}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f'DROP SCHEMA "{schema}" CASCADE')
