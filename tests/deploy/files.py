"""What is in `deploy/`, as data."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

__all__ = ["DEPLOY", "ROOT", "alerts", "dashboard", "dockerfile", "expressions", "read_yaml"]

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def read_yaml(name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what a file of YAML holds."""
    return yaml.safe_load((DEPLOY / name).read_text())


def alerts() -> list[dict[str, Any]]:
    """Return the rules of Prometheus."""
    groups = read_yaml("prometheus/alerts.yml")["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """Return the dashboard of Grafana."""
    found: dict[str, Any] = json.loads((DEPLOY / "grafana" / "lyftr.json").read_text())
    return found


def expressions() -> dict[str, str]:
    """Return every expression over metrics, by where it is, as Prometheus is asked for it."""
    found = {rule["alert"]: rule["expr"] for rule in alerts()}
    board = dashboard()
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    for variable in board["templating"]["list"]:
        if asked := re.fullmatch(r"label_values\((.*), \w+\)", str(variable.get("definition"))):
            found[variable["name"]] = asked[1]
    return {
        name: text.replace("$__rate_interval", "5m").replace("$instance", ".*")
        for name, text in found.items()
    }


def dockerfile() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile in order, each with what follows it."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line]
