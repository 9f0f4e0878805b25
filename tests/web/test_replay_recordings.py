"""Recordings as they are found in the wild: what is read, what is skipped, and with which line number."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.replaying import recording
from web.replaying.recording import Unreadable, load

GOOD = '<d p="{t},1,25,16777215,1700000000,0,{user},{row}">{text}</d>\n'


def written(tmp_path: Path, text: str | bytes, name: str = "evening.xml") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def good(text: str, t: float = 1.0, user: str = "a1b2c3d4") -> str:
    return GOOD.format(t=t, user=user, row=1, text=text)


def texts(path: Path) -> list[str]:
    return [said.text for said in load(path).said]


def test_a_recording_in_the_order_of_time(tmp_path: Path) -> None:
    path = written(tmp_path, "<?xml version='1.0'?>\n<i>\n" + good("later", 9.5) + good("sooner", 0.25) + "</i>\n")
    found = load(path)
    assert [(said.t, said.text, said.line) for said in found.said] == [(0.25, "sooner", 4), (9.5, "later", 3)]
    assert found.malformed == []


def test_odd_characters_are_read_as_they_were_meant(tmp_path: Path) -> None:
    lines = good("加油\x01\x0b 😀") + good("a & b &amp; c &lt;3 &#39;x&#x41;") + good("5 < 6 > 4") + good("两\n行")
    assert texts(written(tmp_path, lines)) == ["加油 😀", "a & b & c <3 'xA", "5 < 6 > 4", "两 行"]


@pytest.mark.parametrize("line", [
    '<d p="soon,1,25,0,1700000000,0,abc,1">x</d>',
    '<d p="nan,1,25,0,1700000000,0,abc,1">x</d>',
    '<d p="-1,1,25,0,1700000000,0,abc,1">x</d>',
    '<d p="1e99,1,25,0,1700000000,0,abc,1">x</d>',
    '<d p="1,1,25">x</d>',
    "<d>x</d>",
    '<d p="1,1,25,0,1700000000,0,,1">x</d>',
    '<d p="1,1,25,0,1700000000,0,abc,1"></d>',
    '<d p="1,1,25,0,1700000000,0,abc,1"/>',
    '<d p="1,1,25,0,1700000000,0,abc,1">never closed',
    '<d p="1,1,25,0,17000',
    '<d p=1,1,25,0,1700000000,0,abc,1>x</d>',
    "nothing of the kind",
])  # fmt: skip
def test_a_malformed_line_is_named_and_the_rest_goes_on(tmp_path: Path, line: str) -> None:
    found = load(written(tmp_path, f"<i>\n{good('before')}{line}\n{good('after')}</i>\n"))
    assert [said.text for said in found.said] == ["before", "after"]
    assert [each.line for each in found.malformed] == [3]
    assert "x" not in found.malformed[0].why.split()


def test_what_nobody_said_is_passed_over(tmp_path: Path) -> None:
    lines = (
        "<i><chatserver>chat.bilibili.com</chatserver>\n<style>td{color:red}\n.a{}</style>\n"
        + '<gift ts="1" user="x" giftname="辣条" />\n<sc ts="3" price="30">paid</sc>\n'
        + good("said")
        + '<guard ts="2"></guard>\n<d p="1,8,25,0,1700000000,0,abc,1">function(){}</d>\n'
        + '<d p="2,7,25,0,1700000000,0,abc,1">[0,0,"1-1",4.5,"placed",0,0]</d>\n</i>'
    )
    found = load(written(tmp_path, lines))
    assert [said.text for said in found.said] == ["said", "placed"]
    assert found.malformed == []


def test_a_whole_evening_on_one_line_and_a_very_long_file(tmp_path: Path) -> None:
    many = "".join(good(f"comment {n} 珊瑚", n / 10).strip() for n in range(3000))
    assert len(texts(written(tmp_path, f"<i>{many}</i>"))) == 3000
    lines = "".join(good(f"comment {n}", n / 10) for n in range(3000))
    found = load(written(tmp_path, lines + '<d p="9,1,25'))
    assert len(found.said) == 3000
    assert [each.line for each in found.malformed] == [3001]
    assert found.said[-1].line == 3000


def test_a_broken_element_does_not_swallow_what_follows_far_away(tmp_path: Path) -> None:
    found = load(written(tmp_path, '<d p="1,1' + "y" * 300_000 + "\n" + good("after")))
    assert [said.text for said in found.said] == ["after"]
    assert {each.line for each in found.malformed} == {1}


@pytest.mark.parametrize(("declared", "codec"), [("gb2312", "gb18030"), ("UTF-8", "utf-8-sig"), ("utf-16", "utf-16")])
def test_the_encodings_of_recorders(tmp_path: Path, declared: str, codec: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><i>\n{good("珊瑚")}</i>'
    assert texts(written(tmp_path, text.encode(codec))) == ["珊瑚"]


def test_nicknames_fit_and_the_nameless_get_a_neutral_one(tmp_path: Path) -> None:
    named = '<d p="1,1,25,0,1700000000,0,abc,1" user="{}" raw="{{&quot;a&quot;:1}}">x</d>\n'
    found = load(written(tmp_path, good("x") + named.format("小鱼") + named.format("n" * 60))).said
    assert [len(said.shown_nick) <= 24 for said in found] == [True] * 3
    assert found[0].shown_nick.startswith("viewer ")
    assert "a1b2c3d4" not in found[0].shown_nick
    assert found[1].shown_nick == "小鱼"


def test_json_lines(tmp_path: Path) -> None:
    lines = """{"t": 3, "user": "b", "text": "second"}

{"t": 1.5, "user": 7, "text": "first", "kind": "question", "nick": "Ann", "unknown": true}
{"t": 2, "user": "b"}
{"t": "soon", "user": "b", "text": "x"}
{"t": -2, "user": "b", "text": "x"}
{"t": 2, "user": "", "text": "x"}
{"t": 2, "user": "b", "text": " \\u0001 "}
{"t": 2, "user": "b", "text": "x", "kind": "shout"}
[1, 2]
not json
{"t": 2, "user": "b", "te"""
    found = load(written(tmp_path, lines, "evening.jsonl"))
    assert [(said.user, said.text, said.kind, said.line) for said in found.said] == [
        ("7", "first", "question", 3),
        ("b", "second", "comment", 1),
    ]
    assert [each.line for each in found.malformed] == [4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert found.malformed[0].why == "Object missing required field text"


def test_too_large_a_recording_is_refused_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, good("a") + good("b") + good("c"))
    monkeypatch.setattr(recording, "COMMENTS_LIMIT", 2)
    with pytest.raises(Unreadable, match="more than 2 comments"):
        load(path)
    monkeypatch.setattr(recording, "SIZE_LIMIT", 10)
    with pytest.raises(Unreadable, match="split it"):
        load(path)
