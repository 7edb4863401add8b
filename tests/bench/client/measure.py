"""Measures the clients against each other and prints a Markdown table; run.sh says with what.

measure.py EMULATOR TRANSFER PYTHON NODE_MODULES ROUNDS MEBIBYTES
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
CORES = sorted(os.sched_getaffinity(0))


def on_core(number):
    core = CORES[number % len(CORES)]
    return lambda: os.sched_setaffinity(0, {core})


def run(command, env):
    """Wall seconds, processor seconds and peak MiB of a command on the clients' core."""
    began = time.monotonic()
    child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, preexec_fn=on_core(1))
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command[0]} failed with status {child.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def make_file(path, mebibytes):
    """Bytes that do not compress; the same in each run."""
    block, left = os.urandom(1 << 20), mebibytes
    with open(path, "wb") as file:
        while left:
            file.write(block)
            left -= 1


def checksum(path):
    crc = 0
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            crc = zlib.crc32(block, crc)
    return crc


def clients(transfer, python, node_modules, folder):
    state = os.path.join(folder, "state")
    return {
        "transfer": {
            "up": lambda file, key: [transfer, "-q", "upload", file, key, "--checkpoints", state],
            "down": lambda file, key: [transfer, "-q", "download", key, file],
        },
        "oss2": {
            way: lambda file, key, way=way: [python, f"{HERE}/oss2_transfer.py", way, file, key, state]
            for way in ("up", "down")
        },
        "ali-oss": {
            way: lambda file, key, way=way: ["node", f"{HERE}/ali_oss_transfer.js", way, file, key]
            for way in ("up", "down")
        },
    }


def main():
    emulator, transfer, python, node_modules, rounds, mebibytes = sys.argv[1:]
    rounds, mebibytes = int(rounds), int(mebibytes)
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    folder = tempfile.mkdtemp(prefix="transfer-bench-", dir=memory)
    server = subprocess.Popen(
        [emulator, "--no-sync", "--data", os.path.join(folder, "oss")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=on_core(0), text=True,
    )
    try:
        ready = json.loads(server.stdout.readline())
        env = dict(
            os.environ, NODE_PATH=node_modules, OSS_ACCESS_KEY_ID=ready["access_key_id"],
            OSS_ACCESS_KEY_SECRET=ready["access_key_secret"], OSS_BUCKET=ready["bucket"], OSS_REGION=ready["region"],
            OSS_ENDPOINT=ready["oss_endpoint"],
        )
        source, copy = os.path.join(folder, "source"), os.path.join(folder, "copy")
        make_file(source, mebibytes)
        wanted = checksum(source)
        figures = {}
        for _ in range(rounds):
            for name, ways in clients(transfer, python, node_modules, folder).items():
                figures.setdefault((name, "up"), []).append(run(ways["up"](source, f"bench/{name}"), env))
                figures.setdefault((name, "down"), []).append(run(ways["down"](copy, f"bench/{name}"), env))
                if checksum(copy) != wanted:
                    sys.exit(f"{name} brought back other bytes")
                os.remove(copy)
        report(figures, mebibytes)
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def report(figures, mebibytes):
    print(f"{mebibytes} MiB, medians of {len(next(iter(figures.values())))}\n")
    print("| client | way | MiB/s | processor s | peak MiB | throughput of transfer | its processor time |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    middle = {row: [statistics.median(values) for values in zip(*runs)] for row, runs in figures.items()}
    for (name, way), (wall, processor, peak) in middle.items():
        ours = middle["transfer", way]
        times, share = f"{wall / ours[0]:.1f} ×", f"{ours[1] / processor:.2f} ×"
        print(f"| {name} | {way} | {mebibytes / wall:.0f} | {processor:.2f} | {peak:.0f} | {times} | {share} |")


main()
