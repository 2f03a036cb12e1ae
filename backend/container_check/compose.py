"""compose.yaml as data, with the defaults of its variables filled in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from shop.settings import ROOT

FILE = ROOT / "compose.yaml"


def services(file: Path = FILE) -> dict[str, dict[str, Any]]:
    """Return the services by name; ${NAME:-default} counts as its default."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", file.read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
    return found
