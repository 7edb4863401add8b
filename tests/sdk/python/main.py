"""Tells all stories, prints a line for each, and at the end how many passed and failed."""

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

for name in list(os.environ):
    # Everything is on loopback, and nobody's own keys or proxies are to be used: said before an SDK reads them.
    if name.lower().endswith("_proxy") or name.startswith(("ALIBABA_CLOUD_", "OSS_", "ALIYUN_")):
        del os.environ[name]

import oss2_buckets
import oss2_client
import oss2_objects
import oss_v2_client
import oss_v2_families
import other_worlds
import sts_clients
from stage import stage

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PASS, FAIL = "PASS", "FAIL"
FAMILIES = (oss2_client, oss2_objects, oss2_buckets, oss_v2_client, oss_v2_families, other_worlds, sts_clients)


class Tally:
    """Counts stories, and shows each at once."""

    def __init__(self):
        self.counts = {PASS: 0, FAIL: 0}

    def tell(self, name, story):
        """Runs one story; whatever it raises is a failure."""
        started = time.monotonic()
        try:
            story()
            verdict, why = PASS, ""
        except Exception:
            verdict, why = FAIL, traceback.format_exc()
        self.counts[verdict] += 1
        print(f"{verdict} {name} ({time.monotonic() - started:.2f} s)", flush=True)
        for line in why.splitlines():
            print(f"     {line}", flush=True)

    def relay(self, command, environment):
        """Runs a program that prints the same lines, and counts them; one that breaks off is a failure."""
        failed_before = self.counts[FAIL]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8") as program:
            try:
                for line in program.stdout:
                    print(line, end="", flush=True)
                    verdict = line.split(" ", 1)[0]
                    if verdict in self.counts:
                        self.counts[verdict] += 1
            except BaseException:
                program.terminate()
                raise
        if program.returncode != 0 and self.counts[FAIL] == failed_before:
            self.counts[FAIL] += 1
            print(f"FAIL {command[0]} ended with status {program.returncode}", flush=True)


def main():
    """Exit status 0 when every story passed and there was one."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bin-dir", type=Path, required=True, help="the folder of the built emulator and server")
    arguments.add_argument("--opendal", type=Path, required=True, help="the built program of opendal's stories")
    arguments.add_argument("only", nargs="*", help="tell only the stories whose names contain one of these texts")
    options = arguments.parse_args()
    # So that an ended run ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Stories provoke errors on purpose; that the SDKs log them too would only bury the lines.
    logging.getLogger().addHandler(logging.NullHandler())
    tally = Tally()
    with stage(options.bin_dir.resolve(), ROOT / "policy" / "bucket_read_write_policy.txt") as world:
        for family in FAMILIES:
            for name, story in family.stories(world):
                if not options.only or any(text in name for text in options.only):
                    tally.tell(name, story)
        told = {**vars(world), "key": vars(world.key), "role": vars(world.assume_role(3600))}
        environment = {**os.environ, "SDK_WORLD": json.dumps(told)}
        tally.relay(["node", str(HERE.parent / "node" / "main.js"), *options.only], environment)
        tally.relay([str(options.opendal), *options.only], environment)
    passed, failed = tally.counts[PASS], tally.counts[FAIL]
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
