"""The command line against a running server: what each command does, its JSON, its refusals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from tests.running import Running
from web.cli import streamhub


class Shell:
    """`streamhub` on the data folder of the test server."""

    def __init__(self, server: Running) -> None:
        self.server = server

    def run(self, *arguments: str, data: bool = True) -> Result:
        return CliRunner().invoke(streamhub, [*arguments, *(("--data", str(self.server.data)) if data else ())])

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def shell(server: Running) -> Shell:
    return Shell(server)


def opened(shell: Shell, code: str) -> str:
    shell.json("broadcast", "create", "--code", code, "--title", "An evening")
    shell.json("broadcast", "open", code)
    return code


def test_a_broadcast_from_creation_to_report(shell: Shell, tmp_path: Path) -> None:
    made = shell.json(
        "broadcast", "create", "--code", "CLI-ONE", "--title", "礁 & reef", "--starts-at", "2026-12-05T19:30+08:00"
    )
    assert (made["code"], made["title"], made["status"]) == ("CLI-ONE", "礁 & reef", "scheduled")
    assert made["links"]["viewer"].endswith("/b/CLI-ONE")
    assert shell.json("broadcast", "open", "CLI-ONE") == {"code": "CLI-ONE", "status": "open"}
    listed = next(each for each in shell.json("broadcast", "list") if each["code"] == "CLI-ONE")
    assert (listed["status"], listed["starts_at"]) == ("open", 1796470200000)
    assert shell.json("broadcast", "close", "CLI-ONE") == {"code": "CLI-ONE", "status": "closed"}
    facts = [json.loads(line) for line in shell.run("log", "CLI-ONE").stdout.splitlines()]
    kinds = ["broadcast_created", "broadcast_opened", "broadcast_closed"]
    assert [each["fact"]["type"] for each in facts] == kinds
    rest = shell.run("log", "CLI-ONE", "--after", facts[0]["id"]).stdout.splitlines()
    assert [json.loads(line) for line in rest] == facts[1:]
    assert json.loads(shell.run("report", "CLI-ONE", "--format", "json").stdout)["code"] == "CLI-ONE"
    page = tmp_path / "report.html"
    assert shell.run("report", "CLI-ONE", "-o", str(page)).exit_code == 0
    assert "礁 &amp; reef" in page.read_text("utf-8")
    assert "CLI-ONE" in shell.run("broadcast", "list").stdout


@pytest.mark.parametrize(("arguments", "said"), [
    (["broadcast", "open", "NOBODY"], "NOBODY"),
    (["broadcast", "create", "--code", "CLI-TWO", "--title", "x", "--campaign", "NOPE"], "campaigns: "),
    (["campaign", "open", "NOBODY"], "NOBODY"),
    (["campaign", "create", "--id", "WEEK", "--title", "x", "--starts-on", "2026-12-01", "--ends-on", "2026-12-02",
      "--module", "dance"], "module: "),
    (["log", "NOBODY"], "NOBODY"),
    (["log", "REEF", "--after", "yesterday"], ""),
    (["report", "NOBODY"], "NOBODY"),
    (["link", "host", "NOBODY"], "NOBODY"),
])  # fmt: skip
def test_a_refusal_is_exit_code_1_and_the_servers_reason(shell: Shell, arguments: list[str], said: str) -> None:
    done = shell.run(*arguments)
    assert done.exit_code == 1, done.output
    assert said in done.stderr
    assert done.stdout == ""


def test_a_code_that_is_taken(shell: Shell) -> None:
    opened(shell, "CLI-TAKEN")
    done = shell.run("broadcast", "create", "--code", "CLI-TAKEN", "--title", "Another evening")
    assert (done.exit_code, "CLI-TAKEN is taken" in done.stderr) == (1, True)


def test_by_address_and_token_from_anywhere(shell: Shell) -> None:
    address = ["--url", shell.server.url, "--token"]
    assert shell.run("broadcast", "list", *address, shell.server.role(), data=False).exit_code == 0
    done = shell.run("broadcast", "list", *address, "forged", data=False)
    assert (done.exit_code, "organizer" in done.stderr) == (1, True)


def test_links_sign_in(shell: Shell) -> None:
    code = opened(shell, "CLI-LINK")
    for made in (shell.json("link", "host", code), shell.json("link", "organizer")):
        assert made["url"].startswith(f"{shell.server.url}/sign-in/")
    assert shell.run("link", "host", code).stdout.startswith("http")
    assert shell.json("link", "revoke", code)["broadcast"] == code
    assert f"streamhub link host {code}" in shell.run("link", "revoke", code).stdout


def test_a_campaign_and_its_trips(shell: Shell, tmp_path: Path) -> None:
    today = datetime.fromtimestamp(time.time(), ZoneInfo("Asia/Shanghai")).date().isoformat()
    week = ["--title", "Week", "--starts-on", today, "--ends-on", today]
    assert shell.json("campaign", "create", "--id", "CLI-WEEK", *week)["status"] == "scheduled"
    file = tmp_path / "trips.csv"
    file.write_text(f"person,team,date,mode,km\nLi,Blue,{today},bike,12\nWang,Green,{today},metro,far\n", "utf-8")
    closed = shell.run("travel", "import", str(file), "--campaign", "CLI-WEEK")
    assert (closed.exit_code, "not open" in closed.stderr) == (1, True)
    assert shell.json("campaign", "open", "CLI-WEEK")["status"] == "open"
    done = shell.json("travel", "import", str(file), "--campaign", "CLI-WEEK")
    assert (done["accepted"], done["repeated"]) == (1, 0)
    assert [(each["line"], each["field"]) for each in done["errors"]] == [(3, "km")]
    again = shell.run("travel", "import", str(file), "--campaign", "CLI-WEEK")
    assert "known already 1" in again.stdout
    assert "line 3: km: " in again.stderr
    file.write_text("nothing,of,the,kind\n1,2,3,4\n", "utf-8")
    assert shell.run("travel", "import", str(file), "--campaign", "CLI-WEEK").exit_code == 1
    listed = next(each for each in shell.json("campaign", "list") if each["id"] == "CLI-WEEK")
    assert (listed["status"], listed["module"]) == ("open", "travel")
    assert shell.json("campaign", "close", "CLI-WEEK")["status"] == "closed"


RECORDING = """<?xml version="1.0"?><i>
<d p="10.5,1,25,16777215,1700000000,0,a1,1">今晚的珊瑚真好看</d>
<d p="bad">x</d>
<d p="11,1,25,16777215,1700000001,0,a2,2">the clownfish \x01 & its anemone</d>
<gift user="x" giftname="y"/>
<d p="11.5,1,25,16777215,1700000002,0,a1,3">{long}</d>
<d p="12,1,25,16777215,1700000003,0,a3,4">加薇 ab c 1 2 3 4 领红包</d>
<d p="12,1,25,167"""


def test_a_replay_is_counted_exactly_and_can_be_repeated(shell: Shell, tmp_path: Path) -> None:
    code = opened(shell, "CLI-REPLAY")
    file = tmp_path / "evening.xml"
    file.write_text(RECORDING.format(long="长" * 201), "utf-8")
    done = shell.json("replay", str(file), "--broadcast", code, "--speed", "max")
    assert (done["comments"], done["sent"], done["accepted"], done["refused"]) == (4, 4, 3, 1)
    assert done["shown"] + done["held"] + done["rejected"] == 3
    assert (done["waiting"], done["held"], done["viewers"], done["stopped"]) == (0, 1, 3, "")
    assert [each["line"] for each in done["malformed_lines"]] == [3, 8]
    assert [each["line"] for each in done["refused_lines"]] == [6]
    facts = [json.loads(line)["fact"] for line in shell.run("log", code).stdout.splitlines()]
    said = [fact for fact in facts if fact["type"] == "comment_submitted"]
    assert [fact["via"] for fact in said] == ["replay"] * 3
    assert "the clownfish  & its anemone" in {fact["text"] for fact in said}
    again = shell.json("replay", str(file), "--broadcast", code, "--speed", "0")
    assert (again["accepted"], again["repeated"]) == (3, 3)
    told = shell.run("replay", str(file), "--broadcast", code, "--speed", "max", "--again")
    assert "3 accepted (0 of them said before)" in told.stdout
    assert "line 3: malformed" in told.stderr


def test_a_replay_needs_an_open_broadcast_and_a_recording(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "evening.xml"
    file.write_text(RECORDING, "utf-8")
    shell.json("broadcast", "create", "--code", "CLI-SHUT", "--title", "x")
    for code, said in (("CLI-SHUT", "is scheduled: open it first"), ("NOBODY", "NOBODY")):
        done = shell.run("replay", str(file), "--broadcast", code)
        assert (done.exit_code, said in done.stderr) == (1, True)
    assert shell.run("replay", str(file), "--broadcast", "CLI-SHUT", "--speed", "fast").exit_code == 2


def test_doctor_knows_the_running_server(shell: Shell) -> None:
    done = shell.run("doctor", "--port", str(shell.server.port), "--json")
    found = {each["check"]: each for each in json.loads(done.stdout)["findings"]}
    assert {found[name]["level"] for name in ("store", "server", "clock", "port", "secret", "data folder")} == {"ok"}
    assert "this StreamHub itself" in found["port"]["message"]


def test_interrupted_it_says_what_was_done_and_can_go_on(shell: Shell, tmp_path: Path) -> None:
    code = opened(shell, "CLI-STOP")
    file = tmp_path / "evening.jsonl"
    file.write_text("".join(f'{{"t": {n}, "user": "u{n}", "text": "comment {n}"}}\n' for n in range(0, 200, 2)))
    words = ["replay", str(file), "--broadcast", code, "--json", "--data", str(shell.server.data)]
    with subprocess.Popen([sys.executable, "-m", "web.cli", *words], stdout=subprocess.PIPE, text=True) as replay:
        deadline = time.monotonic() + 30
        while "comment_submitted" not in shell.run("log", code).stdout and time.monotonic() < deadline:
            time.sleep(0.2)
        replay.send_signal(signal.SIGINT)
        done = json.loads(replay.communicate(timeout=30)[0])
    assert (replay.returncode, done["interrupted"], 0 < done["sent"] < 100) == (130, True, True)
    rest = shell.json("replay", str(file), "--broadcast", code, "--speed", "max")
    assert (rest["accepted"], rest["repeated"]) == (100, done["accepted"])


def test_a_reader_that_has_enough_ends_the_log_quietly(shell: Shell) -> None:
    command = f"{sys.executable} -m web.cli log {opened(shell, 'CLI-HEAD')} --data {shell.server.data} | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
