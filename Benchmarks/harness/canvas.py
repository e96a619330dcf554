"""A canvas from its text to what is left to do, without a database: the pure part of a dry run."""

import json
import subprocess


def compile_all(measure: str, sizes: tuple[int, ...], rounds: int) -> list[dict]:
    """Read, validate, compile and dry run of canvases of these many nodes, milliseconds on the wall and of the CPU each."""
    rows = []
    for nodes in sizes:
        done = subprocess.run(
            [measure, "canvas", str(nodes), "--rounds", str(rounds)], check=True, capture_output=True, text=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        times = "  ".join(f"{name} {value:.2f} ms" for name, value in rows[-1]["cpu_ms"].items())
        print(f"  {nodes:,} nodes, {rows[-1]['jobs']:,} jobs, CPU: {times}", flush=True)
    return rows
