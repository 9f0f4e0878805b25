"""Addresses of stores: what each names, and what a wrong one is told."""

from __future__ import annotations

import pytest

from streamhub.record.address import Durability, parse, with_durability, without_password


def test_one_server_goes_to_the_client_as_it_is() -> None:
    for url in (
        "redis://127.0.0.1:6379/0",
        "unix:///run/valkey.sock?db=1",
        "rediss://u:p@host:6380/0?ssl_cert_reqs=none",
    ):
        assert parse(url).url == url
        assert parse(url).durability == Durability()
    assert parse("valkey://host/0?replicas=1").url == "redis://host/0"
    assert parse("redis://host?replicas=1&disk=yes").durability == Durability(1, True, True)


def test_sentinels_and_clusters_name_several_hosts_and_ask_for_copies_unless_told_otherwise() -> None:
    sentinel = parse("redis+sentinel://u:p%40ss@s1:5000,s2,[::1]:7/evening/2")
    assert sentinel.hosts == (("s1", 5000), ("s2", 26379), ("::1", 7))
    assert (sentinel.service, sentinel.db, sentinel.username, sentinel.password) == ("evening", 2, "u", "p@ss")
    assert sentinel.durability == Durability(2, False, True)
    cluster = parse("rediss+cluster://h1:1,h2")
    assert (cluster.kind, cluster.hosts, cluster.tls) == ("cluster", (("h1", 1), ("h2", 6379)), True)
    assert cluster.durability == Durability(1, False, True)
    assert parse("redis+cluster://h1?replicas=0").durability == Durability(0, False, True)


@pytest.mark.parametrize("wrong", [
    "host:6379", "http://host", "unix+cluster:///x", "redis+sentinel://s1:26379", "redis+cluster://", "redis+cluster://h/3",
    "redis+cluster://h?replicas=many", "redis://h?disk=perhaps", "redis+other://h",
])  # fmt: skip
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(wrong)


def test_settings_are_added_where_the_address_says_nothing_itself() -> None:
    assert with_durability("redis://h/0", replicas=None, disk=False) == "redis://h/0"
    assert with_durability("redis://h/0", replicas=1, disk=True) == "redis://h/0?replicas=1&disk=yes"
    assert with_durability("redis+cluster://a,b?replicas=2", replicas=1, disk=False) == "redis+cluster://a,b?replicas=2"
    assert without_password("redis+cluster://u:secret@a:1,b:2/0") == "redis+cluster://a:1,b:2/0"
    assert without_password("redis://h") == "redis://h"
