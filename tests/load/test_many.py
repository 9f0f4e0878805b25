"""More viewers than a usual limit of open files allows: the hub takes what the system gives."""

from __future__ import annotations

import resource

from web.bench.driver import load
from web.bench.servers import Options, streamhub


async def test_a_low_soft_limit_of_open_files_does_not_limit_the_viewers() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    viewers = 300
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        async with streamhub(Options(viewers=viewers, rate=0, seconds=0)) as server, load(server, viewers) as ask:
            assert (await ask(""))["ready"] == viewers
            got = await ask("rate 5 1")
            assert got["delivered"] == got["expected"] == viewers * 5
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
