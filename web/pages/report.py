"""/report/CODE: the organizer's report as a page or JSON, and its data as CSV and Parquet.

For the broadcast's host and for organizers. The archive is brought up to date first, so the numbers are those
of the log's last entry, which every answer names (`as_of`).
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import msgspec
from aiohttp import web

from streamhub.commands import refuse
from streamhub.facts import CODE_PATTERN
from streamhub.record.archive import archive_broadcast, archive_of_broadcast
from streamhub.record.directory import broadcast_exists
from web.keys import LOCALE, MODULES, SETTINGS, STORE
from web.pages.sign_in import person_in
from web.report.build import build_report
from web.report.csv_of_comments import comments_csv
from web.report.page import html
from web.report.shape import Report

routes = web.RouteTableDef()


@routes.get("/report/{code}")
async def page(request: web.Request) -> web.Response:
    """`?format=json` answers `report.shape.Report`; the page otherwise."""
    code = await _allowed(request)
    wanted = request.query.get("format", "html")
    if wanted not in ("html", "json"):
        raise refuse("invalid", "format is html or json", field="format", limit="html | json")
    report = await build_report(
        request.app[STORE], code, data=request.app[SETTINGS].archive_folder, modules=request.app[MODULES]
    )
    return report_response(report, wanted, request[LOCALE])


@routes.get("/report/{code}/comments.csv")
async def csv_file(request: web.Request) -> web.StreamResponse:
    code = await _allowed(request)
    archive = await archive_broadcast(request.app[STORE], code, request.app[SETTINGS].archive_folder)
    response = web.StreamResponse(headers=_as_file(f"{code}-comments.csv"))
    response.content_type, response.charset = "text/csv", "utf-8"
    await response.prepare(request)
    pieces = comments_csv(archive)
    try:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            await response.write(piece.encode())
    finally:
        await asyncio.to_thread(pieces.close)
    await response.write_eof()
    return response


@routes.get("/report/{code}/facts.parquet")
async def parquet_file(request: web.Request) -> web.FileResponse:
    code = await _allowed(request)
    archive = await archive_broadcast(request.app[STORE], code, request.app[SETTINGS].archive_folder)
    response = web.FileResponse(archive, headers=_as_file(f"{code}-facts.parquet"))
    response.content_type = "application/vnd.apache.parquet"
    return response


def report_response(report: Report, wanted: str, language: str) -> web.Response:
    if wanted == "json":
        return web.Response(body=msgspec.json.encode(report), content_type="application/json")
    text = html(report, language, address=f"/report/{report.code}")
    headers = {"Content-Language": language.replace("_", "-"), "Vary": "Accept-Language, Cookie"}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def _allowed(request: web.Request) -> str:
    """The code, if there is such a broadcast and whoever asks may read its report; raises Refused.

    Who may not is told so before anything is said about which codes exist."""
    code = request.match_info["code"].upper()
    if not (await person_in(request, code)).hosts(code):
        raise refuse("forbidden", "sign in as this broadcast's host or as an organizer")
    known = re.fullmatch(CODE_PATTERN, code) and (
        await broadcast_exists(request.app[STORE], code)
        or await asyncio.to_thread(_archived, request.app[SETTINGS].archive_folder, code)
    )
    if not known:
        raise refuse("unknown", "no such broadcast", field="code")
    return code


def _archived(folder: Path, code: str) -> bool:
    return archive_of_broadcast(folder, code).exists()


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
