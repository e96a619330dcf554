"""Holds what was measured against the bars of the design, and prints ours, the peer's, the ratio and the verdict."""


def row(rows: list[dict] | None, who: str, clients: int | None = None) -> dict | None:
    for each in rows or []:
        if each["who"] == who and (clients is None or each["clients"] == clients):
            return each
    return None


class Table:
    def __init__(self):
        self.lines = [("what", "ours", "peer", "ratio", "bar", "")]

    def add(self, what: str, ours: str, peer: str, ratio: float | None, bar: str, met: bool | None) -> None:
        verdict = "" if met is None else "met" if met else "MISSED"
        self.lines.append((what, ours, peer, "" if ratio is None else f"{ratio:.1f} ×", bar, verdict))

    def __str__(self) -> str:
        widths = [max(len(line[column]) for line in self.lines) for column in range(6)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in self.lines)


def submissions(table: Table, rows: list[dict]) -> None:
    bars = {1: ("≥ 1.5 ×", 1.5, None), 16: ("≥ 10 ×, p99 ≤ 20 ms", 10, 20), 64: ("≥ 10 × or 10,000/s, p99 ≤ 20 ms", 10, 20)}
    for clients in (1, 16, 64, 256):
        ours, floor = row(rows, "studio", clients), row(rows, "pgbench", clients)
        if ours is None:
            continue
        peers = [peer for peer in rows if peer["who"].startswith("peer") and peer["clients"] == clients]
        best = max(peers, key=lambda each: each["rate"], default=None)
        text, least, wait = bars.get(clients, ("", None, None))
        ratio = ours["rate"] / best["rate"] if best else None
        met = None
        if least and ratio is not None:
            met = (ratio >= least or clients == 64 and ours["rate"] >= 10_000) and (wait is None or ours["p99"] <= wait)
        table.add(
            f"submissions, {clients} client(s)", f"{ours['rate']:,.0f}/s p50 {ours['p50']:.1f} p99 {ours['p99']:.1f} ms",
            " | ".join(f"{peer['who'][5:]} {peer['rate']:,.0f}/s p99 {peer['p99']:.0f} ms" for peer in peers), ratio, text, met)
        cpu = ours["cpu_ms"]
        table.add(
            "    CPU ms a job", f"gateway {cpu['gateway']:.3f} PostgreSQL {cpu['postgres']:.3f} Redis {cpu['redis']:.3f}",
            " | ".join(f"{peer['cpu_ms']['gateway']:.2f} + {peer['cpu_ms']['postgres']:.2f}" for peer in peers),
            (best["cpu_ms"]["gateway"] + best["cpu_ms"]["postgres"]) / (cpu["gateway"] + cpu["postgres"]) if best else None,
            "≤ 0.12 + 0.10" if clients in (16, 64) else "",
            cpu["gateway"] <= 0.12 and cpu["postgres"] <= 0.10 if clients in (16, 64) else None)
        if floor:
            table.add(
                "    beside pgbench, bare inserts", "", f"{floor['rate']:,.0f}/s {floor['cpu_ms']['postgres']:.3f} ms CPU",
                ours["rate"] / floor["rate"], "", None)


def noop(table: Table, rows: list[dict]) -> None:
    ours, peer, alone = row(rows, "studio"), row(rows, "peer"), row(rows, "Celery alone")
    if ours is None:
        return
    total = sum(ours["cpu_ms"].values())
    table.add(
        "no-op jobs, one worker", f"{ours['rate']:,.0f}/s", f"{peer['rate']:,.0f}/s" if peer else "",
        ours["rate"] / peer["rate"] if peer else None, "≥ 10 × or 7,000/s",
        ours["rate"] >= 7_000 or bool(peer) and ours["rate"] >= 10 * peer["rate"])
    table.add(
        "    CPU ms a job", " ".join(f"{part} {value:.3f}" for part, value in ours["cpu_ms"].items()) + f" = {total:.3f}",
        f"{sum(peer['cpu_ms'].values()):.2f}" if peer else "", sum(peer["cpu_ms"].values()) / total if peer else None,
        "≤ 0.2 in all", total <= 0.2)
    if alone:
        table.add(
            "    beside Celery alone, no database", "", f"{alone['rate']:,.0f}/s {sum(alone['cpu_ms'].values()):.2f} ms CPU",
            ours["rate"] / alone["rate"], "", None)


def waits(table: Table, rows: list[dict]) -> None:
    ours, peer = row(rows, "studio"), row(rows, "peer")
    if ours is None:
        return
    table.add(
        "submit → running, idle", f"p50 {ours['p50']:.2f} p99 {ours['p99']:.2f} ms",
        f"p50 {peer['p50']:.2f} p99 {peer['p99']:.2f} ms" if peer else "", peer["p50"] / ours["p50"] if peer else None,
        "p50 ≤ 2.5 p99 ≤ 8 ms", ours["p50"] <= 2.5 and ours["p99"] <= 8)


def fan_out(table: Table, rows: list[dict]) -> None:
    ours, peer = row(rows, "studio"), row(rows, "peer")
    if ours is None:
        return
    table.add(
        f"fan-out, {ours['clients']:,} clients", f"{ours['flood']['rate']:,.0f} deliveries/s",
        f"{peer['flood']['rate']:,.0f}/s" if peer else "", ours["flood"]["rate"] / peer["flood"]["rate"] if peer else None,
        "", None)
    for name, bar in (("flood", "≤ 2 µs"), ("paced", "")):
        table.add(
            f"    CPU µs a delivery, {name}", f"{ours[name]['cpu_us']:.2f}", f"{peer[name]['cpu_us']:.2f}" if peer else "",
            peer[name]["cpu_us"] / ours[name]["cpu_us"] if peer else None, bar, ours[name]["cpu_us"] <= 2 if bar else None)
    table.add(
        "    KiB a connection", f"{ours['kib']:.1f}", f"{peer['kib']:.1f}" if peer else "",
        peer["kib"] / ours["kib"] if peer else None, "≤ 12", ours["kib"] <= 12)
    table.add(
        "    late, at 20,000 deliveries/s", f"p50 {ours['paced']['p50']:.1f} p99 {ours['paced']['p99']:.1f} ms",
        f"p99 {peer['paced']['p99']:.1f} ms" if peer else "", None, "p99 ≤ 100 ms, none missing",
        ours["paced"]["p99"] <= 100 and ours["paced"]["missing"] == 0)


def growth(table: Table, results: dict) -> None:
    large = results.get("growth") or {}
    pairs = []
    for each in large.get("submissions", []):
        small = row(results.get("submissions"), "studio", each["clients"])
        if small and each["clients"] in (16, 64):
            pairs.append((f"submissions, {each['clients']} clients, rate", small["rate"] / each["rate"]))
            cost = [sum(side["cpu_ms"].values()) for side in (each, small)]
            pairs.append((f"submissions, {each['clients']} clients, CPU", cost[0] / cost[1]))
    for each in large.get("noop", []):
        small = row(results.get("noop"), "studio")
        if small:
            pairs.append(("no-op jobs, rate", small["rate"] / each["rate"]))
            pairs.append(("no-op jobs, CPU", sum(each["cpu_ms"].values()) / sum(small["cpu_ms"].values())))
    for each in large.get("latency", []):
        small = row(results.get("latency"), "studio")
        if small:
            pairs.append(("submit → running, p50", each["p50"] / small["p50"]))
    for what, ratio in pairs:
        table.add(f"with {large['fill']['jobs']:,} jobs: {what}", f"{(ratio - 1) * 100:+.0f} % dearer", "", None, "≤ 20 %", ratio <= 1.2)


def rest(table: Table, results: dict) -> None:
    if start := results.get("start"):
        memory, peer = start["megabytes"], start["peer"]
        table.add("start → /healthz", f"{start['start_ms']:.0f} ms", f"{peer['start_ms']:,.0f} ms",
                  peer["start_ms"] / start["start_ms"], "≤ 150 ms", start["start_ms"] <= 150)
        table.add("memory at rest", f"gateway {memory['gateway']:.1f} worker {memory['worker']:.1f} MB",
                  f"{peer['megabytes']:.0f} MB", peer["megabytes"] / memory["gateway"], "≤ 40, ≤ 60 MB",
                  memory["gateway"] <= 40 and memory["worker"] <= 60)
    for run in results.get("canvas_run", []):
        table.add(
            f"canvas of {run['jobs']:,} text nodes, two workers", f"{run['rate']:,.0f} nodes/s", "", None, "", None)
        # A small run is mostly the two workers' first statements, on each of their connections.
        table.add(
            "    CPU ms a node", " ".join(f"{part} {value:.2f}" for part, value in run["cpu_ms"].items()), "", None,
            "PostgreSQL ≤ 1.5 from 500 on" if run["jobs"] >= 500 else "",
            run["cpu_ms"]["postgres"] <= 1.5 if run["jobs"] >= 500 else None)
        table.add(
            "    dry run, admission, all cached",
            f"{run['dry_run_ms']:.0f} {run['admit_ms']:.0f} {run['cached_ms']:.0f} ms", "", None, "", None)
    for view, times in results.get("page", {}).items():
        table.add(
            f"the page: {view}", f"there after {times['there']:.0f} ms, first paint {times['painted']:.0f} ms", "", None,
            "≤ 1,000 ms", times["there"] <= 1_000)
    if publish := results.get("publish"):
        table.add(f"{publish['gibibytes']:g} GiB take → commit", f"{publish['ours']:.2f} s", f"git-lfs {publish['git_lfs']:.2f} s",
                  publish["git_lfs"] / publish["ours"], "≤ 1.2 × SHA-256", publish["ours"] <= 1.2 * publish["sha256"])


def functions(table: Table, results: dict) -> None:
    for each in results.get("functions", []):
        ours, peer = each["ours"], each["ffmpeg"]
        frames, cpu = peer["wall"] / ours["wall"], peer["cpu"] / ours["cpu"]
        table.add(each["what"], f"{ours['wall']:.2f} s, {ours['cpu']:.2f} s CPU, {ours['megabytes']:.0f} MB",
                  f"ffmpeg {peer['wall']:.2f} s, {peer['cpu']:.2f} s CPU", frames, "frames/s and CPU ≥ 1.0 ×", min(frames, cpu) >= 0.98)
    if memory := results.get("memory"):
        short, long = (memory["megabytes"][key] for key in (1, memory["minutes"]))
        for name, most in long.items():
            is_bound = name != "ffmpeg"
            table.add(f"memory, {name} of {memory['minutes']} min", f"{most:.0f} MB", f"1 min: {short[name]:.0f} MB", None,
                      "flat" if is_bound else "", most <= short[name] * 1.2 if is_bound else None)


def canvases(table: Table, rows: list[dict]) -> None:
    for each in rows:
        wall, cpu = each["ms"], each["cpu_ms"]
        table.add(
            f"canvas of {each['nodes']:,} nodes, {each['jobs']:,} jobs",
            " ".join(f"{name} {wall[name]:.1f} ({cpu[name]:.1f} CPU)" for name in ("validate", "compile", "dry run")) + " ms",
            "", None, "compile ≤ 100 ms" if each["nodes"] == 2_000 else "",
            wall["compile"] <= 100 if each["nodes"] == 2_000 else None)


def chunked(table: Table, rows: dict) -> None:
    for count, speedup in rows.get("speedup", {}).items():
        share = speedup["encode"] / int(count)
        table.add(
            f"export in chunks, {count} pinned worker(s)", f"encode {speedup['encode']:.2f} ×, whole {speedup['whole']:.2f} ×",
            "one piece, one worker", speedup["encode"], "≥ 0.85 × workers" if count != "1" else "",
            share >= 0.85 if count != "1" else None)


def table(results: dict) -> str:
    lines = Table()
    submissions(lines, results.get("submissions", []))
    noop(lines, results.get("noop", []))
    waits(lines, results.get("latency", []))
    fan_out(lines, results.get("fanout", []))
    growth(lines, results)
    chunked(lines, results.get("chunks", {}))
    rest(lines, results)
    functions(lines, results)
    canvases(lines, results.get("canvas", []))
    return str(lines)
