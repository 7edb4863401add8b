"""The services on this machine: started on free ports, awaited, and ended by the ids of their processes."""

import contextlib
import hashlib
import json
import os
import select
import subprocess
import tempfile
from pathlib import Path

from support import DEVICE_KEY, World

PREFIX = "users/sdk/"
"""The only folder that the app server's tokens reach."""
DEVICES = "devices/"
"""Where the folders of those are whom the second app server tells apart."""
START_SECONDS = 30
STOP_SECONDS = 10


@contextlib.contextmanager
def stage(bin_dir, policy_file):
    """The emulator and the app server with its session policy, as a `World`."""
    with tempfile.TemporaryDirectory(prefix="sdk-stories-") as folder, contextlib.ExitStack() as services:
        folder = Path(folder)
        start = lambda name, *arguments: services.enter_context(service(bin_dir / name, arguments, folder))
        emulator = start("emulator", "--data", str(folder / "data"))
        config = folder / "config.json"
        config.touch(mode=0o600)
        config.write_text(json.dumps({
            "AccessKeyID": emulator["access_key_id"],
            "AccessKeySecret": emulator["access_key_secret"],
            "RoleArn": emulator["role_arn"],
            "TokenExpireTime": "900",
            "PolicyFile": str(policy_file),
            "Listen": "127.0.0.1:0",
            "StsEndpoint": emulator["sts_endpoint"],
            "Bucket": emulator["bucket"],
            "ObjectPrefix": PREFIX,
            "Region": emulator["region"],
            "OssEndpoint": emulator["oss_endpoint"],
        }))
        server = start("server", "--config", str(config))
        yield World(emulator, server, start("server", "--config", str(telling_apart(config))), PREFIX, bin_dir)


def telling_apart(config):
    """The same settings for a server that knows its callers by device keys, and gives each a folder of its own."""
    settings = json.loads(config.read_text())
    settings.update(
        ObjectPrefix=DEVICES, TokenExpireTime="3600",
        Identity={"Providers": [{"Type": "DeviceKeys", "Keys": [
            {"Hash": "sha256:" + hashlib.sha256(DEVICE_KEY.encode()).hexdigest(), "User": "alice"},
        ]}]},
    )
    other = config.with_name("telling-apart.json")
    other.touch(mode=0o600)
    other.write_text(json.dumps(settings))
    return other


@contextlib.contextmanager
def service(program, arguments, folder):
    """A running program, as the line of JSON that it prints when it is ready."""
    log = folder / f"{program.name}.log"
    # Settings of whoever runs the stories must not reach in.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
    environment["RUST_LOG"] = "warn"
    with open(log, "wb") as errors:
        process = subprocess.Popen(
            [program, *arguments], stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL, env=environment
        )
    try:
        ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if ready else b""
        if not line:
            raise SystemExit(f"{program.name} was not ready in {START_SECONDS} s; it said:\n{log.read_text()}")
        yield json.loads(line)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
