"""The official STS clients, one for each signature, and alibabacloud-credentials, which asks the token server."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
from dataclasses import replace
from functools import partial
from pathlib import Path

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest
from aliyunsdksts.request.v20150401.GetCallerIdentityRequest import GetCallerIdentityRequest
from alibabacloud_sts20150401 import models
from alibabacloud_sts20150401.client import Client as Acs3Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.exceptions import DaraException

import oss2
from support import DEVICE_KEY, Credentials, Refusal, equal, same_refusal

READ_ONLY = {"Version": "1", "Statement": [
    {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:*/sts/*"},
]}


class Rpc:
    """aliyun-python-sdk-sts: signature 1.0, HMAC-SHA1."""

    label = "STS RPC"
    # The SDK's own word for SignatureDoesNotMatch, when the string to sign in the server's message is its own.
    wrong_secret = Refusal(400, "InvalidAccessKeySecret")

    def __init__(self, world, credentials):
        self.netloc = urllib.parse.urlsplit(world.sts_endpoint).netloc
        if credentials.token:
            credential = StsTokenCredential(credentials.id, credentials.secret, credentials.token)
            self.client = AcsClient(region_id=world.region, credential=credential)
        else:
            self.client = AcsClient(credentials.id, credentials.secret, world.region)

    def _ask(self, request):
        request.set_protocol_type("http")
        request.set_endpoint(self.netloc)
        request.set_accept_format("json")
        try:
            return json.loads(self.client.do_action_with_exception(request))
        except ServerException as error:
            return Refusal(error.get_http_status(), error.get_error_code())

    def assume_role(self, role, session, seconds, policy=None):
        """The answer's JSON, or the refusal."""
        request = AssumeRoleRequest()
        request.set_RoleArn(role)
        request.set_RoleSessionName(session)
        request.set_DurationSeconds(seconds)
        if policy is not None:
            request.set_Policy(policy)
        return self._ask(request)

    def get_caller_identity(self):
        """The answer's JSON, or the refusal."""
        return self._ask(GetCallerIdentityRequest())


class Acs3:
    """alibabacloud-sts20150401: ACS3-HMAC-SHA256."""

    label = "STS ACS3"
    wrong_secret = Refusal(400, "SignatureDoesNotMatch")

    def __init__(self, world, credentials):
        parts = urllib.parse.urlsplit(world.sts_endpoint)
        self.client = Acs3Client(Config(
            access_key_id=credentials.id, access_key_secret=credentials.secret, security_token=credentials.token,
            endpoint=parts.netloc, protocol=parts.scheme, region_id=world.region,
        ))

    def _ask(self, call):
        try:
            return call().body.to_map()
        except DaraException as error:
            # The SDK puts the status only among the data of the error.
            return Refusal(error.data["statusCode"], error.code)

    def assume_role(self, role, session, seconds, policy=None):
        """The answer's JSON, or the refusal."""
        return self._ask(lambda: self.client.assume_role(models.AssumeRoleRequest(
            role_arn=role, role_session_name=session, duration_seconds=seconds, policy=policy,
        )))

    def get_caller_identity(self):
        """The answer's JSON, or the refusal."""
        return self._ask(self.client.get_caller_identity)


def stories(world):
    """All stories as (name, function)."""
    for kind in (Rpc, Acs3):
        for tell in (assumes_a_role, narrows_it_by_a_session_policy, tells_who_calls):
            yield f"{kind.label}: {tell.__name__.replace('_', ' ')}", partial(tell, world, kind)
        for what, expected, attempt in refusals(world, kind):
            yield f"{kind.label}: refuses {what}", partial(is_refused, expected, attempt)
    yield "credentials URI: a program finds the token server by its environment", partial(finds_credentials_uri, world)
    yield "credentials URI: a program brings its key to a server that tells callers apart", partial(brings_its_key_in_the_uri, world)


def assumes_a_role(world, kind):
    answer = kind(world, world.key).assume_role(world.role_arn, "sdk.stories@1", 900)
    equal(answer["AssumedRoleUser"]["Arn"], world.role_arn + "/sdk.stories@1", "ARN")
    equal(answer["Credentials"]["AccessKeyId"].startswith("STS."), True, "a temporary key")
    bucket_of(world, credentials_of(answer)).put_object("sts/any.txt", b"x")


def narrows_it_by_a_session_policy(world, kind):
    bucket_of(world, world.key).put_object("sts/read.txt", b"x")
    answer = kind(world, world.key).assume_role(world.role_arn, "narrow", 900, json.dumps(READ_ONLY, indent=2))
    bucket = bucket_of(world, credentials_of(answer))
    equal(bucket.get_object("sts/read.txt").read(), b"x", "granted")
    try:
        bucket.put_object("sts/read.txt", b"y")
    except oss2.exceptions.AccessDenied as error:
        equal(error.ec, "0003-00000301", "EC")
    else:
        raise AssertionError("a write that the session policy does not grant went through")


def tells_who_calls(world, kind):
    account = world.role_arn.split(":")[3]
    user = kind(world, world.key).get_caller_identity()
    equal((user["IdentityType"], user["AccountId"]), ("RAMUser", account), "the key's owner")
    session = kind(world, world.token()).get_caller_identity()
    equal((session["IdentityType"], session["AccountId"]), ("AssumedRoleUser", account), "the token's owner")
    equal(session["Arn"].startswith(world.role_arn + "/"), True, f"ARN {session['Arn']}")


def refusals(world, kind):
    """What STS must refuse, as (what, the refusal, the attempt)."""
    ask = kind(world, world.key).assume_role
    role, name = world.role_arn, "sdk-stories"
    as_wrong = lambda credentials: kind(world, credentials).assume_role(role, name, 900)
    yield "a wrong secret", kind.wrong_secret, lambda: as_wrong(replace(world.key, secret="wrong"))
    yield "an unknown key", Refusal(404, "InvalidAccessKeyId.NotFound"), lambda: as_wrong(Credentials("LTAI5tX", "x"))
    seconds = Refusal(400, "InvalidParameter.DurationSeconds")
    yield "a duration that is too short", seconds, lambda: ask(role, name, 899)
    yield "a duration that is too long", seconds, lambda: ask(role, name, 3601)
    yield "a policy that is no JSON", Refusal(400, "InvalidParameter.PolicyGrammar"), lambda: ask(role, name, 900, "{")
    long = json.dumps({**READ_ONLY, "Comment": "x" * 2048})
    yield "a policy that is too long", Refusal(400, "InvalidParameter.PolicySize"), lambda: ask(role, name, 900, long)
    yield "an unknown role", Refusal(404, "EntityNotExist.Role"), lambda: ask(role + "-none", name, 900)
    yield "a malformed role", Refusal(400, "InvalidParameter.RoleArn"), lambda: ask("role", name, 900)
    yield "a bad session name", Refusal(400, "InvalidParameter.RoleSessionName"), lambda: ask(role, "a b", 900)
    chained = lambda: kind(world, world.token()).assume_role(role, name, 900)
    yield "a role of a role without permission", Refusal(403, "NoPermission"), chained
    yield "a clock that is off", Refusal(400, "InvalidTimeStamp.Expired"), lambda: with_clock_off(world, kind)


def with_clock_off(world, kind):
    with world.clock_moved(1000):
        return kind(world, world.key).assume_role(world.role_arn, "late", 900)


def is_refused(expected, attempt):
    found = attempt()
    if not isinstance(found, Refusal):
        raise AssertionError(f"expected {expected}, got an answer")
    same_refusal(found, expected)


def finds_credentials_uri(world):
    stores_and_reads(world, world.token_url, world.prefix, (0, "STS. stored and read\n"))


def brings_its_key_in_the_uri(world):
    keyed = f"{world.keyed_token_url}?key={DEVICE_KEY}"
    stores_and_reads(world, keyed, "devices/alice/", (0, "STS. stored and read\n"))
    for url, prefix, why in [
        (keyed, "devices/bob/", "AccessDenied"),
        (world.keyed_token_url + "?key=dtk_guess", "devices/alice/", "CredentialUnknown"),
        (world.keyed_token_url, "devices/alice/", "CredentialMissing"),
    ]:
        stores_and_reads(world, url, prefix, (1, ""), why)


def stores_and_reads(world, url, prefix, end, why=""):
    """A program in its own process: the SDK reads its environment when it is loaded."""
    program = Path(__file__).with_name("credentials_uri.py")
    with tempfile.TemporaryDirectory() as empty_home:
        environment = {**os.environ, "HOME": empty_home, "ALIBABA_CLOUD_CREDENTIALS_URI": url,
                       "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
        place = [world.region, world.oss_endpoint, world.bucket, prefix + "credentials-uri.txt"]
        command = [sys.executable, program, *place]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    equal((done.returncode, done.stdout), end, f"end of a program that said {done.stderr}")
    equal(why in done.stderr, True, f"{why} in what the program said: {done.stderr}")


def credentials_of(answer):
    found = answer["Credentials"]
    return Credentials(found["AccessKeyId"], found["AccessKeySecret"], found["SecurityToken"])


def bucket_of(world, credentials):
    if credentials.token:
        auth = oss2.StsAuth(credentials.id, credentials.secret, credentials.token, "v4")
    else:
        auth = oss2.AuthV4(credentials.id, credentials.secret)
    return oss2.Bucket(auth, world.oss_endpoint, world.bucket, region=world.region)
