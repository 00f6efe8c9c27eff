"""The development script that writes the JSON Schema files from the types of `town/models.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from . import models

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PUBLISHED: dict[str, Any] = {
    "status": models.StatusDocument,
    "show": models.ShowDocument,
    "watch": models.ChangeDocument | models.SourceChangeDocument,
    "doctor": models.DoctorDocument,
    "ack": models.AcksDocument,
    "config": models.ConfigDocument,
    "logs": models.LogDocument,
    "beads": models.BeadsDocument,
    "error": models.ErrorDocument,
    "demo": models.DemoDocument,
}


def schemas() -> dict[str, str]:
    """Returns file name -> text of each schema. A later version may add keys, so no schema forbids others."""
    return {f"{name}.json": _text(name, shape) for name, shape in PUBLISHED.items()}


def _text(name: str, shape: Any) -> str:
    schema = {"$schema": DIALECT, **TypeAdapter(shape).json_schema(), "title": f"gastown-tui {name}, schema 1"}
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for file, text in schemas().items():
        Path(__file__).with_name(file).write_text(text, "utf-8")
