"""`streamhub bench fanout` measures a real hub and its peers, and loses nothing doing so."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the measurement reads Linux's /proc")
def test_every_delivery_is_counted_and_the_figures_are_there() -> None:
    peers = ["stock", *(["raw"] if shutil.which("gcc") or shutil.which("cc") else [])]
    done = subprocess.run(
        [sys.executable, "-m", "web.cli", "bench", "fanout", "--viewers", "30", "--rate", "20", "--seconds", "1",
         "--deflate", "--against", ",".join(peers), "--json"],
        cwd=ROOT, capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert list(found) == ["streamhub", "compressed", *peers]
    for name, figures in found.items():
        assert figures["delivered"] == figures["expected"] >= 30 * 10, name
        assert figures["refused"] == 0
        assert figures["us_per_delivery"] > 0 and figures["p50_ms"] <= figures["p99_ms"]
        assert figures["options"] == {
            "viewers": 30, "rate": 20.0, "seconds": 1.0, "tick": 0, "moderation": False, "rooms": 1,
        }  # fmt: skip
    assert found["streamhub"]["rss_per_viewer_bytes"] < 30_000
    assert 0 < found["compressed"]["bytes_per_delivery"] < 0.9 * found["streamhub"]["bytes_per_delivery"]


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the measurement reads Linux's /proc")
def test_a_long_broadcast_is_opened_and_everything_about_it_is_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "web.cli", "bench", "opening", "--comments", "1500", "--viewers", "10", "--json"],
        cwd=ROOT, capture_output=True, timeout=170, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert list(found) == ["from its snapshot", "from the log alone", "joins", "pages"]
    for name, figures in found.items():
        assert figures["bytes"] > 30_000, name
        assert 0 < figures["turn_own_p99_ms"] <= figures["turn_own_max_ms"]
    assert found["from its snapshot"]["others_p99_ms"] > 0


def test_an_unknown_peer_is_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "web.cli", "bench", "fanout", "--against", "carrier"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "no such peer: carrier" in done.stderr


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the measurement reads Linux's /proc")
def test_what_a_machine_holds_is_measured_on_the_whole_product() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "web.cli", "bench", "load", "--viewers", "20", "--comments", "30", "--rooms", "5",
         "--json"],
        cwd=ROOT, capture_output=True, timeout=300, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert list(found) == ["log", "coming", "comments_one_hub", "comments_two_hubs", "rooms"]
    for name in ("comments_one_hub", "comments_two_hubs"):
        assert found[name]["delivered"] == found[name]["expected"] == 30 * 20
        assert found[name]["refused"] == 0 and found[name]["accepted_per_second"] > 0
    assert found["log"]["entries_per_second"] > 0 and found["coming"]["joined_per_second"] > 0
    assert 0 < found["rooms"]["idle_core_percent"] < 100
