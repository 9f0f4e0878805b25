"""What `app.py` puts into the application and pages take out: one typed key each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from redis.asyncio import Redis

from streamhub.campaign import CampaignModule
from streamhub.live.admission import Person, Signer
from streamhub.live.hub import Hub
from streamhub.live.neighbours import Neighbours
from web.settings import Settings

SETTINGS = web.AppKey("settings", Settings)
STORE = web.AppKey("store", Redis)
SIGNER = web.AppKey("signer", Signer)
HUB = web.AppKey("hub", Hub)
NEIGHBOURS = web.AppKey("neighbours", Neighbours)
MODULES: web.AppKey[Mapping[str, CampaignModule[Any]]] = web.AppKey("modules", Mapping)

PERSON = web.RequestKey("person", Person)
LOCALE = web.RequestKey("locale", str)
