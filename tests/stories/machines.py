"""Several machines behind the nginx of `docs/nginx.conf`, on one: each a `streamhub serve` of its own, over one store.

Used by `test_machines.py`.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

from aiohttp import ClientSession, CookieJar

from streamhub.live.admission import VIEWER_COOKIE
from tests.running import ROOT, Running, Viewer, free_port

CONFIGURATION = ROOT / "docs" / "nginx.conf"
UNPACKED = ROOT / ".venv" / "nginx" / "usr" / "sbin" / "nginx"


def program() -> str:
    found = os.environ.get("NGINX") or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    return found or str(UNPACKED)


class Nginx:
    """The documented configuration with other addresses. `went` tells which machines answered, request by request."""

    def __init__(self, folder: Path, machines: list[Running]) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir()
        server = re.compile(r"server 10\.0\.0\.\d+:8080")
        addresses = iter(machine.port for machine in machines)
        text = CONFIGURATION.read_text("utf-8").replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        text, count = server.subn(lambda _: f"server 127.0.0.1:{next(addresses)}", text)
        assert count == len(machines)
        (folder / "streamhub.conf").write_text(text)
        paths = "".join(
            f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ {paths} log_format went '$upstream_addr'; access_log {folder}/went went;\n"
            f"include {folder}/streamhub.conf; }}\n"
        )

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                program(),
                "-p",
                str(self.folder),
                "-e",
                str(self.folder / "errors"),
                "-c",
                str(self.folder / "nginx.conf"),
            ],
            stdin=subprocess.DEVNULL,
        )

    async def ready(self) -> None:
        async with asyncio.timeout(30), ClientSession() as client:
            while True:
                assert self._process.poll() is None, (self.folder / "errors").read_text()
                try:
                    async with client.get(f"{self.url}/api/health") as answer:
                        if answer.status == 200:
                            return
                except OSError:
                    await asyncio.sleep(0.05)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)

    @property
    def went(self) -> set[int]:
        """The ports of the machines that answered so far."""
        return {int(port) for port in re.findall(r":(\d+)$", (self.folder / "went").read_text(), re.MULTILINE)}


class Person(Viewer):
    """A viewer with a browser's cookie from the page, which is what nginx goes by."""

    async def open_page(self, code: str) -> None:
        self.session = ClientSession(cookie_jar=CookieJar(unsafe=True))  # unsafe: keeps those of an address in numbers
        async with self.session.get(f"{self.url}/b/{code}") as answer:
            assert answer.status == 200 and VIEWER_COOKIE in answer.cookies

    async def leave(self) -> None:
        await super().leave()
        if self.session is not None:
            await self.session.close()

    def seen(self, text: str) -> int:
        """How often this person was shown it since the last `come`."""
        batches = [self.joined["batch"], *(data for name, data in self.frames if name == "batch")]
        return sum(comment["text"] == text for batch in batches for comment in batch.get("comments", []))

    async def stay(self, code: str, text: str) -> None:
        """Until this is seen; whose machine goes comes back with the place that they had."""
        async with asyncio.timeout(90):
            while not self.seen(text):
                if self.client.connected:
                    await asyncio.sleep(0.05)
                    continue
                batches = [self.joined["batch"], *(data for name, data in self.frames if name == "batch")]
                self.frames.clear()
                await self.come(code, after=batches[-1]["as_of"], epoch=batches[-1]["epoch"])
