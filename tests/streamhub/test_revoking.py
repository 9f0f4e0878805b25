"""Roles of one broadcast are revoked: by organizers alone, in all processes, for everybody who had one before."""

from __future__ import annotations

import msgspec
from redis.asyncio import Redis

from tests.streamhub.test_reviewing import HOST, MODERATOR, ORGANIZER, Come, do, held, say
from tests.streamhub.test_reviewing import clock as clock  # `come` asks for it
from tests.streamhub.test_reviewing import come as come


async def test_roles_are_revoked_in_every_process(come: Come, store: Redis) -> None:
    """Whoever sits there as host or moderator goes on as a viewer, and comes back as one; a later link holds."""
    lin, mei, bo, ann = await come(ORGANIZER), await come(HOST, hub=1), await come(MODERATOR), await come()
    assert (await do(mei, "revoke_roles"))["error"]["code"] == "forbidden"
    revoked = await do(lin, "revoke_roles")
    comment = await say(store, ann, "加薇 领券")
    await lin.until("review", held(comment))
    for dismissed in (mei, bo):
        refused = await do(dismissed, "decide", comment=comment, action="publish")
        assert refused["error"]["code"] == "forbidden"
        assert (await do(dismissed, "comment", text="still here", nick="Mei"))["ok"]
        assert not [data for name, data in dismissed.got if name == "review" and held(comment)(data)]
    back = await come(HOST, hub=1)
    assert (back.joined["role"], back.joined.get("review")) == ("viewer", None)
    new = await come(msgspec.structs.replace(HOST, since=revoked["id"]), hub=1)
    assert held(comment)(new.joined["review"])
    assert (await do(new, "decide", comment=comment, action="publish"))["ok"]
