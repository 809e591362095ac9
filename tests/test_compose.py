"""Production by container. No engine runs here, so this reads the files and builds nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.source import ROOT
from tools import two_companies

SERVICES = {"postgres", "redis", "migrate", "web", "worker", "beat", "mail"}
FROM_ENVIRONMENT = re.compile(r"env(?:\.\w+)?\(\s*\"(\w+)\"")
EXPLAINED = re.compile(r"^(?:# )?([A-Z][A-Z_]+)=", re.MULTILINE)


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_all_services_are_there(services: dict[str, dict[str, Any]]) -> None:
    assert services.keys() == SERVICES


@pytest.mark.parametrize("name", sorted(SERVICES - {"migrate"}))
def test_lasting_services_tell_their_health(services: dict[str, dict[str, Any]], name: str) -> None:
    assert services[name]["healthcheck"].keys() >= {"test", "interval", "timeout", "retries"}


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_the_application_waits_for_the_schema(services: dict[str, dict[str, Any]], name: str) -> None:
    waits_for = services[name]["depends_on"]
    assert waits_for["migrate"]["condition"] == "service_completed_successfully"
    assert waits_for.keys() <= services.keys()


def test_ports_are_open_to_this_machine_only(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_foreign_images_have_a_version(services: dict[str, dict[str, Any]]) -> None:
    images = [service["image"] for service in services.values() if "build" not in service]
    assert len(images) == 3
    assert all(re.search(r":v?\d", image) for image in images)


def test_no_password_stands_in_the_file(services: dict[str, dict[str, Any]]) -> None:
    values = [str(value) for service in services.values() for value in service.get("environment", {}).values()]
    secrets = [value for value in values if "PASSWORD" in value or "@" in value]
    assert secrets
    assert all("${POSTGRES_PASSWORD:?" in value for value in secrets)


def test_image_runs_as_nobody_special(dockerfile: str) -> None:
    *_, last_user = re.findall(r"^USER (\w+)", dockerfile, re.MULTILINE)
    assert last_user == "eventworx"
    assert dockerfile.index("USER eventworx") < dockerfile.index('CMD ["granian"')


def test_the_server_is_guarded_as_in_the_demo(dockerfile: str) -> None:
    command = json.loads(dockerfile.partition("\nCMD ")[2])
    start = command.index(two_companies.GUARDED[0])
    assert command[start : start + len(two_companies.GUARDED)] == two_companies.GUARDED


def test_without_containers_the_server_is_guarded_alike(dockerfile: str) -> None:
    """The operators' page gives the same command, but for the address; its proxy sets what the settings rely on."""
    page = (ROOT / "docs" / "betrieb.md").read_text()
    by_hand = next(line for line in page.splitlines() if line.startswith("granian ")).split()
    in_image = json.loads(dockerfile.partition("\nCMD ")[2])
    assert by_hand == ["127.0.0.1" if word == "0.0.0.0" else word for word in in_image]
    set_by_proxy = set(re.findall(r"proxy_set_header ([\w-]+) ", page))
    assert set_by_proxy == {"Host", "X-Forwarded-Proto", "X-Forwarded-For"}


def test_image_installs_only_what_is_locked(dockerfile: str) -> None:
    installs = re.findall(r"^RUN .*pip install.*$", dockerfile, re.MULTILINE)
    assert installs == ["RUN pip install --require-hashes --no-deps -r requirements/base.txt"]


def test_image_copies_what_exists(dockerfile: str) -> None:
    copied = [line.split()[1] for line in dockerfile.splitlines() if re.match(r"COPY (?!--from)", line)]
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_every_setting_is_explained_and_exists() -> None:
    read = set(FROM_ENVIRONMENT.findall((ROOT / "eventworx" / "settings.py").read_text())) | {"POSTGRES_PASSWORD"}
    assert set(EXPLAINED.findall((ROOT / ".env.example").read_text())) == read
