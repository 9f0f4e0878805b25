"""The words of one broadcast: what its hosts allow (their own site, their donation page) and what they hold.

Made by `situation.py` from plain words, never from patterns; called by `judge.py`. An allowed address covers
its own pages and subdomains and nothing that merely begins like it (reef.org, not reef.org.example.com).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ahocorasick_rs import AhoCorasick, MatchKind

from moderation.checks.finding import Finding
from moderation.normalise import Reading, read
from streamhub.facts import Reason

MOST = 500
"""Words of one kind and broadcast; more are not looked at."""

BLANKED = "·"

_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.)?((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})((?:/[^\s\u3400-\u9fff]*)?)", re.IGNORECASE
)
_DROPPED = re.compile(r"[^\w+%@]|_")


class Words:
    """Finds whole words: one that begins or ends in a Latin letter or digit must stand alone there."""

    def __init__(self, allow: Iterable[str] = (), hold: Iterable[str] = ()) -> None:
        allowed = [word for word in (read(text).folded for text in list(allow)[:MOST]) if word]
        self._addresses = tuple(_bare(word) for word in allowed if _ADDRESS.fullmatch(word))
        self._allow = _Finder(word for word in allowed if not _ADDRESS.fullmatch(word))
        self._hold = _Finder(read(text).folded for text in list(hold)[:MOST])
        self.none = not allowed and not self._hold.words

    def clear(self, reading: Reading) -> Reading:
        """The reading without what is allowed; the same object if nothing of it is."""
        folded = _ADDRESS.sub(self._blank, reading.folded) if self._addresses else reading.folded
        folded = self._allow.blank(folded)
        squeezed = self._allow.blank(reading.squeezed)
        for found in _ADDRESS.finditer(reading.folded) if self._addresses else ():
            if self._is_allowed(found):
                squeezed = squeezed.replace(_DROPPED.sub("", found[0]), BLANKED)
        if folded == reading.folded and squeezed == reading.squeezed:
            return reading
        plain = _ADDRESS.sub(self._blank, reading.plain) if self._addresses else reading.plain
        return Reading(self._allow.blank(plain), folded, squeezed)

    def held(self, reading: Reading) -> Finding | None:
        if found := self._hold.first(reading.folded) or self._hold.first(reading.squeezed):
            return Finding("hold", Reason(code="unsure", rule="word", word=found))
        return None

    def _blank(self, found: re.Match[str]) -> str:
        return BLANKED if self._is_allowed(found) else found[0]

    def _is_allowed(self, found: re.Match[str]) -> bool:
        host, path = found[1].lower().removeprefix("www."), found[2].lower()
        return any(
            (host == allowed or host.endswith("." + allowed)) and (not page or path.startswith(page))
            for allowed, page in self._addresses
        )


class _Finder:
    def __init__(self, words: Iterable[str]) -> None:
        forms = {form for word in words for form in (word, _DROPPED.sub("", word)) if form}
        self.words = sorted(forms)
        self._find = AhoCorasick(self.words, matchkind=MatchKind.LeftmostLongest) if self.words else None

    def first(self, text: str) -> str:
        """The word that is found first, "" if none is."""
        return next((text[start:end] for start, end in self._spans(text)), "")

    def blank(self, text: str) -> str:
        parts, done = [], 0
        for start, end in self._spans(text):
            parts += [text[done:start], BLANKED]
            done = end
        return "".join((*parts, text[done:])) if parts else text

    def _spans(self, text: str) -> list[tuple[int, int]]:
        if self._find is None:
            return []
        return [
            (start, end)
            for _, start, end in self._find.find_matches_as_indexes(text)
            if not (_joined(text, start - 1, start) or _joined(text, end - 1, end))
        ]


def _joined(text: str, left: int, right: int) -> bool:
    """Whether the characters on both sides of a border are Latin letters or digits: the word goes on."""
    return left >= 0 and right < len(text) and _is_word(text[left]) and _is_word(text[right])


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _bare(address: str) -> tuple[str, str]:
    found = _ADDRESS.fullmatch(address)
    return (found[1].removeprefix("www."), found[2].rstrip("/")) if found else (address, "")
