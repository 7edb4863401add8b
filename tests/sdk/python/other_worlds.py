"""Emulators that are started otherwise: by TLS with a certificate of their own, with users from a file."""

import contextlib
import json
import tempfile
import urllib.parse
from functools import partial
from pathlib import Path

import oss2

import support
from oss2_client import is_refused
from stage import service
from support import Refusal, equal

ACCOUNT = "1000000000000001"
BUCKET = "direct-transfer"


def user(name, *actions):
    """A user with one key, whose secret is its id backwards, and a policy."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {
        "UserName": name,
        "AccessKeys": [{"AccessKeyId": f"LTAI{name}", "AccessKeySecret": f"LTAI{name}"[::-1], "Status": "Active"}],
        "Policies": [{"Version": "1", "Statement": [statement]}],
    }


USERS = [
    user("writer", "oss:PutObject", "oss:GetObject"), user("reader", "oss:GetObject"), user("nobody", "oss:ListParts"),
]


@contextlib.contextmanager
def emulator(bin_dir):
    """A running emulator, as the line that it printed, with the file that holds its certificate authority."""
    with tempfile.TemporaryDirectory(prefix="sdk-stories-") as folder:
        folder = Path(folder)
        accounts = folder / "accounts.json"
        accounts.touch(mode=0o600)
        accounts.write_text(json.dumps({"AccountId": ACCOUNT, "RootAccessKeys": [], "Users": USERS, "Roles": []}))
        options = ("--https", "--accounts", str(accounts), "--no-sync")
        with service(Path(bin_dir) / "emulator", options, folder) as ready:
            authority = folder / "ca.pem"
            authority.write_bytes(support.send("GET", ready["control_endpoint"] + "/ca.pem").body)
            yield ready, str(authority)


def stories(world):
    """All stories as (name, function)."""
    for version in ("V1", "V4"):
        for tell in (speaks_tls, knows_its_users):
            yield f"oss2 {version} elsewhere: {tell.__name__.replace('_', ' ')}", partial(tell, world, version)


def bucket_of(started, version, name, endpoint=None):
    ready, authority = started
    session = oss2.Session()
    # Without the environment, whose own authorities would otherwise come first.
    session.session.verify, session.session.trust_env = authority, False
    auth = {"V1": oss2.Auth, "V4": oss2.AuthV4}[version](f"LTAI{name}", f"LTAI{name}"[::-1])
    return oss2.Bucket(auth, endpoint or ready["oss_endpoint"], BUCKET, session=session, region=ready["region"])


def speaks_tls(world, version):
    with emulator(world.bin_dir) as started:
        bucket = bucket_of(started, version, "writer")
        equal(urllib.parse.urlsplit(started[0]["oss_endpoint"]).scheme, "https", "scheme")
        bucket.put_object("safe.txt", b"body")
        equal(bucket.get_object("safe.txt").read(), b"body", "there and back")
        port = urllib.parse.urlsplit(started[0]["oss_endpoint"]).port
        by_name = bucket_of(started, version, "writer", f"https://localhost:{port}")
        equal(by_name.get_object("safe.txt").read(), b"body", "by the name of the host")
        bucket.session.session.verify = True
        try:
            bucket.get_object("safe.txt")
        except oss2.exceptions.RequestError as error:
            equal("CERTIFICATE_VERIFY_FAILED" in str(error), True, f"{error}")
        else:
            raise AssertionError("nobody else may trust the certificate")


def knows_its_users(world, version):
    with emulator(world.bin_dir) as started:
        writer, reader, nobody = (bucket_of(started, version, name) for name in ("writer", "reader", "nobody"))
        writer.put_object("shared.txt", b"body")
        equal(reader.get_object("shared.txt").read(), b"body", "read by another user")
        denied = Refusal(403, "AccessDenied")
        is_refused(denied, lambda: reader.put_object("shared.txt", b"new"))
        is_refused(denied, lambda: nobody.get_object("shared.txt"))
        stranger = bucket_of(started, version, "stranger")
        is_refused(Refusal(403, "InvalidAccessKeyId"), lambda: stranger.get_object("shared.txt"))
        is_refused(denied, lambda: writer.delete_object("shared.txt"))
