"""Alerts and dashboard ask for what a server really exposes."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.files import dashboard, expressions
from tests.support.server import LyftrServer, signed

EXPRESSIONS = expressions()
_WORDS = {"sum", "rate", "increase", "deriv", "absent", "histogram_quantile", "and", "or"}
"""What of the language is used; whatever else stands in an expression is the name of a metric."""
_OF_PROMETHEUS = {"job", "instance"}
_SELECTOR = re.compile(r"(\w+)\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)(=~|!=|=)"([^"]*)"')
_GROUPING = re.compile(r"\bby\s*\(([^)]*)\)")

Exposed = dict[str, dict[str, set[str]]]
"""For each metric its labels, and for each label the values there are."""


class Matcher(NamedTuple):
    metric: str
    label: str
    operator: str
    value: str


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    """What a server exposes that is not ready, after a webhook and a look at its health."""
    with LyftrServer(tmp_path_factory.mktemp("server")) as server:
        assert server.http.post("/webhook", **signed("m1")).status_code == 503
        assert server.http.get("/health/ready").status_code == 503
        server.http.get("/messages").raise_for_status()
        text = server.http.get("/metrics").text
    found: Exposed = {"up": {label: set() for label in _OF_PROMETHEUS}}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = found.setdefault(sample.name, defaultdict(set))
            for label, value in sample.labels.items():
                labels[label].add(value)
    return found


def names_in(expression: str) -> set[str]:
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', "", _GROUPING.sub("", expression))
    return set(re.findall(r"[a-zA-Z_:][\w:]*", bare)) - _WORDS


def matchers_in(expression: str) -> Iterator[Matcher]:
    for metric, inside in _SELECTOR.findall(expression):
        for found in _MATCHER.findall(inside):
            yield Matcher(metric, *found)


def labels_of(exposed: Exposed, expression: str) -> set[str]:
    return _OF_PROMETHEUS.union(*(exposed[name] for name in names_in(expression)))


def test_there_are_expressions() -> None:
    assert len(EXPRESSIONS) > 30


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_metric_is_one_of_the_server(exposed: Exposed, name: str) -> None:
    assert names_in(EXPRESSIONS[name])
    assert names_in(EXPRESSIONS[name]) - exposed.keys() == set()


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_metric_is_that_of_the_job(name: str) -> None:
    selected = {m.metric for m in matchers_in(EXPRESSIONS[name]) if m[1:] == ("job", "=", "lyftr")}
    assert selected == names_in(EXPRESSIONS[name])


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_label_that_is_asked_for_has_such_a_value(exposed: Exposed, name: str) -> None:
    for metric, label, operator, value in matchers_in(EXPRESSIONS[name]):
        if label in _OF_PROMETHEUS:
            continue
        assert label in exposed[metric]
        if operator == "=":
            assert value in exposed[metric][label]
        elif operator == "=~":
            assert set(value.split("|")) <= exposed[metric][label]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_grouping_is_by_a_label_of_the_metric(exposed: Exposed, name: str) -> None:
    for group in _GROUPING.findall(EXPRESSIONS[name]):
        assert set(re.split(r",\s*", group)) <= labels_of(exposed, EXPRESSIONS[name])


def test_every_legend_names_a_label_that_is_left() -> None:
    targets = [target for panel in dashboard()["panels"] for target in panel.get("targets", [])]
    for target in targets:
        grouped = set(re.split(r",\s*", ",".join(_GROUPING.findall(target["expr"]))))
        left = grouped if "sum" in target["expr"] else _OF_PROMETHEUS
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= left


def test_every_metric_of_the_server_is_on_the_dashboard(exposed: Exposed) -> None:
    def stem(name: str) -> str:
        return re.sub("_(bucket|sum|count|created)$", "", name)

    shown = {stem(name) for text in EXPRESSIONS.values() for name in names_in(text)}
    assert {stem(name) for name in exposed if not name.endswith("_created")} - shown == set()


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in panels):
        cells = {
            (place["x"] + right, place["y"] + down)
            for right in range(place["w"])
            for down in range(place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_the_dashboard_asks_the_data_source_that_is_chosen() -> None:
    board = dashboard()
    assert [v["name"] for v in board["templating"]["list"]] == ["datasource", "instance"]
    asking = [panel for panel in board["panels"] if panel["type"] != "row"]
    for part in [*asking, *(target for panel in asking for target in panel["targets"])]:
        assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
