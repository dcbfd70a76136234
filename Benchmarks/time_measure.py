#!/usr/bin/env python3
"""How long `anagen measure` takes on one core, decoding included, against decoding alone.

    Benchmarks/time_measure.py scalp.jpg --um-per-px 5 [--command .build/release/anagen]

Prints milliseconds of processor time a megapixel, start of the program taken off (measured on one
picture against ten copies of it), and the ratio to `djpeg` (libjpeg-turbo) decoding the same file,
measured in the same run where it is installed.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys


def processor_seconds(call, repeat):
    """The least processor time of a child over several calls, and its last output."""
    best, output = float("inf"), b""
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(call, stdout=subprocess.PIPE, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit(f"error: {call[0]} ended with {done.returncode}; see its message above")
        output = done.stdout
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best, output


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("picture")
    parser.add_argument("--um-per-px", type=float, required=True)
    parser.add_argument("--command", default=".build/release/anagen")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    call = [options.command, "measure", "--format", "json", "--no-overlay", "--jobs", "1"]
    call += ["--um-per-px", f"{options.um_per_px:g}"]
    one, output = processor_seconds(call + [options.picture], options.repeat)
    eleven, _ = processor_seconds(call + [options.picture] * 11, options.repeat)
    image = json.loads(output.splitlines()[0])["image"]
    megapixels = image["width"] * image["height"] / 1e6
    each = (eleven - one) / 10
    print(f"{image['width']} x {image['height']} px: {each * 1e3:.0f} ms a picture, "
          f"{each * 1e3 / megapixels:.0f} ms/Mpx on one core (limit 150), start {1e3 * (one - each):.0f} ms")
    if shutil.which("djpeg") and options.picture.lower().endswith((".jpg", ".jpeg")):
        peer, _ = processor_seconds(["djpeg", "-outfile", "/dev/null", options.picture], options.repeat)
        print(f"{each / peer:.1f} times djpeg ({peer * 1e3:.0f} ms)")


if __name__ == "__main__":
    main()
