"""A file of the server's own that cannot be used is called that: nobody is told that the store does not answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated
from streamhub.record.directory import create_broadcast
from streamhub.record.store import EmbeddedValkey
from tests.web.application import application, bearer


async def test_an_archive_that_cannot_be_written_is_said(
    valkey: EmbeddedValkey, store: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    (tmp_path / "archive").write_text("a file where the folder should be")
    async with application(valkey, tmp_path) as client:
        answer = await client.get("/report/REEF?format=json", headers=bearer(tmp_path))
        told = (await answer.json())["error"]
        assert (answer.status, told["code"], told["field"]) == (503, "unavailable", "files")
        assert "archive" in caplog.text and "the store does not answer" not in caplog.text
        page = await client.get("/report/REEF", headers=bearer(tmp_path) | {"Accept-Language": "zh-CN"})
        assert page.status == 503
        assert "服务器无法读写自己的某个文件" in await page.text()
