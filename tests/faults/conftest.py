"""How long the faults go on: a short round in the ordinary suite, `make soak` for the long ones."""

from __future__ import annotations

import os
import random

import pytest

ROUNDS = int(os.environ.get("ROUNDS", "5"))


@pytest.fixture
def seed() -> int:
    """SEED repeats a run's choices (not its timing); printed where a test fails."""
    chosen = int(os.environ.get("SEED") or random.randrange(10**6))
    print(f"SEED={chosen}")
    return chosen
