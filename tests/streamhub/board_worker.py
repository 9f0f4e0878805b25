"""A board worker as a process of its own, for tests that kill it: `python -m tests.streamhub.board_worker URL`."""

from __future__ import annotations

import asyncio
import sys

from campaigns import travel
from streamhub.record.boards import run

if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], [travel.module], stop=asyncio.Event()))
