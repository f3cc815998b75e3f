"""A plan's digest: what an approval names."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from agent.model.change import Plan


def digest(plan: Plan) -> str:
    """SHA-256, in hex, over every field of the plan in canonical JSON."""
    document = json.dumps(asdict(plan), sort_keys=True, default=str, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(document.encode()).hexdigest()
