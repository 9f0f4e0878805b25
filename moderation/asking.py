"""Whether a comment has the form of a question, honest or not.

Called by `pipeline.py`, where a card then takes more, and by `own_claims.py`: a question asserts no host's claim."""

from __future__ import annotations

import re

from moderation.normalise import Reading

_ASKS = re.compile(
    r"[?？][^?？\w]*$|(吗|呢|么)[。!！~，,\s]*$|^(请问|想问|求问|问一下)|有(谁|人)(知道|清楚|懂)"
    r"|^(how come|what if|why)\b"
    r"|^(does|did|is|are|was|were|can|could|would|should|has)\b"
    r"|^(do|will|have) (we|you|they|it|the|these|this|there|i|he|she|that|those|my|our)\b"
)


def asks(reading: Reading) -> bool:
    return _ASKS.search(reading.folded) is not None
