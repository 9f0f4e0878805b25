"""Two machines behind nginx, as `docs/deployment.md` has it: stock clients work, and one of the machines may die."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.faults.nodes import STORE_OPTIONS, Node, free_ports
from tests.running import ROOT, Running
from tests.stories.machines import Nginx, Person
from web.node import BIN

SAY = ROOT / "tests" / "stories" / "say.mjs"
TRANSPORTS = (["polling"], ["websocket"], None)


@pytest.mark.timeout(240)
async def test_stock_clients_work_behind_nginx_and_a_machine_may_die(tmp_path: Path, model: Path) -> None:
    [port] = free_ports(1)
    store = Node(tmp_path / "store", port, *STORE_OPTIONS)
    store.start()
    await store.ready()
    environ = {
        "STREAMHUB_STORE": f"redis://{store.address}", "STREAMHUB_MODEL": str(model), "STREAMHUB_BEHIND_PROXY": "1",
    }  # fmt: skip
    machines = [Running(tmp_path / name, environ=environ) for name in ("one", "two")]
    for machine in machines:  # both sign with the same key
        machine.data.mkdir()
        (machine.data / "secret.key").write_text("5ea" * 20)
    await asyncio.gather(*(asyncio.to_thread(machine.start) for machine in machines))
    nginx = Nginx(tmp_path / "nginx", machines)
    nginx.start()
    await nginx.ready()
    one, two = machines
    try:
        code = await one.broadcast("MACHINES")
        people = [Person(nginx.url, {}, list(each) if each else None) for each in TRANSPORTS * 6]
        for person in people:
            await person.open_page(code)
            await person.come(code)
        assert nginx.went == {one.port, two.port}
        first = await people[0].say("看到海龟了 there is a turtle")
        for person in people:
            assert (await person.shown(first))["text"] == "看到海龟了 there is a turtle"
        said = await from_javascript(nginx.url, code, "From a stock client in JavaScript")
        for person in people:
            await person.shown(said)

        await asyncio.to_thread(one.kill)
        last = "Still here after one of the machines went away"
        talker = Person(two.url, {})
        await talker.come(code)
        await talker.say(last)
        await asyncio.gather(*(person.stay(code, last) for person in people))
        assert [person.seen(last) for person in people] == [1] * len(people)
        await from_javascript(nginx.url, code, "And new ones come")
        await asyncio.gather(*(person.leave() for person in (*people, talker)))
    finally:
        nginx.stop()
        await asyncio.to_thread(two.stop)
        store.stop()


async def from_javascript(url: str, code: str, text: str) -> str:
    """The id of what a stock client in JavaScript said, with its default transports."""
    process = await asyncio.create_subprocess_exec(
        BIN / "node", SAY, url, code, text, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    return str(json.loads(output)["accepted"]["id"])
