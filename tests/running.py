"""A whole StreamHub for tests: `streamhub serve` as a person starts it, with everything real behind it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import socketio
from aiohttp import ClientSession, ClientTimeout

from streamhub.live.admission import Grant, Signer

ROOT = Path(__file__).parent.parent
START_SECONDS = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def once() -> str:
    return uuid.uuid4().hex


class Running:
    """One server on its own data folder and port. `kill` is SIGKILL to every process of it at once."""

    def __init__(self, data: Path, *options: str, environ: dict[str, str] | None = None) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = options
        self._environ = environ or {}
        self._process: subprocess.Popen[bytes] | None = None
        self.output = data / "output.txt"

    def start(self) -> None:
        """Return when pages are served."""
        self.data.mkdir(parents=True, exist_ok=True)
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "web.cli", "serve", "--data", str(self.data), "--port", str(self.port),
                 *self._options],
                cwd=ROOT, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **self._environ},
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while "StreamHub is running" not in self.said():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server did not start:\n" + self.said()[-3000:])
            time.sleep(0.05)

    def said(self) -> str:
        """What was printed since the last start."""
        return self.output.read_text("utf-8", "replace").rpartition("=== restarted ===")[2]

    def stop(self) -> int:
        """SIGTERM, as Ctrl-C; returns the exit status."""
        if self._process is None:
            return 0
        self._process.terminate()
        status = self._process.wait(30)
        self._process = None
        self._restarts()
        return status

    def kill(self) -> None:
        assert self._process is not None
        for pid in [self._process.pid, *self.processes.values()]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait(10)
        self._restarts()

    def _restarts(self) -> None:
        with self.output.open("a") as output:
            output.write("=== restarted ===\n")

    @property
    def processes(self) -> dict[str, int]:
        """Role -> process id, as the server says itself."""
        found: dict[str, int] = json.loads((self.data / "server.json").read_text())["processes"]
        return found

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def store(self) -> str:
        """The address of its store."""
        return str(json.loads((self.data / "server.json").read_text())["store"])

    @property
    def signer(self) -> Signer:
        return Signer((self.data / "secret.key").read_text().strip())

    def role(self, role: Any = "organizer", broadcast: str = "", name: str = "") -> str:
        return self.signer.role_token(Grant(role=role, broadcast=broadcast, name=name))

    async def api(self, method: str, path: str, body: Any = None, *, raw: str | None = None) -> Any:
        """A call as organizer; the JSON of the answer."""
        headers = {"Authorization": f"Bearer {self.role()}"}
        given: dict[str, Any] = {"json": body, "headers": headers}
        if raw is not None:
            given = {"data": raw.encode(), "headers": headers | {"Content-Type": "text/csv"}}
        async with (
            ClientSession(timeout=ClientTimeout(total=30)) as client,
            client.request(method, self.url + path, **given) as answer,
        ):
            text = await answer.text()
            assert answer.status < 400, f"{method} {path}: {answer.status} {text[:500]}"
            return json.loads(text) if answer.content_type == "application/json" else text

    async def broadcast(self, code: str, title: str = "Reef evening", **more: Any) -> str:
        """A new open broadcast."""
        await self.api("POST", "/api/broadcasts", {"code": code, "title": title, **more})
        await self.api("POST", f"/api/broadcasts/{code}/open")
        return code

    async def campaign(self, campaign: str, **more: Any) -> str:
        """A new open travel campaign around today."""
        today = time.time()
        days = [time.strftime("%Y-%m-%d", time.gmtime(today + shift * 86400)) for shift in (-6, 6)]
        body = {"id": campaign, "title": "Green week", "starts_on": days[0], "ends_on": days[1], **more}
        await self.api("POST", "/api/campaigns", body)
        await self.api("POST", f"/api/campaigns/{campaign}/open")
        return campaign

    async def log(self, code: str) -> list[dict[str, Any]]:
        """The facts, as `streamhub log` gives them."""
        text = await self.api("GET", f"/api/broadcasts/{code}/log")
        return [json.loads(line) for line in text.splitlines()]

    async def viewer(self, code: str, *, transports: list[str] | None = None, **auth: str) -> Viewer:
        viewer = Viewer(self.url, auth, transports)
        await viewer.come(code)
        return viewer


class Viewer:
    """A Socket.IO client (python-socketio, default transports) that keeps every frame it got."""

    def __init__(self, url: str, auth: dict[str, str], transports: list[str] | None = None) -> None:
        self.url = url
        self.transports = transports
        self.auth = auth
        self.session: ClientSession | None = None
        self.frames: list[tuple[str, Any]] = []
        self.joined: dict[str, Any] = {}

    async def come(self, code: str, **more: Any) -> None:
        self.client = socketio.AsyncClient(reconnection=False, http_session=self.session)
        for event in ("batch", "outcome", "review", "campaign"):
            self.client.on(event, lambda data, event=event: self.frames.append((event, data)))
        await self.client.connect(self.url, auth=self.auth, transports=self.transports)
        self.joined = await self.client.call("join", {"broadcast": code, **more}, timeout=20)
        assert self.joined["ok"], self.joined
        self.auth = {**self.auth, "token": self.joined["token"]}

    async def leave(self) -> None:
        await self.client.disconnect()

    async def do(self, event: str, **fields: Any) -> Any:
        """Send a command with a fresh `once`; returns the acknowledgement."""
        return await self.client.call(event, {"once": once(), **fields}, timeout=20)

    async def say(self, text: str, nick: str = "Ann", **more: Any) -> str:
        """Comment, waiting where the rate asks for it; returns the comment's id."""
        fields = {"once": once(), "text": text, "nick": nick, **more}
        while True:
            answer = await self.client.call("comment", fields, timeout=20)
            if answer["ok"]:
                return str(answer["id"])
            assert answer["error"]["code"] == "rate", answer
            await asyncio.sleep(answer["error"]["retry_after"])

    async def until(self, event: str, wanted: Callable[[Any], Any], seconds: float = 30) -> Any:
        """The first frame of this event for which `wanted` is true, already here or still to come."""
        async with asyncio.timeout(seconds):
            while True:
                for name, data in self.frames:
                    if name == event and wanted(data):
                        return data
                await asyncio.sleep(0.02)

    async def outcome(self, comment: str) -> Any:
        """What became of one's own comment."""
        return await self.until("outcome", lambda data: data["comment"] == comment)

    async def shown(self, comment: str) -> Any:
        """The comment as everybody sees it."""
        batch = await self.until("batch", lambda data: any(c["id"] == comment for c in data.get("comments", [])))
        return next(c for c in batch["comments"] if c["id"] == comment)
