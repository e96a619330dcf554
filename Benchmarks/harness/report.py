"""Writes what was measured: one JSON file of raw numbers, and tables for people."""

import datetime
import json
import pathlib
import statistics
import subprocess

from services import HOME, ROOT


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def summary(values: list[float]) -> dict:
    return {"count": len(values), "p50": statistics.median(values), "p99": percentile(values, 0.99)}


def write(results: dict) -> pathlib.Path:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    results["commit"] = commit
    results["date"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    path = HOME / "results.json"
    path.write_text(json.dumps(results, indent=2) + "\n")
    return path
