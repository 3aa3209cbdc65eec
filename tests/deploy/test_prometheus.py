"""What Prometheus's own tool says of its configuration, the alerts and their tests."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY, alerts, expressions, read_yaml

FOLDER = DEPLOY / "prometheus"
CASES = [
    case
    for test in read_yaml("prometheus/alerts_test.yml")["tests"]
    for case in test["alert_rule_test"]
]


def promtool(*arguments: str) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("not installed: promtool")
    done = subprocess.run(
        ["promtool", *arguments],  # noqa: S607 - where the system has it
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_is_valid() -> None:
    promtool("check", "config", "prometheus.yml")


def test_the_rules_are_valid() -> None:
    promtool("check", "rules", "--lint-fatal", "alerts.yml")


def test_each_alert_fires_when_it_should_and_else_not() -> None:
    promtool("test", "rules", "alerts_test.yml")


def test_the_expressions_of_the_dashboard_are_valid(tmp_path: Path) -> None:
    rules = [
        {"record": f"lyftr:{number}", "expr": text}
        for number, text in enumerate(expressions().values())
    ]
    file = tmp_path / "expressions.yml"
    file.write_text(json.dumps({"groups": [{"name": "lyftr", "rules": rules}]}))  # JSON is YAML
    promtool("check", "rules", str(file))


def test_every_alert_is_tested_to_fire_and_to_be_silent() -> None:
    names = {rule["alert"] for rule in alerts()}
    assert {case["alertname"] for case in CASES if case["exp_alerts"]} == names
    assert {case["alertname"] for case in CASES if not case["exp_alerts"]} == names


def test_every_alert_says_how_bad_it_is_and_what_is_wrong() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert re.fullmatch("Lyftr[A-Za-z]+", rule["alert"])
        assert rule["annotations"]["summary"]
