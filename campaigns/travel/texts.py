"""What people read of this module, in Chinese and English; pages pick the language.

Refusals travel as the English sentence (`Refusal.message`) with field and limit beside it, so the sentences
carry no numbers and `translated` finds the other language. Callers: `rules.py`, `importing.py`, `web`.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    zh: str
    en: str


MODES: dict[str, Words] = {
    "walk": Words("步行", "walking"),
    "bike": Words("自行车", "bicycle"),
    "ebike": Words("电动自行车", "e-bike"),
    "bus": Words("公交车", "bus"),
    "metro": Words("地铁", "metro"),
    "tram": Words("有轨电车", "tram"),
    "train": Words("火车", "train"),
    "coach": Words("长途客车", "coach"),
}

REPLACED: dict[str, Words] = {
    "": Words("说不准", "not sure"),
    "car": Words("开私家车", "driving a car"),
    "taxi": Words("打车", "taking a taxi"),
    "motorcycle": Words("骑摩托车", "riding a motorcycle"),
    **MODES,
    "none": Words("本来不会出行", "would not have travelled"),
}

STATUSES: dict[str, Words] = {
    "counted": Words("已计入", "counted"),
    "review": Words("等待核对", "waiting for a check"),
    "rejected": Words("未计入", "not counted"),
    "withdrawn": Words("已撤回", "taken back"),
}

REASONS: dict[str, Words] = {
    "speed": Words(
        "这个速度对这种出行方式偏快，会有人核对", "That is fast for this way of travelling; a person will look"
    ),
    "trip_distance": Words("单次距离偏长，会有人核对", "That is long for one trip; a person will look"),
    "day_distance": Words(
        "当天这种方式的总距离偏长，会有人核对", "That adds up to a long way for one day; a person will look"
    ),
    "many_trips": Words("当天的行程较多，会有人核对", "That is many trips for one day; a person will look"),
    "duplicate": Words(
        "与您刚记录的行程相同；如果是返程，核对后会计入",
        "The same as a trip just logged; if it was the way back, it will count once a person has looked",
    ),
    "late": Words("记录时间较晚，会有人核对", "It was entered late; a person will look"),
    "after_close": Words("活动刚刚结束，会有人核对", "The campaign had just closed; a person will look"),
}

REFUSALS: dict[str, Words] = {
    "not_open": Words("活动尚未开始或已经结束，没有记录", "The campaign is not open; nothing was recorded"),
    "no_such_day": Words("没有这一天，请检查日期", "There is no such day; please check the date"),
    "future": Words("这一天还没到", "That day has not come yet"),
    "before_start": Words("这一天在活动开始之前", "That day was before the campaign began"),
    "after_end": Words("这一天在活动结束之后", "That day was after the campaign ended"),
    "too_late": Words("这次行程太早了，已超过补录期限", "That trip is too long ago to be entered now"),
    "team_name": Words(
        "队名只能用文字、数字、空格和 - _ . & ' # ( )，且不能含长串数字",
        "A team's name may hold letters, digits, spaces and - _ . & ' # ( ), and no long number",
    ),
    "no_such_trip": Words("找不到这次行程", "There is no such trip"),
    "not_yours": Words("只能撤回自己的行程", "Only the person who made a trip can take it back"),
    "hosts_only": Words("需要以主持人或组织者身份登录", "Sign in as host or organizer to do this"),
    "short": Words("距离太短", "The distance is too short"),
}

LINE_ERRORS: dict[str, Words] = {
    "no_column": Words("缺少这一列", "This column is missing"),
    "two_columns": Words("这一列出现了两次", "This column is there twice"),
    "empty": Words("不能为空", "This may not be empty"),
    "long": Words("太长", "This is too long"),
    "no_number": Words("不是数字（小数点请用 .）", "This is not a number (write decimals with a point)"),
    "out_of_range": Words("超出允许范围", "This number is out of range"),
    "no_day": Words("不是日期，例如 2026-11-22", "This is not a day such as 2026-11-22"),
    "no_mode": Words("不认识这种出行方式", "This way of travelling is not known"),
    "more_cells": Words("这一行的列数多于表头", "This line has more cells than the header"),
    "unreadable": Words("这一行无法读取", "This line cannot be read"),
    "many_rows": Words("文件行数太多，其余未读取", "The file has too many lines; the rest was not read"),
}

FIGURES: dict[str, Words] = {
    "km": Words("低碳出行里程", "kilometres"),
    "trips": Words("行程", "trips"),
    "people": Words("人数", "people"),
    "teams": Words("队伍", "teams"),
    "km_median": Words("每人里程（中位数）", "kilometres per person (median)"),
    "review": Words("等待核对的行程", "trips waiting for a check"),
    "co2e_avoided": Words("估算减少的二氧化碳当量", "estimated avoided CO2e"),
}

BOARDS: dict[str, Words] = {
    "km": Words("总里程", "kilometres"),
    "km_per_head": Words("人均里程", "kilometres per head"),
    "people": Words("人数", "people"),
    "trips": Words("行程", "trips"),
    "co2e_low": Words("估算减排（至少）", "estimated avoided, at least"),
    "co2e_high": Words("估算减排（至多）", "estimated avoided, at most"),
}

OPEN_TEAM = "open"
TEAMS: dict[str, Words] = {OPEN_TEAM: Words("开放队", "Open team")}

_CHINESE = {words.en: words.zh for table in (REFUSALS, LINE_ERRORS) for words in table.values()}


def translated(message: str, language: str) -> str:
    """A refusal's or line error's message in the reader's language ("zh..." or anything else)."""
    return _CHINESE.get(message, message) if language.lower().startswith("zh") else message
