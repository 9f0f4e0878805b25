"""Where a broadcast can be seen may be passed on; other addresses may not."""

from __future__ import annotations

import pytest

from moderation.judge import Heard, judge_by_rules
from moderation.normalise import read
from moderation.policy import preset
from moderation.situation import Situation
from streamhub.facts import BroadcastCreated, BroadcastEdited, Stage, WordListed
from streamhub.state.projection import Entry

DEFAULT = preset("default")
VIDEO = Stage(kind="youtube", source="aB3_reef-Xy")


def begun(stage: Stage, home: str = "") -> Situation:
    situation = Situation(home=home)
    situation.evolve(Entry("1-0", BroadcastCreated(code="REEF", title="Reef", by="o", stage=stage)))
    return situation


def is_held(situation: Situation, text: str) -> bool:
    return judge_by_rules(Heard(read(text)), DEFAULT, situation.words(DEFAULT)) is not None


@pytest.mark.parametrize(
    ("stage", "text"),
    [
        (VIDEO, "it is also here: https://www.youtube.com/watch?v=aB3_reef-Xy&t=42s"),
        (VIDEO, "https://youtu.be/aB3_reef-Xy?t=3 my favourite moment"),
        (VIDEO, "on the phone https://m.youtube.com/live/aB3_reef-Xy"),
        (Stage(kind="bilibili", source="BV1xx411c7mD"), "回放 https://www.bilibili.com/video/BV1xx411c7mD/?p=2 去看"),
    ],
)
def test_a_link_to_the_picture_of_the_broadcast_is_no_advertisement(stage: Stage, text: str) -> None:
    assert not is_held(begun(stage), text)
    assert is_held(begun(Stage()), text), "under another broadcast it is some link"


@pytest.mark.parametrize(
    "text",
    [
        "watch mine: https://www.youtube.com/watch?v=bB3_reef-Xy",
        "https://youtu.be.example.com/aB3_reef-Xy",
        "https://youtu.be/aB3_reef-Xy and join https://t.me/reefcoins",
    ],
)
def test_other_links_are_looked_at_as_ever(text: str) -> None:
    assert is_held(begun(VIDEO), text)


def test_another_picture_lends_another_address() -> None:
    situation = begun(VIDEO)
    text = "it is here too: https://youtu.be/aB3_reef-Xy"
    assert not is_held(situation, text)
    situation.evolve(Entry("2-0", BroadcastEdited(by="o", title="Reefs")))
    assert not is_held(situation, text)
    situation.evolve(Entry("3-0", BroadcastEdited(by="o", stage=Stage())))
    assert is_held(situation, text)


def test_the_address_of_this_streamhub_may_be_passed_on_unless_somebody_lists_it() -> None:
    text = "join us: https://live.bluebay.site/b/REEF"
    situation = begun(Stage(), home="live.bluebay.site")
    assert not is_held(situation, text)
    assert is_held(situation, "join us: https://live.bluebay.site.example.shop/b/REEF")
    assert is_held(begun(Stage()), text)
    situation.evolve(Entry("2-0", WordListed(word="live.bluebay.site", effect="hold", by="host")))
    assert is_held(situation, text)
