"""Measures moderation on labelled comments: what `streamhub moderation evaluate FILE` computes.

Called by the command line and by the tests. The comments go through the pipeline that the worker runs;
each stands alone, so nothing counts as repeated. A line that cannot be read is reported by its number.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from moderation.claim_kinds import Kind, claim_kinds
from moderation.judge import Heard, Verdict
from moderation.measure import PRECISION, measure
from moderation.model.seeds import LABELS
from moderation.normalise import read
from moderation.pipeline import Pipeline, load_model
from moderation.policy import load_policy

BATCH = 32
"""As in the worker."""

MOST_MISTAKES = 1000
"""Malformed lines listed; more are only counted."""

Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_LABEL_OF_REASON = {
    "contact": "promotion",
    "promotion": "promotion",
    "abuse": "abuse",
    "claim": "misinformation",
    "misinformation": "misinformation",
}
_RULE_SHARE = 0.9
"""Where a rule decides, its label gets this much of the score and the model's scores the rest."""


class Row(msgspec.Struct, frozen=True):
    """One labelled comment; `spam` is another word for promotion. Other fields are ignored."""

    text: str
    label: Literal["ok", "misinformation", "promotion", "abuse", "spam"]
    lang: str = ""

    @property
    def truth(self) -> str:
        return "promotion" if self.label == "spam" else self.label

    @property
    def language(self) -> str:
        return self.lang or ("zh" if _HAN.search(self.text) else "en")


class Mistake(msgspec.Struct, frozen=True):
    line: int
    message: str


class Result(msgspec.Struct, frozen=True):
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]
    seconds: float


def evaluate_file(
    path: Path,
    *,
    model: str,
    data: Path,
    rows_out: Path | None = None,
    progress: Progress | None = None,
    policy: Path | None = None,
) -> dict[str, object]:
    """The figures of a file of JSON lines; raises OSError, ModelUnusable, PolicyRefused."""
    lines, mistakes = _read(path)
    rows = [row for row, _ in lines]
    pipeline = Pipeline(load_model(model, data), load_policy(policy))
    result = evaluate(rows, pipeline, progress)
    if rows_out:
        encoder = msgspec.json.Encoder()
        with rows_out.open("wb") as out:
            for (row, fields), verdict in zip(lines, result.verdicts, strict=True):
                out.write(encoder.encode(row_out(row, verdict, fields)) + b"\n")
    return {
        **summary(result),
        "model": pipeline.model_name,
        "policy": pipeline.policy.version,
        "malformed": len(mistakes),
        "mistakes": [msgspec.to_builtins(mistake) for mistake in mistakes[:MOST_MISTAKES]],
    }


def read_rows(path: Path) -> tuple[list[Row], list[Mistake]]:
    """The rows, and what is wrong with the lines that are none. Empty lines are skipped."""
    lines, mistakes = _read(path)
    return [row for row, _ in lines], mistakes


def _read(path: Path) -> tuple[list[tuple[Row, dict[str, Any]]], list[Mistake]]:
    """Each row with all fields of its line."""
    rows: list[tuple[Row, dict[str, Any]]] = []
    mistakes = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            fields = msgspec.json.decode(line, type=dict[str, Any])
            rows.append((msgspec.convert(fields, Row), fields))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            mistakes.append(Mistake(number, str(error)))
    return rows, mistakes


def evaluate(rows: Sequence[Row], judge: Pipeline, progress: Progress | None = None) -> Result:
    """Every row through the pipeline, batched as in the worker."""
    verdicts: list[Verdict] = []
    started = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        batch = [Heard(read(row.text)) for row in rows[start : start + BATCH]]
        verdicts += judge.judge(batch, thorough=True)
        if progress:
            progress(len(verdicts), len(rows))
    return Result(tuple(rows), tuple(verdicts), time.perf_counter() - started)


def summary(result: Result) -> dict[str, Any]:
    """Figures over all rows and by language, as plain JSON types."""
    languages = sorted({row.language for row in result.rows})
    every = range(len(result.rows))
    return {
        "rows": len(result.rows),
        "seconds": round(result.seconds, 3),
        "per_second": round(len(result.rows) / result.seconds, 1) if result.seconds else None,
        "all": _figures(result, list(every)),
        "languages": {
            lang: _figures(result, [i for i in every if result.rows[i].language == lang]) for lang in languages
        },
    }


def _figures(result: Result, places: Sequence[int]) -> dict[str, Any]:
    rows = [result.rows[i] for i in places]
    verdicts = [result.verdicts[i] for i in places]
    shares = {
        label: _shares([v for row, v in zip(rows, verdicts, strict=True) if row.truth == label])
        for label in LABELS
        if any(row.truth == label for row in rows)
    }
    return {
        **measure([row.truth for row in rows], [scores_of(verdict) for verdict in verdicts]),
        "actions": _shares(verdicts),
        "actions_by_label": shares,
        "reasons": dict(Counter(verdict.finding.reason.code for verdict in verdicts if verdict.finding)),
    }


def _shares(verdicts: Sequence[Verdict]) -> dict[str, float]:
    counted = Counter(verdict.action for verdict in verdicts)
    return {
        action: round(counted[action] / len(verdicts), 4) if verdicts else 0.0
        for action in ("publish", "annotate", "hold", "reject")
    }


def scores_of(verdict: Verdict) -> dict[str, float]:
    """By label, the rules' word and the model's together."""
    scores: dict[str, float] = dict.fromkeys(LABELS, 0.0)
    if verdict.evidence:
        scores.update(verdict.evidence.scores)
    by_rule = verdict.finding and verdict.finding.reason.rule not in ("head", "doubt", "linear")
    decided = _LABEL_OF_REASON.get(verdict.finding.reason.code) if verdict.finding and by_rule else None
    if decided is None or decided == "misinformation":
        return scores
    return {
        label: round((1 - _RULE_SHARE) * score + (_RULE_SHARE if label == decided else 0.0), 4)
        for label, score in scores.items()
    }


def row_out(row: Row, verdict: Verdict, fields: dict[str, Any]) -> dict[str, object]:
    """One line of `--rows`: the fields of its line in the file, what was said of it and why, and the nearest claims."""
    scores = scores_of(verdict)
    matches = verdict.evidence.matches if verdict.evidence else ()
    return {
        **fields,
        "lang": row.language,
        "predicted": max(LABELS, key=lambda label: scores[label]),
        "scores": scores,
        "action": verdict.action,
        "reasons": [msgspec.to_builtins(verdict.finding.reason)] if verdict.finding else [],
        "claims": [
            {"claim": match.claim, "similarity": round(match.said, 4), "score": round(match.score, 4)}
            | claim_kinds().get(match.claim, Kind())._asdict()
            for match in matches
        ],
    }


def format_evaluation(result: dict[str, Any]) -> str:
    """The figures as text for a terminal."""
    lines = [
        f"{result['rows']} comments in {result['seconds']} s ({result['per_second']}/s), "
        f"model {result.get('model', '')}, policy {result.get('policy', '')}"
    ]
    for name, figures in {"all": result["all"], **result["languages"]}.items():
        lines += ["", f"{name}: {figures['rows']} rows, macro-F1 {_show(figures['macro_f1'])}"]
        lines.append(
            f"  {'label':<15}{'rows':>6}{'prec.':>8}{'recall':>8}{'F1':>8}{'AUC':>8}  recall at precision {PRECISION}"
        )
        for label, each in figures["labels"].items():
            shown = "".join(f"{_show(each[key]):>8}" for key in ("precision", "recall", "f1", "auc"))
            lines.append(f"  {label:<15}{each['rows']:>6}{shown}  {_show(each['recall_at_precision_95'])}")
        lines.append("  share of each action")
        for label, shares in [*figures["actions_by_label"].items(), ("all", figures["actions"])]:
            shown = "  ".join(f"{action} {share:.1%}" for action, share in shares.items() if share)
            lines.append(f"  {label:<15}{shown}")
        lines.append("  confusion (rows: what it is; columns: what was said)")
        lines.append(f"  {'':<15}" + "".join(f"{label[:8]:>10}" for label in LABELS))
        for label, counts in figures["confusion"].items():
            lines.append(f"  {label:<15}" + "".join(f"{counts[other]:>10}" for other in LABELS))
    for mistake in result.get("mistakes", []):
        lines.append(f"line {mistake['line']}: {mistake['message']}")
    return "\n".join(lines)


def _show(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
