"""Which claim a comment is about, from its words: learned, kept in 8 bits, and added to what the vector says."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from moderation.model.claim_words import fit_words, load_words
from moderation.model.claims import ClaimIndex, Forms
from moderation.normalise import read

TEXTS = (
    "the glaciers are growing again",
    "glaciers grow, look it up",
    "冰川又在变大了",
    "volcanoes emit more than people do",
    "one volcano and all your saving is gone",
    "火山排得比人多",
)
ABOUT = ("ice", "ice", "ice", "fire", "fire", "fire")
ASKED = (read("who says that glaciers would grow?"), read("有人说火山排得更多"), read("good morning"))


def test_words_tell_claims_apart_in_both_languages() -> None:
    words = fit_words(TEXTS, ABOUT)
    scores = words.score(ASKED)
    assert [words.claims[i] for i in scores[:2].argmax(axis=1)] == ["ice", "fire"]
    assert np.abs(scores[2]).max() < np.abs(scores[:2]).max() / 4


def test_what_is_kept_says_nearly_the_same(tmp_path: Path) -> None:
    words = fit_words(TEXTS, ABOUT)
    words.save(tmp_path / "words.safetensors")
    kept = load_words(tmp_path / "words.safetensors")
    assert kept is not None and kept.claims == words.claims
    assert np.abs(kept.score(ASKED) - words.score(ASKED)).max() < 0.02


def test_a_file_that_is_not_there_or_not_whole_is_no_model(tmp_path: Path) -> None:
    assert load_words(tmp_path / "none.safetensors") is None
    (tmp_path / "half.safetensors").write_bytes(b"half")
    assert load_words(tmp_path / "half.safetensors") is None


def test_where_vectors_know_nothing_the_words_decide() -> None:
    """Equal vectors for all wordings: without words the first claim would win each time."""
    vectors = np.tile(np.array([[0.6, 0.8]], dtype=np.float32), (len(TEXTS), 1))
    index = ClaimIndex(Forms(TEXTS, ABOUT, (True,) * len(TEXTS)), vectors, words=fit_words(TEXTS, ABOUT))
    found = index.nearest(vectors[:2], ASKED[:2])
    assert [best.claim for best, *_ in found] == ["ice", "fire"]


def test_words_of_other_claims_are_left_aside() -> None:
    vectors = np.eye(2, dtype=np.float32)
    index = ClaimIndex(Forms(("a", "b"), ("one", "two"), (True, True)), vectors, words=fit_words(TEXTS, ABOUT))
    assert index.nearest(vectors[1:], ASKED[:1])[0][0].claim == "two"
