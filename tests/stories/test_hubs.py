"""Several hub processes on one port: stock clients with their default transports work, and a killed hub is survived."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

from tests.running import ROOT, Running, Viewer
from web.node import BIN

SAY = ROOT / "tests" / "stories" / "say.mjs"


async def test_stock_clients_work_behind_several_hubs_and_one_may_die(tmp_path: Path, model: Path) -> None:
    running = Running(tmp_path / "data", "--hubs", "3", environ={"STREAMHUB_MODEL": str(model)})
    await asyncio.to_thread(running.start)
    code = await running.broadcast("HUBS")
    waiting = await asyncio.gather(*(running.viewer(code, transports=["polling"]) for _ in range(4)))
    usual = await asyncio.gather(*(running.viewer(code) for _ in range(8)))
    while len(owners := {owner(viewer) for viewer in usual}) < 2 and len(usual) < 60:
        usual.append(await running.viewer(code))  # the kernel spreads connections as it likes
    assert owners <= {"hub-1", "hub-2", "hub-3"} and len(owners) > 1
    said = await waiting[0].say("看到海龟了 there is a turtle")
    for viewer in (*waiting, *usual):
        assert (await viewer.shown(said))["text"] == "看到海龟了 there is a turtle"
    process = await asyncio.create_subprocess_exec(
        BIN / "node",
        SAY,
        running.url,
        code,
        "From a stock client in JavaScript",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(40):
        output, _ = await process.communicate()
    from_js = json.loads(output)["accepted"]["id"]
    for viewer in usual:
        await viewer.shown(from_js)

    victim = next(iter(owners))
    os.kill(running.processes[victim], signal.SIGKILL)
    lost = [viewer for viewer in usual if owner(viewer) == victim]
    for viewer in lost:
        await viewer.client.wait()
        batches = [viewer.joined["batch"], *(data for name, data in viewer.frames if name == "batch")]
        viewer.frames.clear()
        await viewer.come(code, after=batches[-1]["as_of"], epoch=batches[-1]["epoch"])
    later = await running.viewer(code)
    last = await later.say("Still here after one of the hubs went away")
    for viewer in usual:
        assert (await viewer.shown(last))["id"] == last
    await asyncio.gather(*(viewer.leave() for viewer in (*usual, later)))
    assert await asyncio.to_thread(running.stop) == 0
    for viewer in waiting:  # a polling client waits out its last poll when it leaves by itself; the server has gone
        await viewer.client.eio.disconnect(abort=True)


def owner(viewer: Viewer) -> str:
    """The hub process that knows this viewer's session."""
    return str(viewer.client.eio.sid.partition(".")[0])
