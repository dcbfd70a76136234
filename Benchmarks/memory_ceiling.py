#!/usr/bin/env python3
"""Whether a run stays below the memory ceiling that its plan prints.

    Benchmarks/memory_ceiling.py [--count 20000] [--command .build/release/anagen] [--keep FOLDER]

Renders a few small scalps, links them COUNT times into a folder with a manifest row each, takes them
through Pipelines/reprocess.yaml, and compares the most memory that the process had with the plan's
ceiling: the sum of all bounds and 64 MiB. Ends with 1 when it is above, when the second half of the run
took more than 64 MiB beyond the first, and when not every row came to its end.
"""

import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PIPELINE = ROOT / "Pipelines" / "reprocess.yaml"
SCALPS = """
anagen: 1
name: scalps
vars: {data: {type: path}}
stages:
  scalps:
    use: phantom.scalp
    with: {subjects: [P1, P2, P3], visits: [V1, V2], regions: [VX], width: 320, height: 240, um_per_px: 10um}
  calibrate: {use: calibration.apply, from: scalps}
  analyse: {use: hair.analyse, from: calibrate}
  report: {use: report.visit, from: analyse}
"""


def render(command, folder):
    """The rendered originals, as paths below the run's private content."""
    pipeline = folder / "scalps.yaml"
    pipeline.write_text(SCALPS)
    out = folder / "scalps"
    subprocess.run([command, "run", pipeline, "--var", f"data={out}"],
                   check=True, stdout=subprocess.DEVNULL)
    pictures = [path for path in sorted((out / "private" / "content").glob("*/*"))
                if path.read_bytes()[:2] == b"\xff\xd8"]
    if not pictures:
        sys.exit("error: no picture was rendered")
    return pictures


def link(pictures, folder, count):
    """A folder of COUNT links with a manifest."""
    folder.mkdir()
    with open(folder / "manifest.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "subject", "visit", "date", "region", "um_per_px"])
        for number in range(count):
            name = f"{number:06}.jpg"
            os.link(pictures[number % len(pictures)], folder / name)
            rows.writerow([name, f"S{number // 8:05}", f"V{number // 4 % 2 + 1}", "2024-03-25", "VX", 10])


def resident(pid):
    """Resident memory in MiB now; 0 once the process has gone."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
    except (OSError, IndexError):
        return 0


def run(command, folder, count):
    """The run's report, its peak in MiB, its samples and its seconds."""
    variables = ["--var", f"images={folder / 'images'}", "--var", f"data={folder / 'out'}"]
    plan = json.loads(subprocess.run([command, "plan", PIPELINE, "--format", "json"] + variables,
                                     check=True, stdout=subprocess.PIPE).stdout)
    start, samples = time.monotonic(), []
    with open(folder / "report.json", "w") as report:
        child = subprocess.Popen([command, "run", PIPELINE, "--format", "json"] + variables, stdout=report)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            samples.append(resident(child.pid))
            time.sleep(0.2)
    seconds = time.monotonic() - start
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"error: the run ended with {os.waitstatus_to_exitcode(status)}")
    report = json.loads((folder / "report.json").read_text())
    return plan["memory"], report, usage.ru_maxrss / 1024, samples, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--command", default=ROOT / ".build" / "release" / "anagen")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        link(render(options.command, folder), folder / "images", options.count)
        memory, report, peak, samples, seconds = run(options.command, folder, options.count)
    ceiling = memory["ceilingBytes"] / 2**20
    half = len(samples) // 2
    early, late = max(samples[:half], default=0), max(samples[half:], default=0)
    print(f"{options.count} pictures in {seconds:.0f} s ({options.count / seconds:.1f}/s): "
          f"peak {peak:.0f} MiB, ceiling {ceiling:.0f} MiB, ratio {peak / ceiling:.2f}; "
          f"first half of the run {early:.0f} MiB, second half {late:.0f} MiB")
    first = report["edges"][0]
    whole = report["accepted"] == options.count and report["balanced"] and first["pending"] == 0
    if not whole:
        print(f"error: not every picture came to its end: {first}", file=sys.stderr)
    if peak > ceiling:
        print("error: the run took more memory than its plan allows", file=sys.stderr)
    # What the program may take beside its bounds (Plan.Memory.programAllowance).
    grows = late > early + 64
    if grows:
        print("error: the run takes more memory the longer it is", file=sys.stderr)
    sys.exit(0 if whole and peak <= ceiling and not grows else 1)


if __name__ == "__main__":
    main()
