"""The commands of docs/store.md that make a PostgreSQL database."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing

import postgres
from made_records import make_record
from pages import samples_of

from fakesmtp.storage.limits import UNLIMITED
from fakesmtp.storage.opening import open_url


def test_setting_up_a_database() -> None:
    """The role and the database of the page are enough for a store."""
    server = postgres.shared_server()
    (sample,) = (each for each in samples_of("docs/store.md") if each.language == "sh")
    install, *create, serve = sample.code.strip().splitlines()
    path = f"{postgres.find_programs()}{os.pathsep}{os.environ['PATH']}"
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "tester", "PATH": path}
    for command in create:
        subprocess.run(command.split(), check=True, env=place)
    address = serve.split()[-1].replace("localhost", f"127.0.0.1:{server.port}")
    assert (install.split()[:2], serve.split()[:2]) == (["pip", "install"], ["fakesmtp", "serve"])
    with closing(open_url(address, UNLIMITED)) as store:
        assert store.add(make_record()).result(60) == 1
    server.execute("DROP DATABASE fakesmtp")
    server.execute("DROP ROLE fakesmtp")
