"""Random but plausible histories of one broadcast, for property tests: facts in the order of their entries."""

from __future__ import annotations

from hypothesis import strategies as st

from streamhub.facts import (
    BroadcastClosed,
    BroadcastCreated,
    BroadcastOpened,
    CommentDecided,
    CommentJudged,
    CommentSubmitted,
    DecisionUndone,
    Note,
    QuestionMoved,
    QuestionVoted,
    Reason,
    ViewerJoined,
)
from streamhub.state.projection import Entry

NOTE = Note(claim="m001", claim_zh="变暖停了", claim_en="Warming stopped", fact_zh="没有", fact_en="No", source="WMO",
            url="https://wmo.int")  # fmt: skip

viewers = st.sampled_from(["v-ann", "v-bo", "v-chen", "v-di"])


@st.composite
def histories(draw: st.DrawFn, most: int = 40) -> list[Entry]:
    """Entries with rising ids; later facts mostly name earlier ones, sometimes nothing that exists."""
    entries = [Entry("1000-0", BroadcastCreated(code="REEF", title="Reef", by="organizer"))]
    comments: list[str] = ["999-9"]
    decisions: list[str] = ["999-9"]
    for number in range(draw(st.integers(0, most))):
        entry_id = f"{1001 + number // 3}-{number}"
        kind = draw(st.integers(0, 8))
        comment = draw(st.sampled_from(comments))
        if kind <= 2:
            fact: object = CommentSubmitted(
                viewer=draw(viewers), nick="n", text=draw(st.text(min_size=1, max_size=8)), once=f"once-{number}",
                kind=draw(st.sampled_from(["comment", "question"])),
            )  # fmt: skip
            comments.append(entry_id)
        elif kind == 3:
            action = draw(st.sampled_from(["publish", "annotate", "hold", "reject"]))
            note = NOTE if action == "annotate" else None
            fact = CommentJudged(comment=comment, action=action, reasons=(Reason(code="unsure"),), note=note)
        elif kind == 4:
            fact = CommentDecided(
                comment=comment, action=draw(st.sampled_from(["publish", "annotate", "reject"])), by="host", note=NOTE
            )
            decisions.append(entry_id)
        elif kind == 5:
            fact = QuestionVoted(question=comment, viewer=draw(viewers), up=draw(st.booleans()))
        elif kind == 6:
            fact = QuestionMoved(
                question=comment, to=draw(st.sampled_from(["answering", "answered", "later", "dismissed"])), by="host"
            )
            decisions.append(entry_id)
        elif kind == 7:
            fact = DecisionUndone(decision=draw(st.sampled_from(decisions)), by="host")
        else:
            fact = draw(
                st.sampled_from([BroadcastOpened(by="o"), BroadcastClosed(by="o"), ViewerJoined(viewer="v-ann")])
            )
        entries.append(Entry(entry_id, fact))
    return entries
