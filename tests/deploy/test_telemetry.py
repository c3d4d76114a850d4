"""Dashboard, alerts and docs speak of metrics that there are, and of all of them."""

import json
import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

from mmrag_pipeline.evaluation.measures import Judged, values_of_each
from mmrag_pipeline.metrics import METRICS

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"
ALERTS = ROOT / "deploy" / "alerts.yaml"
DOCS = ROOT / "docs" / "telemetry.md"
KNOWN = {
    name
    for metric in METRICS
    for end in (("", "_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",))
    for name in (metric.name + end,)
}


def expressions() -> list[str]:
    """Return every expression of the dashboard and of the rules."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    rules = [
        rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
    ]
    return [t["expr"] for panel in panels for t in panel["targets"]] + [r["expr"] for r in rules]


@pytest.mark.parametrize("expression", expressions())
def test_every_expression_asks_for_metrics_that_there_are(expression: str) -> None:
    names = set(re.findall(r"\bmmrag_\w+", expression))
    assert names
    assert names <= KNOWN


@pytest.mark.parametrize("expression", expressions())
def test_every_expression_asks_for_labels_that_its_metrics_have(expression: str) -> None:
    asked = set(re.findall(r"(\w+)=~?\"", expression))
    for by in re.findall(r"by \(([^)]*)\)", expression):
        asked |= {label.strip() for label in by.split(",")}
    names = re.findall(r"\bmmrag_\w+", expression)
    asked_of = [m for m in METRICS if any(name.startswith(m.name) for name in names)]
    held = {label for metric in asked_of for label in metric.labels}
    assert asked - {"le"} <= held
    assert expression.count("(") == expression.count(")")


def test_the_dashboard_shows_every_metric() -> None:
    shown = " ".join(expressions())
    assert [metric.name for metric in METRICS if metric.name not in shown] == []


def test_every_rule_says_what_happened_and_what_to_do() -> None:
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    assert all({"summary", "action"} <= rule["annotations"].keys() for rule in rules)
    assert len({rule["alert"] for rule in rules}) == len(rules)


def test_no_rule_counts_what_begins_at_0_in_each_pod() -> None:
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    counters = [metric.name for metric in METRICS if metric.kind == "counter"]
    asked = " ".join(rule["expr"] for rule in rules)
    assert [name for name in counters if name in asked] == []
    assert not re.search(r"\b(increase|rate)\(", asked)


def test_the_measures_that_are_watched_are_measured() -> None:
    (watched,) = set(re.findall(r'measure=~"([^"]+)"', ALERTS.read_text()))
    assert set(watched.split("|")) <= values_of_each([Judged((0,), 1)]).keys()


def test_the_docs_have_every_metric_with_its_kind_and_labels() -> None:
    text = DOCS.read_text()
    rows = [
        f"| `{m.name}` | {m.kind} | {', '.join(m.labels) or '–'} | {m.meaning} |" for m in METRICS
    ]
    assert [row for row in rows if row not in text] == []


def test_names_end_with_their_unit() -> None:
    units = {"counter": ("_total",), "histogram": ("_seconds", "_ratio")}
    wrong = [m.name for m in METRICS if not m.name.endswith(units.get(m.kind, ("",)))]
    assert wrong == []
