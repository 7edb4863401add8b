"""oss2, the older Python SDK: V1, V2 and V4, with the long-term key and with a token."""

import hashlib
import os
import tempfile
from functools import partial

import oss2
from oss2.exceptions import OssError

import support
from support import Refusal, equal, same_refusal

PART = 128 * 1024


class Client:
    """One way to sign, with one kind of credentials, in a folder of its own."""

    def __init__(self, world, version, kind, credentials, endpoint=None):
        self.world, self.version, self.kind, self.credentials = world, version, kind, credentials
        self.endpoint = endpoint or world.oss_endpoint
        host = " localhost" if endpoint else ""
        self.label = f"oss2 {version} {kind}{host}"
        self.prefix = f"{world.prefix}{self.label.replace(' ', '-')}/"
        self.bucket = self.bucket_as(credentials)

    def bucket_as(self, credentials, region=None, bucket=None):
        """The SDK's bucket. The region stands in V4 signatures alone."""
        if credentials.token:
            auth = oss2.StsAuth(credentials.id, credentials.secret, credentials.token, self.version.lower())
        else:
            kinds = {"V1": oss2.Auth, "V2": oss2.AuthV2, "V4": oss2.AuthV4}
            auth = kinds[self.version](credentials.id, credentials.secret)
        region = region or self.world.region
        return oss2.Bucket(auth, self.endpoint, bucket or self.world.bucket, region=region, enable_crc=True)


def clients(world):
    """Each version with each kind of credentials; and the host name that the SDK special-cases."""
    for version in ("V1", "V2", "V4"):
        yield Client(world, version, "key", world.key)
        yield Client(world, version, "token", world.token())
    localhost = world.oss_endpoint.replace("127.0.0.1", "localhost")
    yield Client(world, "V4", "token", world.token(), localhost)


def stories(world):
    """All stories as (name, function)."""
    for client in clients(world):
        for tell in (
            puts_gets_and_heads,
            keeps_awkward_names,
            lists_v1_and_v2_with_delimiter_and_pages,
            uploads_in_parts_by_hand,
            resumes_an_interrupted_upload_and_download,
            aborts_an_upload,
            resizes_and_tells_about_pictures,
            writes_chinese_on_pictures,
            presigns_get_put_and_process,
            deletes_where_that_is_granted,
        ):
            yield f"{client.label}: {tell.__name__.replace('_', ' ')}", partial(tell, client)
        for what, expected, attempt in refusals(client):
            yield f"{client.label}: refuses {what}", partial(is_refused, expected, attempt)


def puts_gets_and_heads(client):
    bucket, key, body = client.bucket, client.prefix + "plain.txt", b"0123456789"
    headers = {"Content-Type": "text/plain", "x-oss-meta-who": "alice", "Cache-Control": "no-cache"}
    put = bucket.put_object(key, body, headers=headers)
    equal(put.etag, hashlib.md5(body).hexdigest().upper(), "ETag")
    got = bucket.get_object(key)
    equal((got.read(), got.content_type, got.headers["x-oss-meta-who"]), (body, "text/plain", "alice"), "object")
    equal(got.server_crc, put.crc, "CRC-64 of the answer")
    part = bucket.get_object(key, byte_range=(2, 5))
    equal((part.status, part.read(), part.headers["Content-Range"]), (206, b"2345", "bytes 2-5/10"), "range")
    head = bucket.head_object(key)
    equal((head.content_length, head.etag, head.headers["Cache-Control"]), (10, put.etag, "no-cache"), "head")
    equal(bucket.get_object_meta(key).content_length, 10, "GetObjectMeta")
    equal((bucket.object_exists(key), bucket.object_exists(key + "x")), (True, False), "object_exists")


def keeps_awkward_names(client):
    prefix = client.prefix + "names/"
    # Other clients' HTTP libraries collapse `..`; this one sends %2F..%2F.
    names = (*support.AWKWARD_NAMES, "up/../here")
    for name in names:
        client.bucket.put_object(prefix + name, name)
        equal(client.bucket.get_object(prefix + name).read().decode(), name, name)
    listed = [entry.key for entry in oss2.ObjectIteratorV2(client.bucket, prefix=prefix)]
    equal(listed, sorted((prefix + name for name in names), key=str.encode), "listed names")


def lists_v1_and_v2_with_delimiter_and_pages(client):
    bucket, prefix = client.bucket, client.prefix + "list/"
    names = ["a/1", "a/2", "b", "c", "d e/1"]
    for name in names:
        bucket.put_object(prefix + name, b"x")
    keys = [prefix + name for name in names]
    for iterate in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        equal([entry.key for entry in iterate(bucket, prefix=prefix, max_keys=2)], keys, "all pages")
        entries = list(iterate(bucket, prefix=prefix, delimiter="/", max_keys=2))
        equal([entry.key[len(prefix):] for entry in entries], ["a/", "b", "c", "d e/"], "one level")
        equal([entry.is_prefix() for entry in entries], [True, False, False, True], "what is a folder")
    page = bucket.list_objects(prefix, max_keys=3)
    equal((page.is_truncated, page.next_marker, len(page.object_list)), (True, keys[2], 3), "V1 page")
    page = bucket.list_objects_v2(prefix, start_after=keys[1], fetch_owner=True)
    equal(([entry.key for entry in page.object_list], page.is_truncated), (keys[2:], False), "V2 after a key")
    equal([bool(entry.owner.id) for entry in page.object_list], [True] * 3, "owners")


def uploads_in_parts_by_hand(client):
    bucket, key = client.bucket, client.prefix + "parts.bin"
    bodies = [os.urandom(PART), os.urandom(PART), b"the end"]
    upload = bucket.init_multipart_upload(key, headers={"x-oss-meta-who": "bob"}).upload_id
    parts = []
    for number, body in enumerate(bodies, 1):
        done = bucket.upload_part(key, upload, number, body)
        parts.append(oss2.models.PartInfo(number, done.etag, size=len(body), part_crc=done.crc))
    page = bucket.list_parts(key, upload, max_parts=2)
    equal(([part.size for part in page.parts], page.is_truncated, page.next_marker), ([PART, PART], True, "2"), "page")
    listed = [(part.part_number, part.etag, part.size) for part in oss2.PartIterator(bucket, key, upload)]
    equal(listed, [(part.part_number, part.etag, part.size) for part in parts], "parts")
    if client.kind == "key":
        uploads = oss2.MultipartUploadIterator(bucket, prefix=client.prefix)
        equal([(entry.key, entry.upload_id) for entry in uploads], [(key, upload)], "uploads")
    bucket.complete_multipart_upload(key, upload, parts)  # compares the combined CRC-64 itself
    got = bucket.get_object(key)
    equal(got.read() == b"".join(bodies), True, "same bytes")
    equal((got.headers["x-oss-meta-who"], got.headers["x-oss-object-type"]), ("bob", "Multipart"), "headers")
    # Across the border of two parts.
    middle = bucket.get_object(key, byte_range=(PART - 2, PART + 1)).read()
    equal(middle, bodies[0][-2:] + bodies[1][:2], "range over two parts")


class Interrupted(Exception):
    """What the stories throw into a transfer."""


def resumes_an_interrupted_upload_and_download(client):
    key, body = client.prefix + "resumed.bin", os.urandom(4 * PART + 5)
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
        with open(source, "wb") as file:
            file.write(body)
        upload = partial(
            oss2.resumable_upload, client.bucket, key, source, store=oss2.ResumableStore(folder),
            multipart_threshold=PART, part_size=PART, num_threads=1,
        )
        download = partial(
            oss2.resumable_download, client.bucket, key, target, store=oss2.ResumableDownloadStore(folder),
            multiget_threshold=PART, part_size=PART, num_threads=1,
        )
        interrupt_and_resume(upload)
        interrupt_and_resume(download)
        with open(target, "rb") as file:
            equal(file.read() == body, True, "same bytes there and back")


def interrupt_and_resume(transfer):
    """Breaks off after two parts; the second run must begin there."""
    def break_off(done, _):
        if done >= 2 * PART:
            raise Interrupted

    progress = []
    try:
        transfer(progress_callback=break_off)
    except Interrupted:
        transfer(progress_callback=lambda done, _: progress.append(done))
    equal(progress[:1], [2 * PART], "where the second run began")


def aborts_an_upload(client):
    bucket, key = client.bucket, client.prefix + "aborted.bin"
    upload = bucket.init_multipart_upload(key).upload_id
    bucket.upload_part(key, upload, 1, b"x" * PART)
    equal(bucket.abort_multipart_upload(key, upload).status, 204, "status")
    gone = Refusal(404, "NoSuchUpload")
    is_refused(gone, lambda: bucket.list_parts(key, upload))
    is_refused(gone, lambda: bucket.upload_part(key, upload, 2, b"x"))


def resizes_and_tells_about_pictures(client):
    bucket, key = client.bucket, client.prefix + "picture.png"
    bucket.put_object(key, support.picture(400, 300))
    resized = bucket.get_object(key, process="image/resize,w_200").read()
    equal(support.decoded(resized)[:2], ("PNG", (200, 150)), "resized")
    converted = bucket.get_object(key, process="image/resize,w_100/format,jpg").read()
    equal(support.decoded(converted)[:2], ("JPEG", (100, 75)), "resized and converted")
    info = bucket.get_object(key, process="image/info").read()
    equal((b'"ImageWidth"' in info, b'"400"' in info, b'"300"' in info), (True, True, True), f"info {info}")


def writes_chinese_on_pictures(client):
    bucket, key = client.bucket, client.prefix + "marked.png"
    bucket.put_object(key, support.picture(400, 300))
    marks = []
    for text in ("照片", "水印"):
        encoded = oss2.utils.b64encode_as_string(text.encode()).replace("+", "-").replace("/", "_").rstrip("=")
        process = f"image/watermark,type_d3F5LXplbmhlaQ,text_{encoded},size_60,color_FFFFFF,g_center"
        marked = support.decoded(bucket.get_object(key, process=process).read())
        equal(marked[:2], ("PNG", (400, 300)), "marked picture")
        marks.append(support.bright_pixels(marked[2]))
    # Two boxes in place of letters would be alike.
    equal([len(mark) > 300 for mark in marks] + [len(marks[0] ^ marks[1]) > 300], [True] * 3, "two different texts")


def presigns_get_put_and_process(client):
    bucket, key = client.bucket, client.prefix + "presigned a+b中.png"
    picture = support.picture(400, 300)
    headers = {"Content-Type": "image/png", "x-oss-meta-who": "carol"}
    url = bucket.sign_url("PUT", key, 60, headers=headers, slash_safe=True)
    equal(support.send("PUT", url, picture, headers).status, 200, "PUT")
    same_refusal(support.refusal_of(support.send("PUT", url, picture)), Refusal(403, "SignatureDoesNotMatch"))
    params = {"response-content-disposition": 'attachment; filename="a b.png"'}
    answer = support.send("GET", bucket.sign_url("GET", key, 60, params=params))
    equal((answer.status, answer.body == picture, answer.headers["x-oss-meta-who"]), (200, True, "carol"), "GET")
    equal(answer.headers["Content-Disposition"], params["response-content-disposition"], "overridden header")
    url = bucket.sign_url("GET", key, 60, params={"x-oss-process": "image/resize,w_200"})
    equal(support.decoded(support.send("GET", url).body)[1], (200, 150), "presigned resize")


def deletes_where_that_is_granted(client):
    bucket, key = client.bucket, client.prefix + "deleted.txt"
    bucket.put_object(key, b"x")
    if client.kind == "key":
        equal((bucket.delete_object(key).status, bucket.delete_object(key).status), (204, 204), "twice")
        equal(bucket.object_exists(key), False, "there still")
    else:
        is_refused(Refusal(403, "AccessDenied", "0003-00000301"), lambda: bucket.delete_object(key))
        equal(bucket.object_exists(key), True, "there still")


def is_refused(expected, attempt):
    """Runs `attempt`, which must raise the SDK's error with these codes, or return such an answer to a URL."""
    try:
        found = attempt()
    except OssError as error:
        same_refusal(Refusal(error.status, error.code, error.ec), expected)
    else:
        if not isinstance(found, support.Answer):
            raise AssertionError(f"expected {expected}, got {found!r}")
        same_refusal(support.refusal_of(found), expected)


def refusals(client):
    """What must not work, as (what, the refusal, the attempt)."""
    yield from refused_requests(client)
    if client.kind == "token":
        yield from refused_by_policy(client)
        token = client.credentials
        for what, credentials, expected in support.wrong_credentials(client.world, token):
            bucket = client.bucket_as(credentials)
            yield what, expected, lambda bucket=bucket: bucket.get_object(client.prefix + "any")
        yield "an expired token", Refusal(403, "SecurityTokenExpired", "0002-00000007"), partial(use_expired, client)
    yield "a skewed clock", Refusal(403, "RequestTimeTooSkewed", "0002-00000504"), partial(skewed, client)
    yield from refused_urls(client)


def refused_requests(client):
    bucket, key = client.bucket, client.prefix + "refused.bin"
    yield "a missing key", Refusal(404, "NoSuchKey", "0026-00000001"), lambda: bucket.get_object(key + ".none")
    yield "a missing key by HEAD", Refusal(404, "NoSuchKey", "0026-00000001"), lambda: bucket.head_object(key + ".none")
    nowhere = client.bucket_as(client.credentials, bucket="no-such-bucket-here")
    yield "a missing bucket", Refusal(404, "NoSuchBucket", "0015-00000101"), lambda: nowhere.get_object(key)
    missing = lambda: bucket.complete_multipart_upload(key, "0" * 32, [oss2.models.PartInfo(1, "X")])
    yield "a missing upload", Refusal(404, "NoSuchUpload"), missing
    yield "a wrong ETag of a part", Refusal(400, "InvalidPart"), partial(complete, client, [PART], wrong_etag=True)
    too_small = partial(complete, client, [1024, 1024])
    yield "a part that is too small", Refusal(400, "EntityTooSmall", "0042-00000213"), too_small
    digest = {"Content-MD5": oss2.utils.b64encode_as_string(hashlib.md5(b"other").digest())}
    yield "another body than Content-MD5 says", Refusal(400, "InvalidDigest"), (
        lambda: bucket.put_object(key, b"body", headers=digest)
    )
    worm = lambda: bucket.init_bucket_worm(1)
    yield "InitiateBucketWorm, which is not there", Refusal(501, "NotImplemented"), worm
    if client.version == "V4":
        elsewhere = client.bucket_as(client.credentials, region="cn-beijing")
        wrong = Refusal(400, "InvalidArgument", "0002-00000226")
        yield "another region's signature", wrong, lambda: elsewhere.get_object(key)


def complete(client, sizes, wrong_etag=False):
    bucket, key = client.bucket, client.prefix + "refused.bin"
    upload = bucket.init_multipart_upload(key).upload_id
    parts = []
    for number, size in enumerate(sizes, 1):
        done = bucket.upload_part(key, upload, number, b"x" * size)
        parts.append(oss2.models.PartInfo(number, "0" * 32 if wrong_etag else done.etag, size=size, part_crc=done.crc))
    return bucket.complete_multipart_upload(key, upload, parts)


def refused_by_policy(client):
    denied = Refusal(403, "AccessDenied", "0003-00000301")
    bucket, outside = client.bucket, "users/other/file.txt"
    yield "a read outside the prefix", denied, lambda: bucket.get_object(outside)
    yield "a write outside the prefix", denied, lambda: bucket.put_object(outside, b"x")
    yield "an upload outside the prefix", denied, lambda: bucket.init_multipart_upload(outside)
    yield "a list of everything", denied, lambda: bucket.list_objects()
    yield "a list outside the prefix", denied, lambda: bucket.list_objects_v2("users/other/")
    yield "a list of uploads", denied, lambda: bucket.list_multipart_uploads(prefix=client.prefix)
    # With a secret that is right for it, a watermark may not be read from elsewhere either.
    client_key = client.prefix + "for-watermark.png"
    mark = oss2.utils.b64encode_as_string(b"users/other/mark.png").rstrip("=")
    yield "a watermark from outside the prefix", denied, lambda: (
        bucket.put_object(client_key, support.picture(200, 200)),
        bucket.get_object(client_key, process=f"image/watermark,image_{mark}"),
    )


def use_expired(client):
    credentials, later = client.world.expired_token()
    with later:
        return client.bucket_as(credentials).put_object(client.prefix + "late.txt", b"x")


def skewed(client):
    with client.world.clock_moved(1000):
        return client.bucket.put_object(client.prefix + "skewed.txt", b"x")


def refused_urls(client):
    bucket, key = client.bucket, client.prefix + "url.png"
    # OSS documents no EC of its own for a V2 URL that has expired.
    ec = {"V1": "0002-00000069", "V2": "", "V4": "0002-00000236"}[client.version]
    expired = lambda: expired_url(bucket.sign_url("GET", key, 60), client)
    yield "an expired URL", Refusal(403, "AccessDenied", ec), expired
    url = lambda: bucket.sign_url("GET", key, 60, params={"x-oss-process": "image/resize,w_200"})
    tampered = lambda: support.send("GET", support.with_changed(url(), "w_200", "w_201"))
    yield "a tampered URL", Refusal(403, "SignatureDoesNotMatch", "0002-00000040"), tampered
    other = lambda: support.send("GET", support.with_changed(url(), "url.png", "other.png"))
    yield "a URL made for another key", Refusal(403, "SignatureDoesNotMatch"), other
    put = lambda: support.send("PUT", url(), b"x")
    yield "a URL made for another method", Refusal(403, "SignatureDoesNotMatch"), put


def expired_url(url, client):
    with client.world.clock_moved(120):
        return support.send("GET", url)
