"""Absolute and green claims (最佳, 100% eco-friendly, carbon neutral delivery) of those who host, sell or sponsor.

Called by `judge.py`. Law asks them for evidence, so the comment is shown with a card that asks the same; what
viewers say of the broadcast is never asked for anything.
"""

from __future__ import annotations

import re2

from moderation.checks.finding import Finding
from moderation.normalise import Reading
from moderation.policy import Evidence
from streamhub.facts import Note, Reason

CARD = Note(
    claim="evidence",
    claim_zh="绝对化用语或笼统的“绿色”宣称",
    claim_en="An absolute or a general green claim",
    fact_zh="主办方、商家和赞助商作这类宣称时，应说明适用范围、标准和证据。你可以请他们出示。",
    fact_en="Hosts, sellers and sponsors who say this should name scope, standard and evidence. You may ask.",
    source="《中华人民共和国广告法》第九条、第二十八条; Directive (EU) 2024/825",
    url="https://eur-lex.europa.eu/eli/dir/2024/825/oj",
)


def evidence(rule: str, policy: Evidence) -> Finding | None:
    """`rule`: the id of the rule that fired, or ""."""
    if not rule or policy.action == "publish":
        return None
    return Finding("annotate", Reason(code="claim", rule=rule), CARD)


_SELLS = re2.compile(
    r"(我们|咱们|我|咱)家?(公司|品牌|店)?的?(产品|品牌|商品|礼盒|包装|酒店|店铺?|公司|衣服|鞋|家电)|本店|本品牌|本公司|我司"
    r"|\bour (products?|brands?|bottles?|packaging|company|delivery|shops?|stores?|hotels?|clothes|shoes|sneakers)\b"
)
"""Speaks for something that they sell."""

_ASKS = re2.compile(r"[?？]|(吗|呢|么)[。!！~]*$")


def speaks_for_a_seller(reading: Reading) -> bool:
    """Says something of what they sell themselves; a question says nothing of it."""
    return bool(_SELLS.search(reading.folded)) and not _ASKS.search(reading.folded)
