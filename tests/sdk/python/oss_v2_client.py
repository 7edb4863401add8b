"""alibabacloud-oss-v2, the newer Python SDK: V1 and V4, with the long-term key and with a token."""

import base64
import datetime
import hashlib
import os
import tempfile
from functools import partial

import alibabacloud_oss_v2 as oss

import support
from support import Refusal, equal, same_refusal

PART = 128 * 1024
MINUTE = datetime.timedelta(minutes=1)


class Client:
    """One way to sign, with one kind of credentials, in a folder of its own. CRC checks are on, as by default."""

    def __init__(self, world, version, kind, credentials):
        self.world, self.version, self.kind, self.credentials = world, version, kind, credentials
        self.label = f"oss-v2 {version} {kind}"
        self.prefix = f"{world.prefix}{self.label.replace(' ', '-')}/"
        self.oss = self.client_as(credentials)

    def client_as(self, credentials, region=None):
        """The SDK's client. The region stands in V4 signatures alone."""
        provider = oss.credentials.StaticCredentialsProvider(credentials.id, credentials.secret, credentials.token)
        return oss.Client(oss.config.Config(
            region=region or self.world.region,
            endpoint=self.world.oss_endpoint,
            credentials_provider=provider,
            signature_version=self.version.lower(),
        ))

    def of(self, request, key=None, **fields):
        """A request for this bucket, and for a key in this folder."""
        place = {} if key is None else {"key": self.prefix + key}
        return request(bucket=self.world.bucket, **place, **fields)

    def put(self, key, body, **fields):
        return self.oss.put_object(self.of(oss.PutObjectRequest, key, body=body, **fields))

    def get(self, key, **fields):
        return self.oss.get_object(self.of(oss.GetObjectRequest, key, **fields))


def stories(world):
    """All stories as (name, function)."""
    for version in ("V1", "V4"):
        for client in (Client(world, version, "key", world.key), Client(world, version, "token", world.token())):
            pictures = (does_not_sign_x_oss_process,) if version == "V1" else (
                resizes_and_tells_about_pictures, writes_chinese_on_pictures, presigns_a_resize,
            )
            for tell in (
                puts_gets_and_heads,
                keeps_awkward_names,
                lists_v1_and_v2_with_delimiter_and_pages,
                uploads_in_parts_by_hand,
                resumes_an_interrupted_upload_and_downloads_in_parts,
                aborts_an_upload,
                presigns_get_and_put,
                deletes_where_that_is_granted,
                *pictures,
            ):
                yield f"{client.label}: {tell.__name__.replace('_', ' ')}", partial(tell, client)
            for what, expected, attempt in refusals(client):
                yield f"{client.label}: refuses {what}", partial(is_refused, expected, attempt)


def puts_gets_and_heads(client):
    body = b"0123456789"
    put = client.put("plain.txt", body, content_type="text/plain", metadata={"who": "alice"}, cache_control="no-cache")
    equal(put.etag, f'"{hashlib.md5(body).hexdigest().upper()}"', "ETag")
    got = client.get("plain.txt")
    equal((got.body.content, got.content_type, got.metadata["who"]), (body, "text/plain", "alice"), "object")
    equal(got.hash_crc64, put.hash_crc64, "CRC-64")
    part = client.get("plain.txt", range_header="bytes=2-5")
    equal((part.status_code, part.body.content, part.content_range), (206, b"2345", "bytes 2-5/10"), "range")
    whole = client.get("plain.txt", range_header="bytes=20-30")
    equal((whole.status_code, whole.body.content), (200, body), "a range past the end is ignored")
    standard = partial(client.get, "plain.txt", range_header="bytes=20-30", range_behavior="standard")
    is_refused(Refusal(416, "InvalidRange"), standard)
    head = client.oss.head_object(client.of(oss.HeadObjectRequest, "plain.txt"))
    equal((head.content_length, head.etag, head.cache_control), (10, put.etag, "no-cache"), "head")
    meta = client.oss.get_object_meta(client.of(oss.GetObjectMetaRequest, "plain.txt"))
    equal((meta.content_length, meta.hash_crc64), (10, put.hash_crc64), "GetObjectMeta")
    exists = lambda key: client.oss.is_object_exist(client.world.bucket, client.prefix + key)
    equal((exists("plain.txt"), exists("plain.txtx")), (True, False), "is_object_exist")


def keeps_awkward_names(client):
    for name in support.AWKWARD_NAMES:
        client.put("names/" + name, name.encode())
        equal(client.get("names/" + name).body.content.decode(), name, name)
    prefix = client.prefix + "names/"
    page = client.oss.list_objects_v2(client.of(oss.ListObjectsV2Request, prefix=prefix))
    listed = [entry.key for entry in page.contents]
    equal(listed, sorted((prefix + name for name in support.AWKWARD_NAMES), key=str.encode), "listed names")


def lists_v1_and_v2_with_delimiter_and_pages(client):
    prefix, names = client.prefix + "list/", ["a/1", "a/2", "b", "c", "d e/1"]
    for name in names:
        client.put("list/" + name, b"x")
    keys = [prefix + name for name in names]
    for paginator, request in (
        (client.oss.list_objects_paginator(limit=2), oss.ListObjectsRequest),
        (client.oss.list_objects_v2_paginator(limit=2), oss.ListObjectsV2Request),
    ):
        pages = list(paginator.iter_page(client.of(request, prefix=prefix)))
        equal([[entry.key for entry in page.contents] for page in pages], [keys[:2], keys[2:4], keys[4:]], "pages")
        pages = list(paginator.iter_page(client.of(request, prefix=prefix, delimiter="/")))
        folders = [entry.prefix for page in pages for entry in page.common_prefixes or []]
        files = [entry.key for page in pages for entry in page.contents or []]
        equal((folders, files), ([prefix + "a/", prefix + "d e/"], keys[2:4]), "one level")
    after = client.of(oss.ListObjectsV2Request, prefix=prefix, start_after=keys[1], fetch_owner=True)
    page = client.oss.list_objects_v2(after)
    equal(([entry.key for entry in page.contents], page.key_count), (keys[2:], 3), "V2 after a key")
    equal([bool(entry.owner.id) for entry in page.contents], [True] * 3, "owners")


def uploads_in_parts_by_hand(client):
    key, bodies = "parts.bin", [os.urandom(PART), os.urandom(PART), b"the end"]
    initiate = client.of(oss.InitiateMultipartUploadRequest, key, metadata={"who": "bob"})
    upload = client.oss.initiate_multipart_upload(initiate).upload_id
    parts = [put_part(client, key, upload, number, body) for number, body in enumerate(bodies, 1)]
    pages = client.oss.list_parts_paginator(limit=2).iter_page(client.of(oss.ListPartsRequest, key, upload_id=upload))
    pages = list(pages)
    equal([[part.size for part in page.parts] for page in pages], [[PART, PART], [7]], "pages of parts")
    equal(pages[0].next_part_number_marker, 2, "marker of the next page")
    listed = [(part.etag, part.hash_crc64) for page in pages for part in page.parts]
    equal(listed, [(part.etag, part.hash_crc64) for part in parts], "parts")
    if client.kind == "key":
        found = client.oss.list_multipart_uploads(client.of(oss.ListMultipartUploadsRequest, prefix=client.prefix))
        equal([(one.key, one.upload_id) for one in found.uploads], [(client.prefix + key, upload)], "uploads")
    done = complete(client, key, upload, [part.etag for part in parts])
    got = client.get(key)
    equal(got.body.content == b"".join(bodies), True, "same bytes")
    equal((got.hash_crc64, got.metadata["who"], got.object_type), (done.hash_crc64, "bob", "Multipart"), "headers")


def put_part(client, key, upload, number, body):
    request = client.of(oss.UploadPartRequest, key, upload_id=upload, part_number=number, body=body)
    return client.oss.upload_part(request)


def complete(client, key, upload, etags):
    parts = [oss.UploadPart(part_number=number, etag=etag) for number, etag in enumerate(etags, 1)]
    return client.oss.complete_multipart_upload(client.of(
        oss.CompleteMultipartUploadRequest, key, upload_id=upload,
        complete_multipart_upload=oss.CompleteMultipartUpload(parts=parts),
    ))


class Interrupted(Exception):
    """What the stories throw into a transfer."""


def resumes_an_interrupted_upload_and_downloads_in_parts(client):
    def break_off(_, done, __):
        if done >= 2 * PART:
            raise Interrupted

    key, body, progress = "resumed.bin", os.urandom(4 * PART + 5), []
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
        with open(source, "wb") as file:
            file.write(body)
        uploader = client.oss.uploader(part_size=PART, parallel_num=1, enable_checkpoint=True, checkpoint_dir=folder)
        upload = partial(uploader.upload_file, filepath=source)
        try:
            upload(client.of(oss.PutObjectRequest, key, progress_fn=break_off))
        except Interrupted:
            upload(client.of(oss.PutObjectRequest, key, progress_fn=lambda _, done, __: progress.append(done)))
        equal(progress[:1], [3 * PART], "after the first part of the second run")
        downloader = client.oss.downloader(part_size=PART, parallel_num=3)
        downloader.download_file(client.of(oss.GetObjectRequest, key), target)
        with open(target, "rb") as file:
            equal(file.read() == body, True, "same bytes there and back")


def aborts_an_upload(client):
    key = "aborted.bin"
    upload = client.oss.initiate_multipart_upload(client.of(oss.InitiateMultipartUploadRequest, key)).upload_id
    put_part(client, key, upload, 1, b"x" * PART)
    aborted = client.oss.abort_multipart_upload(client.of(oss.AbortMultipartUploadRequest, key, upload_id=upload))
    equal(aborted.status_code, 204, "status")
    gone = Refusal(404, "NoSuchUpload")
    is_refused(gone, lambda: client.oss.list_parts(client.of(oss.ListPartsRequest, key, upload_id=upload)))
    is_refused(gone, lambda: put_part(client, key, upload, 2, b"x"))


def resizes_and_tells_about_pictures(client):
    client.put("picture.png", support.picture(400, 300))
    resized = client.get("picture.png", process="image/resize,w_200").body.content
    equal(support.decoded(resized)[:2], ("PNG", (200, 150)), "resized")
    converted = client.get("picture.png", process="image/resize,w_100/format,jpg").body.content
    equal(support.decoded(converted)[:2], ("JPEG", (100, 75)), "resized and converted")
    info = client.get("picture.png", process="image/info").body.content
    equal((b'"ImageWidth"' in info, b'"400"' in info, b'"300"' in info), (True, True, True), f"info {info}")


def writes_chinese_on_pictures(client):
    client.put("marked.png", support.picture(400, 300))
    marks = []
    for text in ("照片", "水印"):
        encoded = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        process = f"image/watermark,type_d3F5LXplbmhlaQ,text_{encoded},size_60,color_FFFFFF,g_center"
        marked = support.decoded(client.get("marked.png", process=process).body.content)
        equal(marked[:2], ("PNG", (400, 300)), "marked picture")
        marks.append(support.bright_pixels(marked[2]))
    # Two boxes in place of letters would be alike.
    equal([len(mark) > 300 for mark in marks] + [len(marks[0] ^ marks[1]) > 300], [True] * 3, "two different texts")


def presigns_get_and_put(client):
    key, picture = "presigned a+b中.png", support.picture(400, 300)
    request = client.of(oss.PutObjectRequest, key, content_type="image/png", metadata={"who": "carol"})
    signed = client.oss.presign(request, expires=MINUTE)
    equal(signed.method, "PUT", "method")
    equal(support.send("PUT", signed.url, picture, signed.signed_headers).status, 200, "PUT")
    same_refusal(support.refusal_of(support.send("PUT", signed.url, picture)), Refusal(403, "SignatureDoesNotMatch"))
    disposition = 'attachment; filename="a b.png"'
    answer = support.send("GET", url_of(client, key, response_content_disposition=disposition))
    equal((answer.status, answer.body == picture, answer.headers["x-oss-meta-who"]), (200, True, "carol"), "GET")
    equal(answer.headers["Content-Disposition"], disposition, "overridden header")


def presigns_a_resize(client):
    client.put("presigned.png", support.picture(400, 300))
    resized = support.send("GET", url_of(client, "presigned.png", process="image/resize,w_200"))
    equal(support.decoded(resized.body)[1], (200, 150), "presigned resize")


def does_not_sign_x_oss_process(client):
    """V1 of this SDK (1.4.1) leaves x-oss-process out of the string to sign, where OSS and the other SDKs have it."""
    client.put("picture.png", support.picture(40, 30))
    refused = Refusal(403, "SignatureDoesNotMatch", "0002-00000040")
    is_refused(refused, lambda: client.get("picture.png", process="image/resize,w_20"))
    is_refused(refused, lambda: support.send("GET", url_of(client, "picture.png", process="image/info")))


def url_of(client, key, **fields):
    return client.oss.presign(client.of(oss.GetObjectRequest, key, **fields), expires=MINUTE).url


def deletes_where_that_is_granted(client):
    client.put("deleted.txt", b"x")
    delete = lambda: client.oss.delete_object(client.of(oss.DeleteObjectRequest, "deleted.txt"))
    if client.kind == "key":
        equal((delete().status_code, delete().status_code), (204, 204), "twice")
        is_refused(Refusal(404, "NoSuchKey"), lambda: client.get("deleted.txt"))
    else:
        is_refused(Refusal(403, "AccessDenied", "0003-00000301"), delete)
        equal(client.get("deleted.txt").body.content, b"x", "there still")


def is_refused(expected, attempt):
    """Runs `attempt`, which must raise the SDK's error with these codes, or return such an answer to a URL."""
    try:
        found = attempt()
    except oss.exceptions.OperationError as wrapped:
        error = wrapped.unwrap()
        if not isinstance(error, oss.exceptions.ServiceError):
            raise
        same_refusal(Refusal(error.status_code, error.code, error.ec), expected)
    else:
        if not isinstance(found, support.Answer):
            raise AssertionError(f"expected {expected}, got {found!r}")
        same_refusal(support.refusal_of(found), expected)


def refusals(client):
    """What must not work, as (what, the refusal, the attempt)."""
    yield from refused_requests(client)
    if client.kind == "token":
        yield from refused_by_policy(client)
        get = client.of(oss.GetObjectRequest, "any")
        for what, credentials, expected in support.wrong_credentials(client.world, client.credentials):
            yield what, expected, lambda other=client.client_as(credentials): other.get_object(get)
        yield "an expired token", Refusal(403, "SecurityTokenExpired", "0002-00000007"), partial(use_expired, client)
    yield "a skewed clock", Refusal(403, "RequestTimeTooSkewed", "0002-00000504"), partial(skewed, client)
    yield from refused_urls(client)


def refused_requests(client):
    missing = Refusal(404, "NoSuchKey", "0026-00000001")
    yield "a missing key", missing, lambda: client.get("none")
    yield "a missing key by HEAD", missing, lambda: client.oss.head_object(client.of(oss.HeadObjectRequest, "none"))
    nowhere = oss.GetObjectRequest(bucket="no-such-bucket-here", key="any")
    yield "a missing bucket", Refusal(404, "NoSuchBucket", "0015-00000101"), lambda: client.oss.get_object(nowhere)
    yield "a missing upload", Refusal(404, "NoSuchUpload"), lambda: complete(client, "refused.bin", "0" * 32, ["X"])
    yield "a wrong ETag of a part", Refusal(400, "InvalidPart"), lambda: complete_sizes(client, [PART], "0" * 32)
    too_small = Refusal(400, "EntityTooSmall", "0042-00000213")
    yield "a part that is too small", too_small, lambda: complete_sizes(client, [1024, 1024])
    digest = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    yield "another body than Content-MD5 says", Refusal(400, "InvalidDigest"), (
        lambda: client.put("refused.bin", b"body", content_md5=digest)
    )
    one_day = oss.InitiateWormConfiguration(retention_period_in_days=1)
    worm = client.of(oss.InitiateBucketWormRequest, initiate_worm_configuration=one_day)
    not_there = Refusal(501, "NotImplemented")
    yield "InitiateBucketWorm, which is not there", not_there, lambda: client.oss.initiate_bucket_worm(worm)
    if client.version == "V4":
        elsewhere = client.client_as(client.credentials, region="cn-beijing")
        get = client.of(oss.GetObjectRequest, "any")
        wrong = Refusal(400, "InvalidArgument", "0002-00000226")
        yield "another region's signature", wrong, lambda: elsewhere.get_object(get)


def complete_sizes(client, sizes, etag=None):
    key = "refused.bin"
    upload = client.oss.initiate_multipart_upload(client.of(oss.InitiateMultipartUploadRequest, key)).upload_id
    parts = [put_part(client, key, upload, number, b"x" * size) for number, size in enumerate(sizes, 1)]
    return complete(client, key, upload, [etag or part.etag for part in parts])


def refused_by_policy(client):
    denied, bucket = Refusal(403, "AccessDenied", "0003-00000301"), client.world.bucket
    outside = {"bucket": bucket, "key": "users/other/file.txt"}
    sdk = client.oss
    yield "a read outside the prefix", denied, lambda: sdk.get_object(oss.GetObjectRequest(**outside))
    yield "a write outside the prefix", denied, lambda: sdk.put_object(oss.PutObjectRequest(**outside, body=b"x"))
    initiate = oss.InitiateMultipartUploadRequest(**outside)
    yield "an upload outside the prefix", denied, lambda: sdk.initiate_multipart_upload(initiate)
    yield "a list of everything", denied, lambda: sdk.list_objects(oss.ListObjectsRequest(bucket))
    elsewhere = oss.ListObjectsV2Request(bucket, prefix="users/other/")
    yield "a list outside the prefix", denied, lambda: sdk.list_objects_v2(elsewhere)


def use_expired(client):
    credentials, later = client.world.expired_token()
    with later:
        return client.client_as(credentials).put_object(client.of(oss.PutObjectRequest, "late.txt", body=b"x"))


def skewed(client):
    with client.world.clock_moved(1000):
        return client.put("skewed.txt", b"x")


def refused_urls(client):
    ec = {"V1": "0002-00000069", "V4": "0002-00000236"}[client.version]
    yield "an expired URL", Refusal(403, "AccessDenied", ec), partial(expired_url, client)
    mismatch = Refusal(403, "SignatureDoesNotMatch", "0002-00000040")
    url = lambda: url_of(client, "url.png", response_content_type="image/a")
    tampered = lambda: support.send("GET", support.with_changed(url(), "image%2Fa", "image%2Fb"))
    yield "a tampered URL", mismatch, tampered
    other = lambda: support.send("GET", support.with_changed(url(), "url.png", "other.png"))
    yield "a URL made for another key", mismatch, other
    yield "a URL made for another method", mismatch, lambda: support.send("PUT", url(), b"x")


def expired_url(client):
    url = url_of(client, "url.png")
    with client.world.clock_moved(120):
        return support.send("GET", url)
