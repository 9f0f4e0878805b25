"""The names that columns and ways of travelling have in people's files, in Chinese and English.

Compared in one plain form (`plain`): width, case, spaces, hyphens and a unit in brackets do not matter.
Called by `importing.py`.
"""

from __future__ import annotations

import re
import unicodedata

from campaigns.travel.facts import Mode, Replaced

REQUIRED = ("person", "team", "date", "mode", "km")
"""Columns without which nothing is imported; `minutes` and `replaces` may be missing."""

_COLUMN_NAMES = {
    "person": "person name participant member nickname 姓名 名字 人员 参与者 参加者 成员 昵称 学号 编号",
    "team": "team group class department 队伍 团队 队名 小组 小队 班级 部门",
    "date": "date day 日期 出行日期",
    "mode": "mode transport travelmode transportmode 方式 出行方式 交通方式 交通工具",
    "km": "km distance distancekm kilometres kilometers 公里 公里数 里程 距离 千米",
    "minutes": "minutes min duration durationminutes 分钟 时长 用时 耗时",
    "replaces": "replaces replaced instead insteadof 替代 替代方式 代替 原方式 原出行方式",
}

_MODE_NAMES: dict[Mode, str] = {
    "walk": "walk walking onfoot foot 步行 走路 徒步",
    "bike": "bike bicycle cycling cycle sharedbike 自行车 单车 骑行 骑车 骑自行车 共享单车",
    "ebike": "ebike pedelec electricbike electricbicycle 电动自行车 电动车 电单车 电助力车 电瓶车",
    "bus": "bus citybus 公交 公交车 巴士 公共汽车",
    "metro": "metro subway underground 地铁",
    "tram": "tram streetcar lightrail 有轨电车 电车 轻轨",
    "train": "train rail railway 火车 高铁 动车 铁路",
    "coach": "coach intercitybus 长途客车 长途汽车 客车 大巴",
}

_BASELINE_NAMES: dict[Replaced, str] = {
    "": "unknown notsure unsure 说不准 不确定 不清楚",
    "car": "car driving drive privatecar 小汽车 汽车 私家车 开车 自驾 开私家车",
    "taxi": "taxi cab ridehailing 出租车 网约车 打车 出租",
    "motorcycle": "motorcycle motorbike 摩托车 摩托 骑摩托车",
    "none": "none notravel notrip wouldnothavetravelled 不出行 本来不会出行 不会出行 无",
}


def plain(written: str) -> str:
    """The form in which names are compared."""
    text = unicodedata.normalize("NFKC", written).casefold()
    return re.sub(r"[\s_\-./]", "", re.sub(r"\(.*?\)", "", text))


COLUMNS: dict[str, str] = {name: field for field, names in _COLUMN_NAMES.items() for name in names.split()}
MODE_NAMES: dict[str, Mode] = {name: mode for mode, names in _MODE_NAMES.items() for name in names.split()}
REPLACED_NAMES: dict[str, Replaced] = {
    "": "",
    **dict(MODE_NAMES.items()),
    **{name: mode for mode, names in _BASELINE_NAMES.items() for name in names.split()},
}
