"""What a check says when it has something to say: a reason and what should follow.

Made by every check in this folder, read by `judge.py`.
"""

from __future__ import annotations

import msgspec

from streamhub.facts import Action, Note, Reason


class Finding(msgspec.Struct, frozen=True):
    action: Action
    reason: Reason
    note: Note | None = None
