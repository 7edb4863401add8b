"""What every story needs: the world's addresses, keys and tokens, its clock, pictures, plain HTTP, expectations."""

import base64
import contextlib
import http.client
import http.server
import io
import json
import threading
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections import namedtuple
from dataclasses import dataclass, replace
from typing import Optional

from aliyunsdkcore.client import AcsClient
from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest
from Crypto.Hash import MD5
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15
from PIL import Image

AWKWARD_NAMES = ("dir/a b+中?.txt", "笑😀/100%&=#'\"<>~.txt", "double//slash/.hidden")
"""Object names that need every rule of encoding to be right."""

DEVICE_KEY = "dtk_the-key-of-one-device-of-the-stories"
"""Who presents it to the second app server is alice."""

Answer = namedtuple("Answer", "status headers body")
Refusal = namedtuple("Refusal", "status code ec", defaults=("",))
"""What a person can look up about a refusal. An empty `ec` in an expectation means that any will do."""


@dataclass(frozen=True)
class Credentials:
    """A key, with its security token when it is a temporary one."""

    id: str
    secret: str
    token: Optional[str] = None


class World:
    """The running services, from the lines that they printed when they were ready."""

    def __init__(self, emulator, server, server_with_keys, prefix, bin_dir):
        self.bin_dir = str(bin_dir)
        self.oss_endpoint = emulator["oss_endpoint"]
        self.sts_endpoint = emulator["sts_endpoint"]
        self.control_endpoint = emulator["control_endpoint"]
        self.region = emulator["region"]
        self.bucket = emulator["bucket"]
        self.role_arn = emulator["role_arn"]
        self.key = Credentials(emulator["access_key_id"], emulator["access_key_secret"])
        self.token_url = server["token_url"]
        self.keyed_token_url = server_with_keys["token_url"]
        self.prefix = prefix

    def token(self):
        """A token for the prefix, as an app fetches it from the app server."""
        answer = send("GET", self.token_url)
        equal(answer.status, 200, "status of the token server")
        body = json.loads(answer.body)
        equal(body["StatusCode"], 200, f"StatusCode of {body}")
        return Credentials(body["AccessKeyId"], body["AccessKeySecret"], body["SecurityToken"])

    def assume_role(self, seconds=900):
        """A token for everything that the role may, straight from STS."""
        client = AcsClient(self.key.id, self.key.secret, self.region)
        request = AssumeRoleRequest()
        request.set_protocol_type("http")
        request.set_endpoint(urllib.parse.urlsplit(self.sts_endpoint).netloc)
        request.set_accept_format("json")
        request.set_RoleArn(self.role_arn)
        request.set_RoleSessionName("sdk-stories")
        request.set_DurationSeconds(seconds)
        body = json.loads(client.do_action_with_exception(request))["Credentials"]
        return Credentials(body["AccessKeyId"], body["AccessKeySecret"], body["SecurityToken"])

    def expired_token(self):
        """A token and a context in which it has expired, while the clients' clocks are still good enough to sign with.

        OSS accepts a clock that is 15 minutes off, and no token is shorter than that. So the token is issued ten
        minutes in the past, ends five minutes from now, and is used by a server that is seven minutes ahead.
        """
        with self.clock_moved(-600):
            credentials = self.assume_role(900)
        return credentials, self.clock_moved(420)

    @contextlib.contextmanager
    def clock_moved(self, seconds):
        """Moves the emulator's clock, and back at the end."""
        self._advance(seconds)
        try:
            yield
        finally:
            self._advance(-seconds)

    def _advance(self, seconds):
        body = json.dumps({"advance_seconds": seconds})
        answer = send("POST", self.control_endpoint + "/clock", body, {"Content-Type": "application/json"})
        equal(answer.status, 200, "status of the control port")


def wrong_credentials(world, token):
    """Credentials that must be refused, each with what is wrong and how OSS says so."""
    forged = "CAIS" + token.token[4:-8] + "AAAAAAA="
    unknown = Refusal(403, "InvalidAccessKeyId", "0002-00000902")
    yield "a wrong secret", replace(world.key, secret="wrong"), Refusal(403, "SignatureDoesNotMatch", "0002-00000040")
    yield "a token's wrong secret", replace(token, secret="wrong"), Refusal(403, "SignatureDoesNotMatch")
    yield "an unknown key", Credentials("LTAI5tUnknownUnknown", "secret"), unknown
    yield "a forged token", replace(token, token=forged), Refusal(403, "InvalidSecurityToken")
    yield "garbage as a token", replace(token, token="garbage"), Refusal(403, "InvalidSecurityToken")
    # The app server gives the same token to whoever asks again; STS gives another.
    mixed = replace(world.assume_role(), token=token.token)
    yield "a token of another key", mixed, Refusal(403, "AccessKeyIdAndSecurityTokenNotMatch", "0002-00000004")
    bare = replace(token, token=None)
    yield "a temporary key without its token", bare, Refusal(403, "InvalidAccessKeyId", "0002-00000003")


def send(method, url, body=None, headers=None):
    """One HTTP request that carries exactly these headers: what a browser, or curl, does with a presigned URL."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, f"{parts.path or '/'}?{parts.query}", body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


@contextlib.contextmanager
def callback_server(world):
    """An app server on loopback that is called after uploads: it keeps what it is told, and whether OSS spoke.

    OSS signs, with RSA and MD5, the decoded path, the query and the body.
    """
    key_url = world.control_endpoint + "/callback_pub_key.pem"
    key = pkcs1_15.new(RSA.import_key(send("GET", key_url).body))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path, mark, query = self.path.partition("?")
            text = urllib.parse.unquote_to_bytes(path) + (mark + query).encode() + b"\n" + body
            named = base64.b64decode(self.headers["x-oss-pub-key-url"]).decode()
            try:
                key.verify(MD5.new(text), base64.b64decode(self.headers["authorization"]))
                good = named == key_url
            except ValueError:
                good = False
            self.server.verified.append(good)
            self.server.bodies.append(body)
            answer = b'{"answer":"yes"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.url, server.verified, server.bodies = f"http://127.0.0.1:{server.server_port}", [], []
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def refusal_of(answer):
    """The refusal in an answer that no SDK has read."""
    if answer.status < 300:
        raise AssertionError(f"expected a refusal, got {answer.status}")
    if not answer.body:
        return Refusal(answer.status, "")
    root = ElementTree.fromstring(answer.body)
    return Refusal(answer.status, root.findtext("Code"), root.findtext("EC", ""))


def with_changed(url, old, new):
    """The URL with one piece replaced; its signature stays."""
    if old not in url:
        raise AssertionError(f"{old!r} is not in {url}")
    return url.replace(old, new)


def equal(found, expected, what="value"):
    """Fails with both values."""
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


def same_refusal(found, expected):
    """Status, Code and, where expected, EC."""
    equal(found if expected.ec else found._replace(ec=""), expected, "refusal")


def picture(width, height):
    """A dark PNG with a gradient, so that sizes, colours and marks can be told from it."""
    image = Image.new("RGB", (width, height))
    image.putdata([(x * 60 // width, y * 60 // height, 40) for y in range(height) for x in range(width)])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def decoded(body):
    """Every pixel decoded: (format, size, image)."""
    image = Image.open(io.BytesIO(body))
    image.load()
    return image.format, image.size, image


def bright_pixels(image):
    """Where a white mark stands on a dark picture."""
    grey = image.convert("L")
    return {index for index, value in enumerate(grey.tobytes()) if value > 160}
