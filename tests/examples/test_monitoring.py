# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""examples/monitoring: the alerts fire when they should, Prometheus reads what a consumer serves."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from fedora_messaging._metrics.table import METRICS
from rabbitmq.ports import free_port
from support.embedded import Embedded
from support.programs import Programs

_CHECKOUT = Path(__file__).resolve().parents[2]
_EXAMPLES = _CHECKOUT / "examples" / "monitoring"
#: Where `make prometheus` puts it.
_INSTALLED = _CHECKOUT / ".prometheus" / "usr" / "bin"


def program(name: str) -> str:
    """The path of a program of Prometheus."""
    found = shutil.which(name, path=str(_INSTALLED)) or shutil.which(name)
    assert found is not None, f"{name} is not installed: run `make prometheus`"
    return found


@pytest.mark.parametrize(
    "arguments", [["check", "config", "prometheus.yml"], ["test", "rules", "alerts.test.yml"]]
)
def test_promtool(arguments: list[str]) -> None:
    """The configuration and the rules are valid, and each alert fires when it should and only then."""
    ran = subprocess.run(
        [program("promtool"), *arguments],
        cwd=_EXAMPLES,
        check=False,
        timeout=60,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert 0 == ran.returncode, ran.stdout


def test_every_alert_is_tested() -> None:
    """For each there is a case in which it fires, and one in which it does not."""
    alerts = re.findall(r"alert: (\w+)", (_EXAMPLES / "alerts.yml").read_text())
    tested = re.findall(r"alertname: (\w+)", (_EXAMPLES / "alerts.test.yml").read_text())

    assert sorted(alerts * 2) == sorted(tested)


def _exposed() -> dict[str, set[str]]:
    """The labels of each name that is in the text of the metrics."""
    names: dict[str, set[str]] = {}
    for metric in METRICS:
        histogram = metric.kind == "histogram"
        for suffix in ("_bucket", "_sum", "_count") if histogram else ("",):
            names[metric.name + suffix] = {*metric.labels, *(["le"] if suffix == "_bucket" else [])}
    return names


@pytest.mark.parametrize("name", ["alerts.yml", "alerts.test.yml", "grafana.json"])
def test_names_and_labels(name: str) -> None:
    """They name only metrics and labels that there are; `instance` is Prometheus' own."""
    text = (_EXAMPLES / name).read_text().replace('\\"', '"')
    exposed = _exposed()
    found = re.findall(r"\b(fedora_messaging_\w+)(?:\{([^}]*)\})?", text)

    assert found
    for metric, matchers in found:
        assert metric in exposed
        labels = set(re.findall(r"(\w+)=~?\"|(\w+)!=\"", matchers))
        assert {each for pair in labels for each in pair if each} <= exposed[metric] | {"instance"}


def test_the_dashboard_of_grafana() -> None:
    """Each panel has a query, and every metric but sums and counts of histograms is on one."""
    panels = json.loads((_EXAMPLES / "grafana.json").read_text())["panels"]
    text = " ".join(target["expr"] for panel in panels for target in panel["targets"])

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert [] == [metric.name for metric in METRICS if metric.name not in text]


def _ask(port: int, query: str) -> list[dict[str, Any]]:
    url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found
    except OSError:
        return []


def _wait_for(port: int, query: str) -> list[dict[str, Any]]:
    until = time.monotonic() + 60
    while not (found := _ask(port, query)):
        assert time.monotonic() < until, f"Prometheus does not know {query}"
        time.sleep(0.2)
    return found


@pytest.mark.fedora_messaging_real_broker
def test_prometheus_scrapes_a_consumer(programs: Programs, embedded: Embedded, tmp_path: Path) -> None:
    """With the example's configuration, but for ports and the interval, the state of a consumer is there; the
    alert is pending as soon as the consumer has gone.
    """
    port, own = free_port(), free_port()
    config = (_EXAMPLES / "prometheus.yml").read_text().replace("15s", "1s").replace("8000", str(port))
    (tmp_path / "prometheus.yml").write_text(config)
    shutil.copy(_EXAMPLES / "alerts.yml", tmp_path)
    command = [str(Path(sys.executable).parent / "fedora-messaging"), "consume"]
    command += ["--callback", "fedora_messaging.example:printer", "--queue-name", "q", "--routing-key", "#"]
    monitoring = f'[monitoring]\nport = {port}\naddress = "127.0.0.1"\n'
    consumer = programs.run(command, config=monitoring)
    programs.run(
        [
            program("prometheus"),
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{own}",
        ]
    )
    consuming = 'fedora_messaging_consumer_state{queue="q",state="consuming"} == 1'

    assert f"127.0.0.1:{port}" == _wait_for(own, consuming)[0]["metric"]["instance"]
    assert _wait_for(own, "fedora_messaging_build_info")
    consumer.kill()
    assert "FedoraMessagingDown" == _wait_for(own, "ALERTS")[0]["metric"]["alertname"]
