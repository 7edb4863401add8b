"""Runs every stack on every case by turns, and prints medians of processor time; see README.md."""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

CASES = ["T1", "T2", "T3", "PNG", "GIF"]
TITLES = {"T1": "12 MP JPEG → w 200", "T2": "→ w 1080", "T3": "T2 + two watermarks", "PNG": "PNG, alpha → w 800", "GIF": "GIF, 20 frames → w 240"}
LONG, SHORT = 9, 1


def cpu_of(command):
    """Processor seconds of a finished child."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ssim(a, b):
    """Mean structural similarity of the luma of two pictures, over windows of 8 by 8 pixels (Wang et al. 2004)."""
    a, b = (numpy.asarray(Image.open(path).convert("L"), dtype=numpy.float64) for path in (a, b))
    def mean(values):
        sums = numpy.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
        return (sums[8:, 8:] - sums[:-8, 8:] - sums[8:, :-8] + sums[:-8, :-8]) / 64
    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    cov = mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float((((2 * mean_a * mean_b + c1) * (2 * cov + c2)) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def main():
    arguments = argparse.ArgumentParser()
    for name in ["--ours", "--cache", "--font"]:
        arguments.add_argument(name, required=True)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    here = os.path.dirname(os.path.abspath(__file__))
    folder = tempfile.mkdtemp(prefix="bench-img-")
    subprocess.run([options.ours, "sources", folder], check=True)
    python = [sys.executable, os.path.join(here, "peers.py")]
    stacks = {
        "ours": [options.ours, "run"],
        "sharp": ["node", os.path.join(here, "peer_sharp.mjs")],
        "libvips": python + ["libvips"],
        "Pillow": python + ["pillow"],
    }
    os.environ.update(VIPS_CONCURRENCY="1", SHARP_FROM=os.path.join(options.cache, "node_modules"), FONT=options.font)
    times = {(stack, case): [] for stack in stacks for case in CASES}
    for _ in range(options.rounds):
        for case in CASES:
            for stack, command in stacks.items():
                spent = [cpu_of(command + [folder, case, str(count)]) for count in (LONG, SHORT)]
                times[stack, case].append((spent[0] - spent[1]) / (LONG - SHORT) * 1000)
    median = {key: statistics.median(values) for key, values in times.items()}
    print("| processor ms per picture (ratio to sharp) | " + " | ".join(TITLES[case] for case in CASES) + " |")
    print("| --- |" + " --- |" * len(CASES))
    for stack in stacks:
        cells = [f"{median[stack, case]:.1f} ({median[stack, case] / median['sharp', case]:.2f})" for case in CASES]
        print(f"| {stack} | " + " | ".join(cells) + " |")
    print("\n| SSIM to libvips | T1 | T2 |\n| --- | --- | --- |")
    cells = []
    for case, width in [("T1", 200), ("T2", 1080)]:
        ours, theirs = (os.path.join(folder, f"{case}-{stack}.png") for stack in ("ours", "libvips"))
        subprocess.run([options.ours, "png", folder, str(width), ours], check=True)
        subprocess.run(python + ["png", folder, str(width), theirs], check=True)
        cells.append(f"{ssim(ours, theirs):.4f}")
    print("| ours | " + " | ".join(cells) + " |")


main()
