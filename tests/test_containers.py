"""What starts GenreGenie in containers and under systemd: linted, and consistent with itself."""

import ipaddress
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import containers
from tests.machine import ROOT

UNIT = ROOT / "contrib" / "genregenie.service"
MAX_EXPOSURE = 2.0  # of 10, by systemd's own measure


def program(name: str) -> str:
    """A program beside this Python, or on the path."""
    beside = Path(sys.executable).parent
    found = shutil.which(name, path=str(beside)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_a_linter_has_nothing_against_the_containerfile() -> None:
    done = run(program("hadolint"), containers.CONTAINERFILE)
    assert (done.returncode, done.stdout) == (0, "")


def test_all_it_copies_is_there_and_it_runs_as_nobody_in_particular() -> None:
    for line in containers.instructions("COPY"):
        *sources, _ = line.split()
        assert all((ROOT / source).exists() for source in sources)
    (user,) = containers.instructions("USER")
    assert int(user) > 1000
    assert f"--uid {user} " in " ".join(containers.instructions("RUN"))
    assert containers.command()[-1] == containers.PORT
    assert f":{containers.PORT}/healthz" in " ".join(containers.health_check())


def test_the_composition_is_one() -> None:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    done = run(program("check-jsonschema"), *schema, containers.COMPOSE)
    assert done.returncode == 0, done.stdout


def test_the_composition_agrees_with_itself() -> None:
    whole = yaml.safe_load(containers.COMPOSE.read_text(encoding="utf-8"))
    services: dict[str, Any] = containers.services()
    servers = {k: v for k, v in services.items() if v.get("image") == "genregenie"}
    assert set(servers) == {"a", "b"}
    for name, server in servers.items():
        assert server["environment"]["GENREGENIE_SERVER_NAME"] == name
        address = f"http://{name}:{containers.PORT}"
        assert server["environment"]["GENREGENIE_SERVER_ADDRESS"] == address
        assert server["read_only"]
        assert server["cap_drop"] == ["ALL"]
        assert server["healthcheck"]["test"] == ["CMD", *containers.health_check()]
        (trusted,) = {s["environment"]["GENREGENIE_TRUSTED_PROXIES"] for s in servers.values()}
    (subnet,) = (c["subnet"] for c in whole["networks"]["front"]["ipam"]["config"])
    assert ipaddress.ip_network(trusted) == ipaddress.ip_network(subnet)
    assert services["caddy"]["networks"] == ["front"]
    assert services["database"]["networks"] == ["back"]
    # What is mounted where it can be written is named below, and what is a file is there.
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            there = (ROOT / source).is_file() if source.startswith(".") else True
            assert there
            assert source.startswith(".") or source in whole["volumes"]
        assert not re.search(r":latest$|^[^:]+$", service["image"]) or "build" in service


def test_each_variable_in_it_is_in_the_docs() -> None:
    text = " ".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md"))
    named = re.findall(r"GENREGENIE_\w+", containers.COMPOSE.read_text(encoding="utf-8"))
    assert named
    assert {name for name in named if name not in text} == set()


def test_caddy_asks_the_servers_that_there_are() -> None:
    text = (ROOT / "contrib" / "Caddyfile").read_text(encoding="utf-8")
    asked = set(re.findall(r"\b(\w+):(\d+)", text))
    assert asked == {(name, containers.PORT) for name in ("a", "b")}


def test_systemd_understands_the_unit_and_finds_little_exposed(tmp_path: Path) -> None:
    analyse = program("systemd-analyze")
    text = UNIT.read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=(\S+)", text, flags=re.MULTILINE)
    unit = tmp_path / UNIT.name
    unit.write_text(text.replace(command, sys.executable))
    done = run(analyse, "verify", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")
    done = run(analyse, "security", "--offline=true", unit)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= MAX_EXPOSURE
