from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec

from bench.chart import draw
from bench.figures import Amount, Line, at_least, at_most
from bench.plan import Findings, quick_plan
from bench.report import amounts, markdown, ratios, write

FINDINGS = Findings(
    lines=[
        Line("ours / ceiling", [0.71, 0.75], at_least(0.7)),
        Line("/stats: time at 1,000,000 messages / at 10,000", [2, 3], at_most(1.5)),
        Line("p99 with / without", [1.234]),
    ],
    amounts=[Amount("webhooks: ours", "requests/s", [9_000, 10_000.4])],
)


def test_ratios_stand_beside_their_goals() -> None:
    head, _, *rows = [cells(line) for line in ratios(FINDINGS.lines).splitlines()]
    assert head == ["ratio", "goal", "minimum", "median", "maximum", "reached"]
    assert rows[0] == ["ours / ceiling", "≥ 0.7", "0.71", "0.73", "0.75", "yes"]
    assert rows[1][1:] == ["≤ 1.5", "2", "2.5", "3", "**no**"]
    assert rows[2][1:] == ["-", "1.23", "1.23", "1.23", "-"]


def test_amounts_keep_all_digits_before_the_point() -> None:
    row = cells(amounts(FINDINGS.amounts).splitlines()[2])
    assert row == ["webhooks: ours", "requests/s", "9,000", "9,500", "10,000"]


def test_a_problem_is_on_the_page_in_place_of_the_assurance() -> None:
    plan = quick_plan(2)
    assert "exactly as many" in markdown(FINDINGS, plan, {})
    page = markdown(msgspec.structs.replace(FINDINGS, problems=["stored 9 of 10"]), plan, {})
    assert "stored 9 of 10" in page
    assert "exactly as many" not in page


def test_the_results_are_three_files(tmp_path: Path) -> None:
    write(tmp_path / "results", FINDINGS, quick_plan(2), {"python": "3.11"})
    assert {file.name for file in (tmp_path / "results").iterdir()} == {
        "README.md",
        "chart.svg",
        "latest.json",
    }
    found = msgspec.json.decode((tmp_path / "results" / "latest.json").read_bytes())
    assert found["ratios"][0]["rounds"] == [0.71, 0.75]
    assert found["ratios"][1]["reached"] is False
    assert found["plan"]["rounds"] == 2


def test_the_chart_has_a_bar_for_each_rate_and_each_growth() -> None:
    root = ET.fromstring(draw(FINDINGS))  # noqa: S314 - written just now
    assert [element.attrib["class"] for element in root if "rect" in element.tag] == ["bar", "bar"]
    words = [element.text for element in root if element.tag.endswith("text")]
    assert {"ours", "9,500", "/stats", "2.50"} <= set(words)


def test_an_empty_chart_is_a_picture_too() -> None:
    assert ET.fromstring(draw(Findings())).tag.endswith("svg")  # noqa: S314 - as above


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
