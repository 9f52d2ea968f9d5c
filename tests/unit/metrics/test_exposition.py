# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The text formats, read by prometheus_client's parsers."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from fedora_messaging._metrics.exposition import CONTENT_TYPES, text, wants_openmetrics
from fedora_messaging._metrics.snapshot import Distribution, Snapshot, combined
from fedora_messaging._metrics.table import METRICS, Metric

FOLDER = Path(__file__).parent


def _example(metric: Metric) -> Snapshot:
    odd = 'a "quoted" \\ name\nof two lines'
    labels = tuple(odd if number == 0 else "x" for number, _ in enumerate(metric.labels))
    value: Any = 3
    if metric.kind == "histogram":
        value = Distribution(tuple(range(len(metric.buckets) + 1)), 12.5)
    return Snapshot({metric.name: {labels: value}}, {})


EVERYTHING = Snapshot(
    {name: series for metric in METRICS for name, series in _example(metric).series.items()}, {}
)


@pytest.mark.parametrize(("openmetrics", "name"), [(False, "golden.txt"), (True, "golden.openmetrics.txt")])
def test_the_text_as_a_whole(openmetrics: bool, name: str) -> None:
    """Every metric once: what changes in the text changes in the golden file, for all to see."""
    assert (FOLDER / name).read_text() == text(EVERYTHING, openmetrics=openmetrics)


@pytest.mark.parametrize("openmetrics", [False, True])
def test_the_parser_reads_what_was_written(openmetrics: bool) -> None:
    """Names, types, units, labels and values are those of the table."""
    parse: Any = openmetrics_families if openmetrics else plain_families
    families = {family.name: family for family in parse(text(EVERYTHING, openmetrics=openmetrics))}

    assert {metric.name.removesuffix("_total") for metric in METRICS} == set(families)
    for metric in METRICS:
        family = families[metric.name.removesuffix("_total")]
        assert (metric.kind, metric.help) == (family.type, family.documentation)
        assert family.unit == (metric.unit if openmetrics else "")
        for sample in family.samples:
            assert set(metric.labels) == set(sample.labels) - {"le"}
            if metric.labels:
                assert 'a "quoted" \\ name\nof two lines' == sample.labels[metric.labels[0]]
        if metric.kind == "histogram":
            buckets = [each for each in family.samples if each.name.endswith("_bucket")]
            count = next(each for each in family.samples if each.name.endswith("_count"))
            assert sorted(each.value for each in buckets) == [each.value for each in buckets]
            assert buckets[-1].value == count.value == sum(range(len(metric.buckets) + 1))
        else:
            assert [3] == [sample.value for sample in family.samples]


def test_of_several_processes() -> None:
    """The further label of gauges is valid as well."""
    total = combined({"0": EVERYTHING, "1": EVERYTHING})
    parse: Any = openmetrics_families
    families = {family.name: family for family in parse(text(total, openmetrics=True))}

    assert 6 == families["fedora_messaging_received"].samples[0].value
    assert {"0", "1"} == {
        sample.labels["worker"] for sample in families["fedora_messaging_publish_pending"].samples
    }


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text; version=1.0.0", True),
        ("application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.5", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=much", False),
    ],
)
def test_which_format(accept: str, openmetrics: bool) -> None:
    """The one that the client prefers; plain text when it does not say."""
    assert openmetrics is wants_openmetrics(accept)
    assert ("openmetrics" in CONTENT_TYPES[openmetrics]) is openmetrics


def test_the_documentation_names_every_metric() -> None:
    """The table on the page about monitoring is this table."""
    page = (FOLDER.parents[2] / "docs/how-to/monitoring.md").read_text()
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(f'`{each}`' for each in metric.labels) or '–'} "
        f"| {metric.help.rstrip('.')} |"
        for metric in METRICS
    ]

    assert [] == [row for row in rows if row not in page]
    assert len(METRICS) == page.count("\n| `fedora_messaging_")
