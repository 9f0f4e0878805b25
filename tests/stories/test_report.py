"""The report counts what happened, exactly: every figure is compared with a count over the log's facts."""

from __future__ import annotations

from collections import Counter

from tests.running import Running

TEXTS = [
    "小丑鱼躲进海葵里了", "What a beautiful reef", "加油加油", "全球变暖是科学家编的骗局", "加薇 abc12345 领优惠券",
    "The ice age is coming, not warming", "老师讲得真清楚", "Thank you for the explanation",
]  # fmt: skip


async def test_the_report_counts_what_happened_exactly(server: Running) -> None:
    code = await server.broadcast("REPORT")
    viewers = [await server.viewer(code) for _ in range(3)]
    said = [await viewers[n % 2].say(text) for n, text in enumerate(TEXTS)]
    asked = [await viewers[0].say(f"Question {n}: how deep is the reef?", kind="question") for n in range(3)]
    for n, comment in enumerate((*said, *asked)):
        speaker = viewers[n % 2] if comment in said else viewers[0]
        await speaker.outcome(comment)
    host = await server.viewer(code, role=server.role("host", code))
    assert (await viewers[2].do("vote", question=asked[0]))["ok"]
    assert (await host.do("move", question=asked[0], to="answered", answer="Twelve metres."))["ok"]
    assert (await host.do("move", question=asked[1], to="later"))["ok"]
    rejected = await host.do("decide", comment=said[0], action="reject", reason="test")
    overruled = await host.do("decide", comment=said[1], action="reject")
    assert (await host.do("undo", decision=overruled["id"]))["ok"] and rejected["ok"]
    report = await server.api("GET", f"/report/{code}?format=json")
    facts = [row["fact"] for row in await server.log(code)]
    kinds = Counter(fact["type"] for fact in facts)
    verdict = {fact["comment"]: fact["action"] for fact in facts if fact["type"] == "comment_judged"}
    shown = {comment for comment, action in verdict.items() if action in ("publish", "annotate")} - {said[0]}
    assert report["people"]["viewers"] == kinds["viewer_joined"] == 4
    assert report["people"]["spoke"] == 2
    assert report["comments"]["submitted"] == kinds["comment_submitted"] == len(TEXTS) + 3
    assert report["comments"]["shown"] == len(shown)
    assert report["comments"]["held"] == sum(1 for action in verdict.values() if action == "hold")
    assert report["comments"]["rejected"] == 1
    assert report["questions"]["asked"] == 3
    assert report["questions"]["answered"] == 1 and report["questions"]["later"] == 1
    assert report["as_of"] == (await server.log(code))[-1]["id"]
    page = await server.api("GET", f"/report/{code}")
    assert "Twelve metres." in page
    for viewer in (*viewers, host):
        await viewer.leave()
