"""What `Containerfile` and `compose.yaml` say, read for tests."""

import json
import re
from typing import Any

import yaml

from tests.machine import ROOT

CONTAINERFILE = ROOT / "Containerfile"
COMPOSE = ROOT / "compose.yaml"
PORT = "7860"


def instructions(name: str) -> list[str]:
    """What stands behind each instruction of this name, in the last stage or before."""
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [line.partition(" ")[2] for line in lines if line.startswith(f"{name} ")]


def environment() -> dict[str, str]:
    """The variables that a container has."""
    return dict(pair.split("=", 1) for line in instructions("ENV") for pair in line.split())


def command() -> list[str]:
    """What a container runs."""
    (found,) = instructions("CMD")
    words: list[str] = json.loads(found)
    return words


def health_check() -> list[str]:
    """What says whether it is well."""
    (found,) = instructions("HEALTHCHECK")
    words: list[str] = json.loads(found.partition("CMD ")[2])
    return words


def services() -> dict[str, Any]:
    """The services of the composition, what they share filled in."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found
