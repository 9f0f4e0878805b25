"""Claims that hosts add while live: found in nearly their own words, and nothing else is taken for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation.model.own_claims import OwnClaims
from moderation.model.prepare import NAME
from moderation.model.quick import load_encoder
from moderation.normalise import read
from streamhub.facts import ClaimAdded


def claim(name: str, said: str, fact: str) -> ClaimAdded:
    texts = {"claim_en": said, "fact_en": fact} if said.isascii() else {"claim_zh": said, "fact_zh": fact}
    return ClaimAdded(id=name, source="the harbour's own page", url="https://example.org", by="host", **texts)


STARFISH = claim("starfish", "蓝湾码头的海星是染色的", "当地海星的颜色是天然的")
LAKE = claim("lake", "东湖的水不能游泳因为有毒", "东湖水质为三类，可以游泳")
COMPUTERS = claim("computers", "学校的旧电脑回收后都扔进河里", "由持证企业拆解，去向公开")
TRAM = claim(
    "tram",
    "The new tram line uses more electricity than all the buses together",
    "It uses a third of what the buses used",
)
RATS = claim("rats", "The compost bins in the park attract rats", "Counts of rats have not changed since the bins came")
PHONE = claim("phone", "Charging your phone overnight wastes as much as a fridge", "A charged phone draws under a watt")

TURBINES = claim(
    "turbines", "The wind turbines on Mill Hill were built without permission", "The council agreed to them in 2019"
)
MARKET = claim("market", "西桥菜场的有机菜都是从批发市场进的", "摊主有有机认证，证书贴在门口")

ASSERTED = {
    TURBINES: (
        "the turbines on mill hill never had permission",
        "mill hill turbines were put up without any permission, typical",
        "nobody ever gave permission for those turbines on the hill",
    ),
    MARKET: (
        "西桥菜场的有机菜就是批发市场拉来的",
        "所谓有机菜,全是批发市场进的货",
        "西桥那有机菜都从批发市场拿的,我亲眼见",
    ),
    STARFISH: (
        "听说蓝湾码头的海星都是染色的，骗游客",
        "蓝湾码头那些海星，颜色是人工染上去的",
        "海星都染过色了还卖门票",
    ),
    LAKE: ("东湖的水有毒，根本不能游泳", "东湖那水有毒谁敢下去游", "别去东湖游泳，水里有毒"),
    COMPUTERS: ("咱学校回收的旧电脑最后全扔河里了", "旧电脑收走就往河里一扔", "学校那些电脑都倒进河里了好吧"),
    TRAM: (
        "the new tram uses more electricity than all the buses put together",
        "that tram eats more power than every bus combined",
        "new tram line = more electricity than all our buses lol",
    ),
    RATS: (
        "those compost bins in the park bring rats",
        "park compost bins = rat hotel, they attract rats",
        "since the compost bins came the park is full of rats",
    ),
    PHONE: (
        "charging your phone all night wastes as much as a fridge does",
        "leave phone charging overnight and it burns as much as a fridge",
        "your phone on charge overnight = a whole fridge of power wasted",
    ),
}

OTHERWISE = {
    TURBINES: (
        "the turbines on mill hill look lovely today",
        "the mill hill turbines got permission in 2019, it is on the council's site",
        "walked up mill hill with the dog",
        "who gave permission for the turbines on mill hill?",
    ),
    MARKET: ("西桥菜场的有机菜挺新鲜的", "西桥菜场今天人好多", "西桥菜场的有机菜有证书,门口贴着", "批发市场几点开门"),
    STARFISH: (
        "请问蓝湾码头的海星真的是染色的吗？",
        "海星不是染色的，天然就这样",
        "蓝湾码头的海星好漂亮",
        "有人说海星染色，别信",
        "我家孩子在码头捡到海星",
    ),
    LAKE: (
        "东湖能游泳吗？",
        "东湖水质是三类的，没毒",
        "昨天去东湖跑步了",
        "东湖边上有人卖烤肠",
        "说东湖有毒的都是没去测过",
    ),
    COMPUTERS: (
        "旧电脑回收后去哪了？",
        "旧电脑是交给持证企业拆的",
        "学校电脑好卡",
        "谁家有旧电脑不要的",
        "河里捞出来一辆共享单车",
    ),
    TRAM: (
        "does the new tram really use more power than the buses?",
        "the tram uses a third of what buses did, look at the report",
        "tram was late again",
        "I take the bus and the tram",
        "no, the tram does not use more electricity than the buses",
    ),
    RATS: (
        "do the compost bins attract rats?",
        "rats have not gone up since the bins",
        "saw a rat on the tube today",
        "people say the bins bring rats, the counts say otherwise",
    ),
    PHONE: (
        "is it bad to charge the phone overnight?",
        "a charged phone draws less than a watt",
        "my fridge died",
        "a phone does not use as much as a fridge, come on",
    ),
}


@pytest.fixture(scope="module")
def own(models: Path) -> OwnClaims:
    return OwnClaims(load_encoder(NAME, models))


def found(own: OwnClaims, claim: ClaimAdded, texts: tuple[str, ...]) -> list[str]:
    readings = [read(text) for text in texts]
    vectors = own._encoder.encode([reading.plain for reading in readings])
    return [
        text
        for text, reading, vector in zip(texts, readings, vectors, strict=True)
        if own.matches(reading, vector, [claim])
    ]


def test_two_thirds_of_what_asserts_a_hosts_claim_is_found(own: OwnClaims) -> None:
    all_found = [text for claim, texts in ASSERTED.items() for text in found(own, claim, texts)]
    assert len(all_found) >= 14, all_found


@pytest.mark.parametrize("claim", OTHERWISE, ids=lambda claim: claim.id)
def test_what_asks_corrects_or_only_names_the_thing_is_not(own: OwnClaims, claim: ClaimAdded) -> None:
    assert found(own, claim, OTHERWISE[claim]) == []
