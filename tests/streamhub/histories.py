"""Random but plausible histories of one broadcast, for property tests: facts in the order of their entries."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from streamhub.facts import (
    AppealMade,
    BroadcastClosed,
    BroadcastCreated,
    BroadcastOpened,
    ClaimAdded,
    ClaimWithdrawn,
    CommentDecided,
    CommentErased,
    CommentJudged,
    CommentReported,
    CommentSubmitted,
    DecisionUndone,
    HousePolicyChanged,
    Note,
    PolicyChosen,
    QuestionMoved,
    QuestionVoted,
    Reason,
    RestrictionLifted,
    RolesRevoked,
    TrainingConsented,
    VerdictRevised,
    ViewerJoined,
    ViewerRestricted,
    WordListed,
    WordUnlisted,
)
from streamhub.state.projection import Entry

NOTE = Note(claim="m001", claim_zh="变暖停了", claim_en="Warming stopped", fact_zh="没有", fact_en="No", source="WMO",
            url="https://wmo.int")  # fmt: skip

viewers = st.sampled_from(["v-ann", "v-bo", "v-chen", "v-di"])

MODERATION = [
    PolicyChosen(preset="school", by="host"), PolicyChosen(preset="open", by="organizer"),
    ClaimAdded(id="own-1", claim_en="It is the paint", fact_en="It is not", source="Us", url="https://us.org", by="h"),
    ClaimWithdrawn(claim="own-1", by="host"), ClaimWithdrawn(claim="never-added", by="host"),
    WordListed(word="reef.org", effect="allow", by="host"), WordListed(word="reef.org", effect="hold", by="host"),
    HousePolicyChanged(policy="reef-0a1b2c3d", reason="fewer adverts"), HousePolicyChanged(policy="reef-ff"),
    WordUnlisted(word="reef.org", by="host"), WordUnlisted(word="never-listed", by="host"),
    TrainingConsented(given=True, by="organizer"), TrainingConsented(given=False, by="organizer"),
    ViewerRestricted(viewer="v-ann", effect="mute", until_ms=5000, by="host"),
    ViewerRestricted(viewer="v-ann", effect="ban", until_ms=9000, by="host"),
    RestrictionLifted(viewer="v-ann", by="host"), RestrictionLifted(viewer="v-nobody", by="host"),
    RolesRevoked(by="organizer"),
]  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, most: int = 40) -> list[Entry]:
    """Entries with rising ids; later facts mostly name earlier ones, sometimes nothing that exists."""
    entries = [Entry("1000-0", BroadcastCreated(code="REEF", title="Reef", by="organizer"))]
    comments: list[str] = ["999-9"]
    decisions: list[str] = ["999-9"]
    for number in range(draw(st.integers(0, most))):
        entry_id = f"{1001 + number // 3}-{number}"
        kind = draw(st.integers(0, 11))
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
            again = draw(st.booleans())
            kind_of = VerdictRevised if again and draw(st.booleans()) else CommentJudged
            fact = kind_of(comment=comment, action=action, reasons=(Reason(code="unsure"),), note=note)
            if isinstance(fact, CommentJudged) and again:
                fact = msgspec.structs.replace(fact, provisional=True)
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
        elif kind == 8:
            fact = AppealMade(comment=comment, viewer=draw(viewers), text="please look again")
        elif kind == 9:
            fact = CommentReported(
                comment=comment, viewer=draw(viewers), why="abuse", weight=draw(st.sampled_from([0.2, 0.5, 0.8])),
                hides=draw(st.booleans()),
            )  # fmt: skip
        elif kind == 10:
            fact = draw(st.sampled_from([*MODERATION, CommentErased(comment=comment, by="author")]))
        else:
            fact = draw(
                st.sampled_from([BroadcastOpened(by="o"), BroadcastClosed(by="o"), ViewerJoined(viewer="v-ann")])
            )
        entries.append(Entry(entry_id, fact))
    return entries
