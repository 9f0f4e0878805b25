"""The real encoder, prepared once for the session (or kept in the folder named by STREAMHUB_TEST_MODELS)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from moderation.model.encoder import resolve
from moderation.pipeline import Model, Pipeline, load_model
from moderation.policy import load_policy


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the default encoder prepared in it."""
    kept = os.environ.get("STREAMHUB_TEST_MODELS")
    data = Path(kept) if kept else tmp_path_factory.mktemp("data")
    resolve("e5-small", data)
    return data


@pytest.fixture(scope="session")
def encoder_dir(models: Path) -> Path:
    return Path(resolve("e5-small", models))


@pytest.fixture(scope="session")
def model(models: Path) -> Model:
    return load_model("e5-small", models)


@pytest.fixture(scope="session")
def pipeline(model: Model) -> Pipeline:
    return Pipeline(model, load_policy())
