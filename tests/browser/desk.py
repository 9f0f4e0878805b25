"""A broadcast with questions and held comments, and the cookie of its host: what the desk's tests start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import expect

from streamhub.facts import CommentJudged, CommentSubmitted, QuestionVoted, Reason
from streamhub.live.admission import ROLE_COOKIE, Grant, Signer
from tests.browser.conftest import CODE, Site

expect.set_options(timeout=15_000)  # machines are shared: how long a page takes says nothing about the code

ORGANIZER = Grant(role="organizer", name="Lin")
HOST = Grant(role="host", broadcast=CODE, name="Mei")


def signed_in(data: Path, grant: Grant = HOST) -> dict[str, Any]:
    """Options for `open_page`: a profile that has signed in."""
    token = Signer((data / "secret.key").read_text().strip()).role_token(grant)
    cookie = {
        "name": ROLE_COOKIE, "value": token, "domain": "127.0.0.1", "path": "/", "expires": -1, "httpOnly": True,
        "secure": False, "sameSite": "Lax",
    }  # fmt: skip
    return {"storage_state": {"cookies": [cookie], "origins": []}}


async def ask(site: Site, text: str, votes: int = 0, viewer: str = "v-ann", nick: str = "Ann") -> str:
    """A question that becomes visible with so many votes."""
    asked = await say(site, text, viewer=viewer, nick=nick, kind="question")
    for number in range(votes):
        await site.log.append(QuestionVoted(question=asked, viewer=f"v-{number}"), once=f"vote {asked} {number}")
    await site.publish(asked)
    return asked


async def say(site: Site, text: str, viewer: str = "v-ann", nick: str = "Ann", kind: Any = "comment") -> str:
    said = CommentSubmitted(viewer=viewer, nick=nick, text=text, kind=kind)
    return (await site.log.append(said, once=f"say {text}")).id


async def hold(site: Site, text: str, viewer: str = "v-bo", nick: str = "Bo") -> str:
    """A held advertisement with its reasons, scores, model and policy."""
    comment = await say(site, text, viewer=viewer, nick=nick)
    verdict = CommentJudged(
        comment=comment,
        action="hold",
        reasons=(Reason(code="contact", rule="messenger-id"), Reason(code="promotion", score=0.86)),
        scores={"promotion": 0.86},
        model="e5-small",
        policy="standard",
    )
    await site.log.append(verdict, once=f"judge {comment}")
    return comment
