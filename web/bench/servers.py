"""The servers that are measured, each started on a port of its own and pinned to the first core.

`fanout.py` runs one at a time. "streamhub" is a real hub process over a real Valkey; the others are peers,
there where what they need is installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamhub.facts import BroadcastCreated, BroadcastOpened, CommentJudged, CommentSubmitted
from streamhub.live.admission import Signer
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log, stop_following
from streamhub.record.store import EmbeddedValkey, connect, connect_follower
from web.bench.load import BROADCAST
from web.settings import Settings

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NODE_SERVER = "socket.io@4.8.4"
START_SECONDS = 60.0


class Unavailable(Exception):
    """This peer cannot be measured here; the message says what is missing."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`tick` in milliseconds, of the peers: 0 is one frame for each comment."""

    viewers: int
    rate: float
    seconds: float
    tick: int = 0
    moderation: bool = False
    rooms: int = 1
    """Broadcasts that the viewers are spread over, the same number in each."""


class Started(msgspec.Struct):
    """A server that answers. `tokens` is a file of viewers, token and broadcast a line, "" where nobody needs one."""

    pid: int
    port: int
    tokens: str = ""
    store: str = ""
    """Address of its store, where it has one to itself."""
    judged: dict[int, int] = {}
    """Number of a comment -> when the store had its verdict, in monotonic ns; empty where somebody else judges."""


@asynccontextmanager
async def streamhub(options: Options) -> AsyncIterator[Started]:
    """One hub process as `serve` runs it; verdicts come from here at once, or from a moderation worker."""
    with tempfile.TemporaryDirectory(prefix="streamhub-bench-") as folder:
        port = free_port()
        settings = Settings(data=Path(folder), port=port)
        signer = Signer(settings.secret())
        tokens = write_tokens(signer, options, folder)
        valkey = EmbeddedValkey(settings.valkey_folder)
        valkey.start()
        try:
            await valkey.ready()
            store = connect(valkey.url)
            await open_rooms(store, options.rooms)
            roles = [("hub", "--port", str(port)), *([("moderate",)] if options.moderation else [])]
            async with _processes([_role(folder, *role) for role in roles], port) as hub:
                started = Started(pid=hub, port=port, tokens=str(tokens), store=valkey.url)
                judging = None if options.moderation else asyncio.create_task(_judge(valkey.url, started.judged))
                try:
                    yield started
                finally:
                    await stop_following(judging)
            await store.aclose()
        finally:
            await asyncio.to_thread(valkey.stop)


@asynccontextmanager
async def whole(options: Options, hubs: int) -> AsyncIterator[Started]:
    """Everything as `streamhub serve` runs it: store, hubs, a moderation worker with its encoder, boards."""
    with tempfile.TemporaryDirectory(prefix="streamhub-bench-") as folder:
        port = free_port()
        command = _role(folder, "serve", "--port", str(port), "--hubs", str(hubs))
        async with _processes([command], port, pinned=False) as pid:
            settings = Settings(data=Path(folder), port=port)
            store = connect(settings.store_url)
            async with asyncio.timeout(START_SECONDS):
                while not await _verdicts_come(store):
                    await asyncio.sleep(0.2)
            await open_rooms(store, options.rooms)
            await store.aclose()
            yield Started(pid=pid, port=port, tokens=str(write_tokens(Signer(settings.secret()), options, folder)))


def code_of(room: int) -> str:
    return BROADCAST if room == 0 else f"{BROADCAST}{room}"


async def open_rooms(store: Redis, rooms: int) -> None:
    for room in range(rooms):
        await create_broadcast(store, BroadcastCreated(code=code_of(room), title="Bench", by="organizer"))
        await broadcast_log(store, code_of(room)).append(BroadcastOpened(by="organizer"), once="open")


def write_tokens(signer: Signer, options: Options, folder: str) -> Path:
    """A line for each viewer: token and broadcast."""
    tokens = Path(folder, "tokens")
    lines = (
        f"{signer.viewer_token(f'v-bench-{n}', 'replay')} {code_of(n % options.rooms)}" for n in range(options.viewers)
    )
    tokens.write_text("\n".join(lines))
    return tokens


async def _verdicts_come(store: Redis) -> bool:
    """A comment in a broadcast of its own is judged: the model is loaded. False while nothing answers."""
    with contextlib.suppress(RedisError, OSError, TimeoutError):
        await create_broadcast(store, BroadcastCreated(code="WARM", title="Warm", by="organizer"))
        log = broadcast_log(store, "WARM")
        await log.append(CommentSubmitted(viewer="v", nick="Ann", text="What a calm sea today"), once="warm")
        return any(isinstance(entry.fact, CommentJudged) for entry in await log.read())
    return False


@asynccontextmanager
async def node(options: Options) -> AsyncIterator[Started]:
    """Socket.IO on Node, installed into a temporary folder if it is not beside the browser's packages."""
    binary = _node()
    with tempfile.TemporaryDirectory(prefix="streamhub-bench-") as folder:
        if not (ROOT / "node_modules" / "socket.io").exists():
            await asyncio.to_thread(_install, folder)
            packages = folder
        else:
            packages = str(ROOT)
        async with _peer([binary, str(HERE / "node.cjs"), "PORT", str(options.tick), packages]) as started:
            yield started


@asynccontextmanager
async def stock(options: Options) -> AsyncIterator[Started]:
    """python-socketio as it comes."""
    async with _peer([sys.executable, "-m", "web.bench.stock", "PORT", str(options.tick)]) as started:
        yield started


@asynccontextmanager
async def raw(options: Options) -> AsyncIterator[Started]:
    """The `write()` loop in C."""
    if (compiler := shutil.which("gcc") or shutil.which("cc")) is None:
        raise Unavailable("raw needs a C compiler (gcc or cc)")
    with tempfile.TemporaryDirectory(prefix="streamhub-bench-") as folder:
        built = str(Path(folder, "raw"))
        await asyncio.to_thread(subprocess.run, [compiler, "-O2", "-o", built, str(HERE / "raw.c")], check=True)
        async with _peer([built, "PORT", str(options.tick)]) as started:
            yield started


SERVERS: dict[str, Callable[[Options], AbstractAsyncContextManager[Started]]] = {
    "streamhub": streamhub, "compressed": streamhub, "node": node, "stock": stock, "raw": raw,
}  # fmt: skip
"""The viewers of "compressed" offer compression, those of the others do not."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pin(core: int) -> Callable[[], None]:
    """Run in a child before it starts: on this core alone, where there is more than one."""

    def pinned() -> None:
        if (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(0, {core})

    return pinned


async def _judge(url: str, judged: dict[int, int]) -> None:
    """Publishes every comment as soon as it is in the log, so that the encoder is not what is measured."""
    store, follower = connect(url), connect_follower(url)
    reading, writing = broadcast_log(follower, BROADCAST), broadcast_log(store, BROADCAST)
    at = "0-0"
    try:
        while True:
            for entry in await reading.wait(at, 2000):
                at = entry.id
                if isinstance(entry.fact, CommentSubmitted):
                    verdict = CommentJudged(comment=entry.id, action="publish", model="bench", policy="bench")
                    await writing.append(verdict, once=f"verdict:{entry.id}")
                    judged[int(entry.fact.text.split()[0])] = time.monotonic_ns()
    finally:
        await store.aclose()
        await follower.aclose()


def _role(folder: str, *arguments: str) -> Sequence[str]:
    return [sys.executable, "-m", "web.cli", *arguments, "--data", folder]


@asynccontextmanager
async def _peer(command: Sequence[str]) -> AsyncIterator[Started]:
    port = free_port()
    async with _processes([[str(port) if part == "PORT" else part for part in command]], port) as pid:
        yield Started(pid=pid, port=port)


@asynccontextmanager
async def _processes(commands: Sequence[Sequence[str]], port: int, pinned: bool = True) -> AsyncIterator[int]:
    """The pid of the first, pinned to the first core, once its port answers; all are ended afterwards."""
    running = [_start(command, pin(0) if pinned and n == 0 else None) for n, command in enumerate(commands)]
    try:
        await _answers(running[0], port)
        yield running[0].pid
    finally:
        for process in running:
            process.terminate()
        for process in running:
            try:
                await asyncio.to_thread(process.wait, 15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(command: Sequence[str], first: Callable[[], None] | None) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, stdin=quiet, stdout=quiet, preexec_fn=first)  # noqa: PLW1509 - pins only


async def _answers(process: subprocess.Popen[bytes], port: int) -> None:
    async with asyncio.timeout(START_SECONDS):
        while process.poll() is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.1)
    raise Unavailable(f"{process.args!r} ended with {process.returncode}")


def _node() -> str:
    try:
        from web.node import BIN
    except ImportError:
        found = shutil.which("node")
        if found is None:
            raise Unavailable("node needs Node: pip install 'streamhub[build]'") from None
        return found
    return str(BIN / "node")


def _install(folder: str) -> None:
    from web.node import NPM

    command = [_node(), str(NPM), "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run([*command, NODE_SERVER], capture_output=True, check=False, timeout=120)
    if done.returncode:
        raise Unavailable(f"node needs {NODE_SERVER}, which npm could not install here")
