"""The examples of docs/deploy: linted, and in agreement with fakesmtp."""

from __future__ import annotations

import json
import os
import re
import smtplib
import subprocess
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from haproxy import run_config
from http_api import serving
from pages import ROOT
from raw_client import PATIENCE
from scenarios import KEYS

from fakesmtp.cli.serve import serve
from fakesmtp.cli.settings import SETTINGS
from fakesmtp.smtp.listeners import ENDPOINT_PORTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEPLOY = ROOT / "docs" / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
#: Each port of the endpoint, and the one that stands for it by default.
PORTS = {port: port + 1000 for port in ENDPOINT_PORTS}
HTTP = 8025


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - as YAML is
    """Return the only document of a file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def run(*command: str | Path, **environ: str) -> str:
    """Run a program that must succeed; return its output."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environ
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def container() -> dict[str, Any]:
    """Return the container of the Kubernetes Deployment."""
    pod = read_yaml(KUBERNETES / "deployment.yaml")["spec"]["template"]["spec"]
    found: dict[str, Any] = pod["containers"][0]
    return found


def test_dockerfile_is_clean(require_tool: Callable[[str], str]) -> None:
    """Hadolint finds nothing in the Dockerfile."""
    assert run(require_tool("hadolint"), DEPLOY / "Dockerfile") == ""


def test_dockerfile_copies_what_exists() -> None:
    """Every file that the image is made of is in the checkout."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert "fakesmtp" in names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_compose_is_valid(require_tool: Callable[[str], str]) -> None:
    """The reference implementation of Compose reads the file."""
    shown = run(require_tool("compose-go"), "-no-interpolation", DEPLOY / "compose.yaml")
    assert "replicas: 2" in shown


@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_kubernetes_is_valid(
    require_tool: Callable[[str], str], tmp_path: Path, version: str
) -> None:
    """Kustomize builds the manifests, which fit the schemas of Kubernetes strictly."""
    manifests = tmp_path / "all.yaml"
    manifests.write_text(run(require_tool("kustomize"), "build", KUBERNETES), encoding="utf-8")
    validate = require_tool("kubernetes-validate")
    shown = run(validate, "--strict", "--kubernetes-version", version, manifests)
    kinds = re.findall(r"passed for resource (\w+)/", shown)
    assert sorted(kinds) == ["deployment", "poddisruptionbudget", "service"]


def test_haproxy_accepts_its_configuration(require_tool: Callable[[str], str]) -> None:
    """HAProxy finds no error and no warning in its file."""
    shown = run(require_tool("haproxy"), "-c", "-f", DEPLOY / "haproxy.cfg")
    assert "WARNING" not in shown


def test_client_through_the_configuration(
    require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    """With the addresses of this test, the file of HAProxy serves SMTP and the API."""
    text = (DEPLOY / "haproxy.cfg").read_text(encoding="utf-8")
    with serving(tmp_path, proxy_protocol=True) as api:
        smtp, page = api.smtp.port(587), api.http.port
        for before, after in (
            ("bind :25,:587,:2587,:465,:2465", "bind {smtp}"),
            ("bind :8025", "bind {http}"),
            (
                "server-template replica 8 fakesmtp:+1000",
                f"server a 127.0.0.1:{smtp}",
            ),
            ("server-template replica 8 fakesmtp:8025", f"server a 127.0.0.1:{page}"),
            ("port 8025 resolvers dns init-addr none", f"port {page}"),
        ):
            assert before in text
            text = text.replace(before, after)
        haproxy = require_tool("haproxy")
        with run_config(haproxy, tmp_path, text, ["smtp", "http"]) as ports:
            with smtplib.SMTP("127.0.0.1", ports["smtp"], timeout=PATIENCE) as client:
                client.login(*KEYS)
                client.sendmail("a@example.com", ["b@example.com"], b"Subject: x\r\n\r\n")
            message = api.smtp.wait_for(subject="x", timeout=PATIENCE)
            with closing(HTTPConnection("localhost", ports["http"], timeout=PATIENCE)) as client:
                client.request("GET", "/api/fakesmtp/v1/messages")
                listed = json.loads(client.getresponse().read())
    assert message.session.proxy is not None
    assert listed["count"] == 1


# -- in agreement with fakesmtp --------------------------------------------------------------------


def examples_of_variables() -> Iterator[str]:
    """Return every name in the examples that is meant as a variable of fakesmtp."""
    for path in (DEPLOY / "Dockerfile", DEPLOY / "compose.yaml", KUBERNETES / "deployment.yaml"):
        yield from re.findall(r"FAKESMTP_\w+", path.read_text(encoding="utf-8"))


def test_variables_are_settings() -> None:
    """Every variable in the examples is one of a setting."""
    known = {setting.variable for setting in SETTINGS.values()}
    found = set(examples_of_variables())
    assert "FAKESMTP_STORE" in found
    assert found - known == set()


def test_commands_are_understood(container: dict[str, Any]) -> None:
    """The commands of Compose and Kubernetes have options of `fakesmtp serve` only."""
    compose = read_yaml(DEPLOY / "compose.yaml")["services"]["fakesmtp"]["command"]
    for command in (compose, container["args"]):
        name, *options = command
        assert name == "serve"
        context = serve.make_context("serve", options)
        assert context.params["drain_timeout"] == 20


def test_there_is_time_to_drain(container: dict[str, Any]) -> None:
    """Nothing kills a replica before it has drained."""
    pod = read_yaml(KUBERNETES / "deployment.yaml")["spec"]["template"]["spec"]
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > before + 20 + 10
    compose = read_yaml(DEPLOY / "compose.yaml")["services"]["fakesmtp"]
    assert compose["stop_grace_period"] == "40s"


def test_ports_agree(container: dict[str, Any]) -> None:
    """Every example has the endpoint's ports, and the replicas' ports for them."""
    inside = {each["name"]: each["containerPort"] for each in container["ports"]}
    service = read_yaml(KUBERNETES / "service.yaml")["spec"]["ports"]
    outside = {each["port"]: inside[each["targetPort"]] for each in service}
    assert outside == {**PORTS, HTTP: HTTP}
    haproxy = (DEPLOY / "haproxy.cfg").read_text(encoding="utf-8")
    bound = re.findall(r":(\d+)", " ".join(re.findall(r"^ +bind .*$", haproxy, re.MULTILINE)))
    assert sorted(map(int, bound)) == sorted(outside)
    published = read_yaml(DEPLOY / "compose.yaml")["services"]["haproxy"]["ports"]
    pairs = (each.removeprefix("127.0.0.1:").split(":") for each in published)
    assert {int(real): int(local) for local, real in pairs} == outside
    exposed = re.findall(r"^EXPOSE (.*)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert set(map(int, exposed[0].split())) == set(outside.values())
