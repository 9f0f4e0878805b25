"""Where the weights are: those that we ship, and before them those that were trained again on this machine.

Called by whatever loads or writes weights. `DATA/models/trained` is written by `streamhub moderation train`;
whoever removes it goes back to what we ship.
"""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parent / "weights"

ADAPTER = "adapter.safetensors"
HEAD = "head.safetensors"
CLAIMS = "claims.safetensors"
CLAIM_WORDS = "claim_words.safetensors"


def trained(models: Path) -> Path:
    return models / "trained"


def in_force(models: Path, name: str) -> Path:
    own = trained(models) / name
    return own if own.is_file() else SHIPPED / name
