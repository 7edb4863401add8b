"""oss2 on objects: a story per operation family, in V1 and V4, with the long-term key and with a token."""

import base64
import contextlib
import hashlib
import json
import time
from functools import partial

import oss2

import support
from oss2_client import Client, is_refused
from support import Refusal, equal

PART = 128 * 1024


def clients(world, end=""):
    """Each with a bucket of its own; the token may do all that its role may."""
    for version in ("V1", "V4"):
        for kind, credentials in (("key", world.key), ("role", world.assume_role(3600))):
            client = Client(world, version, kind, credentials)
            client.bucket = client.bucket_as(credentials, bucket=client.label.lower().replace(" ", "-") + end)
            client.bucket.create_bucket()
            yield client


def stories(world):
    """All stories as (name, function)."""
    for client in clients(world):
        for tell in (
            compares_before_it_answers, overrides_headers_and_ranges, checks_what_is_sent, appends, copies,
            copies_on_conditions, uploads_part_copies_and_lists_pages, completes_what_was_uploaded, deletes_many,
            links, gives_objects_their_own_acl, tags_objects, keeps_versions, deletes_versions,
            saves_a_processed_picture, presigns_with_conditions, limits_traffic,
        ):
            yield f"{client.label}: {tell.__name__.replace('_', ' ')}", partial(tell, client.bucket)
        for tell in (brings_back_archived_objects, calls_back, lets_anybody_in_by_acl, lets_anybody_in_by_policy):
            yield f"{client.label}: {tell.__name__.replace('_', ' ')}", partial(tell, client)


def compares_before_it_answers(bucket):
    put = bucket.put_object("compared.txt", b"body")
    etag, missing = f'"{put.etag}"', '"0123456789ABCDEF0123456789ABCDEF"'
    old, new = "Thu, 01 Jan 2015 00:00:00 GMT", "Fri, 01 Jan 2038 00:00:00 GMT"
    changed, failed = Refusal(304, ""), Refusal(412, "PreconditionFailed")
    for headers, expected in (
        ({"If-Match": etag}, None), ({"If-Match": missing}, failed), ({"If-None-Match": etag}, changed),
        ({"If-None-Match": missing}, None), ({"If-Modified-Since": old}, None), ({"If-Modified-Since": new}, changed),
        ({"If-Unmodified-Since": old}, failed), ({"If-Unmodified-Since": new}, None),
    ):
        get = lambda: bucket.get_object("compared.txt", headers=headers)
        if expected:
            is_refused(expected, get)
        else:
            equal(get().read(), b"body", f"GET with {headers}")


def overrides_headers_and_ranges(bucket):
    bucket.put_object("ranges.txt", b"0123456789", headers={"Content-Type": "text/plain", "Expires": "never"})
    overrides = {
        "content-type": "text/html", "content-language": "zh", "expires": "Fri, 01 Jan 2038 00:00:00 GMT",
        "cache-control": "no-store", "content-disposition": "inline", "content-encoding": "identity",
    }
    got = bucket.get_object("ranges.txt", params={f"response-{name}": value for name, value in overrides.items()})
    equal({name: got.headers[name] for name in overrides}, overrides, "overridden")
    for asked, standard, expected in (
        ("bytes=2-4", False, (206, b"234")), ("bytes=7-", False, (206, b"789")), ("bytes=-3", False, (206, b"789")),
        ("bytes=8-20", False, (200, b"0123456789")), ("bytes=x", False, (200, b"0123456789")),
        ("bytes=8-20", True, (206, b"89")),
    ):
        headers = {"Range": asked, **({"x-oss-range-behavior": "standard"} if standard else {})}
        got = bucket.get_object("ranges.txt", headers=headers)
        equal((got.status, got.read()), expected, f"{asked} {standard}")
    beyond = {"Range": "bytes=10-20", "x-oss-range-behavior": "standard"}
    is_refused(Refusal(416, "InvalidRange"), lambda: bucket.get_object("ranges.txt", headers=beyond))


def checks_what_is_sent(bucket):
    body = b"checked"
    digest = base64.b64encode(hashlib.md5(body).digest()).decode()
    put = bucket.put_object("checked.txt", body, headers={
        "Content-MD5": digest, "x-oss-storage-class": "IA", "x-oss-meta-a": "1", "x-oss-tagging": "k=v%20w",
    })
    equal(put.headers["Content-MD5"], digest, "digest")
    head = bucket.head_object("checked.txt")
    told = [head.headers[name] for name in ("x-oss-storage-class", "x-oss-meta-a", "x-oss-tagging-count")]
    equal(told, ["IA", "1", "1"], "told by HEAD")
    bucket.update_object_meta("checked.txt", {"x-oss-meta-b": "2", "Content-Type": "text/css"})
    head = bucket.head_object("checked.txt").headers
    equal((head.get("x-oss-meta-a"), head["x-oss-meta-b"], head["Content-Type"]), (None, "2", "text/css"), "changed")
    for headers, expected in (
        ({"x-oss-forbid-overwrite": "true"}, Refusal(409, "FileAlreadyExists", "0026-00000002")),
        ({"x-oss-forbid-overwrite": "maybe"}, Refusal(400, "InvalidArgument", "0017-00000279")),
        ({"Content-MD5": base64.b64encode(b"0" * 16).decode()}, Refusal(400, "InvalidDigest")),
        ({"x-oss-storage-class": "Hot"}, Refusal(400, "InvalidArgument")),
        ({"x-oss-object-acl": "public"}, Refusal(400, "InvalidArgument")),
        ({"x-oss-tagging": "a=1&a=2"}, Refusal(400, "InvalidTag")),
    ):
        is_refused(expected, lambda: bucket.put_object("checked.txt", body, headers=headers))
    equal(bucket.get_object("checked.txt").read(), body, "unchanged")


def appends(bucket):
    headers = {"x-oss-meta-who": "dora"}
    first = bucket.append_object("log.txt", 0, b"one,", headers=headers, init_crc=0)
    second = bucket.append_object("log.txt", first.next_position, b"two", init_crc=first.crc)
    equal((first.next_position, second.next_position), (4, 7), "positions")
    got = bucket.get_object("log.txt")
    equal((got.read(), got.headers["x-oss-object-type"]), (b"one,two", "Appendable"), "appended")
    equal((got.headers["x-oss-next-append-position"], got.headers["x-oss-meta-who"]), ("7", "dora"), "headers")
    behind = Refusal(409, "PositionNotEqualToLength", "0026-00000016")
    try:
        bucket.append_object("log.txt", 0, b"late")
    except oss2.exceptions.PositionNotEqualToLength as error:
        equal((error.status, error.next_position), (behind.status, 7), "refused position")
    else:
        raise AssertionError(f"expected {behind}")
    bucket.put_object("plain.txt", b"body")
    is_refused(Refusal(409, "ObjectNotAppendable"), lambda: bucket.append_object("plain.txt", 4, b"more"))


def copies(bucket):
    headers = {"Content-Type": "text/plain", "x-oss-meta-who": "eve", "x-oss-tagging": "from=source"}
    source = "source a+b中.txt"
    put = bucket.put_object(source, b"copied", headers=headers)
    copied = bucket.copy_object(bucket.bucket_name, source, "copy.txt")
    equal(copied.etag, put.etag, "ETag")
    head = bucket.head_object("copy.txt").headers
    equal((head["Content-Type"], head["x-oss-meta-who"]), ("text/plain", "eve"), "copied headers")
    equal(bucket.get_object_tagging("copy.txt").tag_set.tagging_rule, {"from": "source"}, "copied tags")
    replaced = {
        "x-oss-metadata-directive": "REPLACE", "x-oss-meta-new": "1", "Content-Type": "text/css",
        "x-oss-tagging-directive": "Replace", "x-oss-tagging": "from=copy", "x-oss-object-acl": "public-read",
    }
    bucket.copy_object(bucket.bucket_name, source, "copy.txt", headers=replaced)
    head = bucket.head_object("copy.txt").headers
    told = (head["Content-Type"], head.get("x-oss-meta-who"), head["x-oss-meta-new"])
    equal(told, ("text/css", None, "1"), "replaced headers")
    equal(bucket.get_object_tagging("copy.txt").tag_set.tagging_rule, {"from": "copy"}, "replaced tags")
    equal(bucket.get_object_acl("copy.txt").acl, "public-read", "ACL of the copy")
    missing = Refusal(404, "NoSuchKey")
    is_refused(missing, lambda: bucket.copy_object(bucket.bucket_name, "none", "copy.txt"))


def copies_on_conditions(bucket):
    put = bucket.put_object("conditions.txt", b"copied")
    failed, unchanged = Refusal(412, "PreconditionFailed"), Refusal(304, "")
    for name, value, expected in (
        ("match", f'"{put.etag}"', None), ("match", '"0"', failed),
        ("none-match", '"0"', None), ("none-match", f'"{put.etag}"', unchanged),
        ("modified-since", "Fri, 01 Jan 2038 00:00:00 GMT", unchanged),
        ("unmodified-since", "Thu, 01 Jan 2015 00:00:00 GMT", failed),
    ):
        copy = lambda: bucket.copy_object(
            bucket.bucket_name, "conditions.txt", "target.txt", headers={f"x-oss-copy-source-if-{name}": value}
        )
        if expected:
            is_refused(expected, copy)
        else:
            equal(copy().status, 200, name)


def uploads_part_copies_and_lists_pages(bucket):
    body = bytes(range(256)) * 1024
    bucket.put_object("big.bin", body)
    upload = bucket.init_multipart_upload("joined.bin").upload_id
    parts = []
    for number, (start, end) in enumerate(((0, PART - 1), (PART, 2 * PART - 1)), 1):
        done = bucket.upload_part_copy(bucket.bucket_name, "big.bin", (start, end), "joined.bin", upload, number)
        parts.append(oss2.models.PartInfo(number, done.etag))
    other = bucket.init_multipart_upload("joined.bin").upload_id
    folder = bucket.init_multipart_upload("dir/inside.bin").upload_id
    found = [(entry.key, entry.upload_id) for entry in oss2.MultipartUploadIterator(bucket, max_uploads=1)]
    expected = sorted([("joined.bin", upload), ("joined.bin", other), ("dir/inside.bin", folder)])
    equal(sorted(found), expected, "uploads, a page each")
    page = bucket.list_multipart_uploads(delimiter="/")
    names = ([entry.key for entry in page.upload_list], page.prefix_list)
    equal(names, (["joined.bin"] * 2, ["dir/"]), "uploads of one level")
    listed = list(oss2.PartIterator(bucket, "joined.bin", upload, max_parts=1))
    equal([(part.part_number, part.size) for part in listed], [(1, PART), (2, PART)], "parts, a page each")
    bucket.complete_multipart_upload("joined.bin", upload, parts)
    equal(bucket.get_object("joined.bin").read() == body, True, "same bytes")
    for key, left in (("joined.bin", other), ("dir/inside.bin", folder)):
        bucket.abort_multipart_upload(key, left)
    equal(list(oss2.MultipartUploadIterator(bucket)), [], "no upload left")


def completes_what_was_uploaded(bucket):
    upload = bucket.init_multipart_upload("all.bin", headers={"x-oss-meta-who": "fay"}).upload_id
    for number in (2, 1):
        bucket.upload_part("all.bin", upload, number, bytes([number]) * PART)
    everything = {"x-oss-complete-all": "yes"}
    refused = Refusal(400, "InvalidArgument", "0042-00000216")
    part = [oss2.models.PartInfo(1, "X")]
    is_refused(refused, lambda: bucket.complete_multipart_upload("all.bin", upload, part, headers=everything))
    bucket.complete_multipart_upload("all.bin", upload, None, headers=everything)
    got = bucket.get_object("all.bin")
    equal(got.headers["x-oss-meta-who"], "fay", "headers of the start")
    equal(got.read() == b"\1" * PART + b"\2" * PART, True, "same bytes")
    upload = bucket.init_multipart_upload("all.bin").upload_id
    done = bucket.upload_part("all.bin", upload, 1, b"x")
    forbid = {"x-oss-forbid-overwrite": "true"}
    parts = [oss2.models.PartInfo(1, done.etag)]
    exists = Refusal(409, "FileAlreadyExists")
    is_refused(exists, lambda: bucket.complete_multipart_upload("all.bin", upload, parts, headers=forbid))
    is_refused(exists, lambda: bucket.init_multipart_upload("all.bin", headers=forbid))
    bucket.abort_multipart_upload("all.bin", upload)


def deletes_many(bucket):
    names = [f"many/{name}" for name in ("a b", "c&d<e>", "中文", "f+g%25")]
    for name in names:
        bucket.put_object(name, b"x")
    # What was not there is deleted as well.
    deleted = bucket.batch_delete_objects([*names, "many/none"]).deleted_keys
    equal(sorted(deleted), sorted([*names, "many/none"]), "deleted")
    equal(bucket.list_objects("many/").object_list, [], "left")
    is_refused(Refusal(400, "MalformedXML"), lambda: bucket.batch_delete_objects([f"many/{n}" for n in range(1001)]))


def links(bucket):
    bucket.put_object("target 中.txt", b"target", headers={"Content-Type": "text/plain"})
    bucket.put_symlink("target 中.txt", "link.txt", headers={"x-oss-meta-who": "gus"})
    link = bucket.get_symlink("link.txt")
    equal((link.target_key, link.headers["x-oss-meta-who"]), ("target 中.txt", "gus"), "link")
    got = bucket.get_object("link.txt")
    equal((got.read(), got.headers["x-oss-object-type"]), (b"target", "Symlink"), "through the link")
    bucket.put_symlink("gone.txt", "broken.txt")
    is_refused(Refusal(404, "SymlinkTargetNotExist"), lambda: bucket.get_object("broken.txt"))
    is_refused(Refusal(400, "NotSymlink"), lambda: bucket.get_symlink("target 中.txt"))
    is_refused(Refusal(404, "NoSuchKey"), lambda: bucket.get_symlink("none"))


def gives_objects_their_own_acl(bucket):
    bucket.put_object("acl.txt", b"body")
    equal(bucket.get_object_acl("acl.txt").acl, "default", "at first")
    for acl in ("private", "public-read", "public-read-write", "default"):
        bucket.put_object_acl("acl.txt", acl)
        equal(bucket.get_object_acl("acl.txt").acl, acl, "set")
    is_refused(Refusal(400, "InvalidArgument"), lambda: bucket.put_object_acl("acl.txt", "secret"))
    is_refused(Refusal(404, "NoSuchKey"), lambda: bucket.get_object_acl("none"))


def tags_objects(bucket):
    bucket.put_object("tags.txt", b"body")
    equal(bucket.get_object_tagging("tags.txt").tag_set.tagging_rule, {}, "at first")
    rule = oss2.models.TaggingRule()
    rule.add("owner", "hal + ida")
    rule.add("a/b:c", "")
    bucket.put_object_tagging("tags.txt", oss2.models.Tagging(rule))
    equal(bucket.get_object_tagging("tags.txt").tag_set.tagging_rule, {"owner": "hal + ida", "a/b:c": ""}, "set")
    equal(bucket.delete_object_tagging("tags.txt").status, 204, "deleted")
    equal(bucket.get_object_tagging("tags.txt").tag_set.tagging_rule, {}, "at last")
    many = {"x-oss-tagging": "&".join(f"k{number}=v" for number in range(11))}
    is_refused(Refusal(400, "InvalidTag"), lambda: bucket.put_object("tags.txt", b"", headers=many))
    long = {"x-oss-tagging": f"{'k' * 129}=v"}
    is_refused(Refusal(400, "InvalidTag"), lambda: bucket.put_object("tags.txt", b"", headers=long))


def brings_back_archived_objects(client):
    bucket = client.bucket
    bucket.put_object("cold.txt", b"cold", headers={"x-oss-storage-class": "ColdArchive"})
    read = lambda: bucket.get_object("cold.txt")
    is_refused(Refusal(403, "InvalidObjectState"), read)
    tier = oss2.models.RestoreJobParameters("Expedited")
    asked = oss2.models.RestoreConfiguration(days=3, job_parameters=tier)
    restored = bucket.restore_object("cold.txt", input=asked)
    equal((restored.status, restored.headers["x-oss-object-restore-priority"]), (202, "Expedited"), "asked back")
    again = lambda: bucket.restore_object("cold.txt")
    is_refused(Refusal(409, "RestoreAlreadyInProgress"), again)
    ongoing = 'ongoing-request="true"'
    equal(bucket.head_object("cold.txt").headers["x-oss-restore"], ongoing, "told by HEAD")
    equal(bucket.list_objects("cold.txt").object_list[0].restore_info, ongoing, "told by a list")
    with client.world.clock_moved(10):
        got = read()
        equal((got.read(), got.headers["x-oss-restore"].split(",")[0]), (b"cold", 'ongoing-request="false"'), "back")
        equal(again().status, 200, "asked once more")
    bucket.put_object("warm.txt", b"warm")
    is_refused(Refusal(400, "OperationNotSupported", "0016-00000702"), lambda: bucket.restore_object("warm.txt"))


def keeps_versions(bucket):
    with versioned(bucket) as bucket:
        first, second = (bucket.put_object("v.txt", body).versionid for body in (b"first", b"second"))
        marker = bucket.delete_object("v.txt")
        equal((marker.delete_marker, first != second), (True, True), "delete marker")
        is_refused(Refusal(404, "NoSuchKey"), lambda: bucket.get_object("v.txt"))
        old = {"versionId": first}
        equal(bucket.get_object("v.txt", params=old).read(), b"first", "an old version")
        equal(bucket.head_object("v.txt", params=old).versionid, first, "told by HEAD")
        named = lambda: bucket.get_object("v.txt", params={"versionId": marker.versionid})
        is_refused(Refusal(405, "MethodNotAllowed"), named)
        listed, at = [], ("", "")
        while True:
            page = bucket.list_object_versions("v", key_marker=at[0], versionid_marker=at[1], max_keys=1)
            listed += [(entry.versionid, entry.is_latest) for entry in [*page.versions, *page.delete_marker]]
            if not page.is_truncated:
                break
            at = (page.next_key_marker, page.next_versionid_marker)
        equal(listed, [(marker.versionid, True), (second, False), (first, False)], "listed, a page each")
        bucket.copy_object(bucket.bucket_name, "v.txt", "restored.txt", params=old)
        equal(bucket.get_object("restored.txt").read(), b"first", "copied from an old version")


def deletes_versions(bucket):
    with versioned(bucket) as bucket:
        first = bucket.put_object("v.txt", b"first").versionid
        second = bucket.put_object("v.txt", b"second").versionid
        bucket.put_object_tagging("v.txt", oss2.models.Tagging(tags(a="1")), params={"versionId": first})
        bucket.put_object_acl("v.txt", "public-read", params={"versionId": first})
        told = (
            bucket.get_object_tagging("v.txt").tag_set.tagging_rule,
            bucket.get_object_tagging("v.txt", params={"versionId": first}).tag_set.tagging_rule,
            bucket.get_object_acl("v.txt").acl,
        )
        equal(told, ({}, {"a": "1"}, "default"), "of one version alone")
        versions = oss2.models.BatchDeleteObjectVersionList()
        versions.append(oss2.models.BatchDeleteObjectVersion(key="v.txt", versionid=second))
        deleted = bucket.delete_object_versions(versions).delete_versions
        equal([(entry.key, entry.versionid) for entry in deleted], [("v.txt", second)], "deleted")
        equal(bucket.get_object("v.txt").read(), b"first", "the version before")
        bucket.put_bucket_versioning(config("Suspended"))
        equal(bucket.put_object("v.txt", b"null").versionid, "null", "while suspended")
        is_refused(Refusal(404, "NoSuchVersion"), lambda: bucket.get_object("v.txt", params={"versionId": second}))


@contextlib.contextmanager
def versioned(bucket):
    """A bucket with versions, emptied and deleted at the end."""
    name = f"{bucket.bucket_name}-versions"
    other = oss2.Bucket(bucket.auth, bucket.endpoint, name, region=bucket.region)
    other.create_bucket()
    other.put_bucket_versioning(config("Enabled"))
    equal(other.get_bucket_versioning().status, "Enabled", "status")
    try:
        yield other
    finally:
        page = other.list_object_versions(max_keys=1000)
        for entry in [*page.versions, *page.delete_marker]:
            other.delete_object(entry.key, params={"versionId": entry.versionid})
        other.delete_bucket()


def config(status):
    versioning = oss2.models.BucketVersioningConfig()
    versioning.status = status
    return versioning


def tags(**pairs):
    rule = oss2.models.TaggingRule()
    for key, value in pairs.items():
        rule.add(key, value)
    return rule


def saves_a_processed_picture(bucket):
    bucket.put_object("picture.png", support.picture(400, 300))
    encoded = base64.urlsafe_b64encode("saved 中.png".encode()).decode().rstrip("=")
    result = bucket.process_object("picture.png", f"image/resize,w_100|sys/saveas,o_{encoded}")
    equal((result.process_status, result.object), ("OK", "saved 中.png"), "told")
    equal(support.decoded(bucket.get_object("saved 中.png").read())[:2], ("PNG", (100, 75)), "saved")


def calls_back(client):
    bucket = client.bucket
    with support.callback_server(client.world) as server:
        callback = {
            "callbackUrl": server.url + "/done?x=1", "callbackBodyType": "application/json",
            "callbackBody": '{"o":${object},"s":${size},"e":${etag},"who":${x:who},"m":${mimeType}}',
        }
        headers = {"Content-Type": "text/plain", "x-oss-callback": as_base64(callback)}
        headers["x-oss-callback-var"] = as_base64({"x:who": "jo 中"})
        put = bucket.put_object("called.txt", b"body", headers=headers)
        equal(json.loads(put.resp.read()), {"answer": "yes"}, "the server's answer")
        told = json.loads(server.bodies[-1])
        expected = {"o": "called.txt", "s": 4, "who": "jo 中", "m": "text/plain", "e": put.etag}
        told["e"] = told["e"].strip('"')
        equal((told, server.verified), (expected, [True]), "told to the server, with a good signature")
        upload = bucket.init_multipart_upload("called.bin").upload_id
        part = oss2.models.PartInfo(1, bucket.upload_part("called.bin", upload, 1, b"x").etag)
        done = bucket.complete_multipart_upload("called.bin", upload, [part], headers=headers)
        equal((json.loads(done.resp.read()), server.verified), ({"answer": "yes"}, [True, True]), "after the parts")
    failed = bucket.put_object("kept.txt", b"kept", headers=headers).resp
    equal((failed.status, b"<Code>CallbackFailed</Code>" in failed.read()), (203, True), "nobody listens any more")
    equal(bucket.get_object("kept.txt").read(), b"kept", "kept all the same")


def as_base64(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


def lets_anybody_in_by_acl(client):
    bucket = client.bucket
    anybody = oss2.Bucket(oss2.AnonymousAuth(), client.endpoint, bucket.bucket_name)
    closed = Refusal(403, "AccessDenied", "0003-00000001")
    bucket.put_object("public.txt", b"body")
    read, write = lambda: anybody.get_object("public.txt"), lambda: anybody.put_object("public.txt", b"new")
    is_refused(closed, read)
    bucket.put_object_acl("public.txt", "public-read")
    equal(read().read(), b"body", "of a public object")
    is_refused(Refusal(403, "AccessDenied"), write)
    bucket.put_object_acl("public.txt", "default")
    try:
        bucket.put_bucket_acl("public-read")
        equal(read().read(), b"body", "of a public bucket")
        is_refused(Refusal(403, "AccessDenied"), write)
        bucket.put_bucket_acl("public-read-write")
        equal(write().status, 200, "into a bucket that all may write")
    finally:
        bucket.put_bucket_acl("private")
    is_refused(closed, read)


def lets_anybody_in_by_policy(client):
    bucket = client.bucket
    anybody = oss2.Bucket(oss2.AnonymousAuth(), client.endpoint, bucket.bucket_name)
    for name in ("open/a.txt", "open/secret.txt", "closed.txt"):
        bucket.put_object(name, b"body")
    resource = f"acs:oss:*:*:{bucket.bucket_name}"
    allow = {"Effect": "Allow", "Principal": ["*"], "Action": ["oss:GetObject"], "Resource": [f"{resource}/open/*"]}
    deny = {**allow, "Effect": "Deny", "Resource": [f"{resource}/open/secret.txt"]}
    bucket.put_bucket_policy(json.dumps({"Version": "1", "Statement": [allow, deny]}))
    try:
        equal(anybody.get_object("open/a.txt").read(), b"body", "allowed")
        for name in ("open/secret.txt", "closed.txt"):
            is_refused(Refusal(403, "AccessDenied"), lambda: anybody.get_object(name))
        is_refused(Refusal(403, "AccessDenied"), lambda: bucket.get_object("open/secret.txt"))
        equal(json.loads(bucket.get_bucket_policy().policy)["Statement"][0]["Effect"], "Allow", "the policy")
    finally:
        bucket.delete_bucket_policy()
    is_refused(Refusal(404, "NoSuchBucketPolicy"), bucket.get_bucket_policy)
    is_refused(Refusal(403, "AccessDenied"), lambda: anybody.get_object("open/a.txt"))


def presigns_with_conditions(bucket):
    bucket.put_object("signed.txt", b"signed")
    for method in ("HEAD", "DELETE"):
        answer = support.send(method, bucket.sign_url(method, "signed.txt", 60))
        equal(answer.status, {"HEAD": 200, "DELETE": 204}[method], method)
    url = bucket.sign_url("POST", "signed.txt", 60, params={"append": "", "position": "0"})
    equal(support.send("POST", url, b"appended").headers["x-oss-next-append-position"], "8", "append")
    some, slowly = {"Range": "bytes=0-3"}, {"x-oss-traffic-limit": "819200"}
    url = bucket.sign_url("GET", "signed.txt", 60, headers=some, params=slowly)
    equal(support.send("GET", url, headers=some).body, b"appe", "range")


def limits_traffic(bucket):
    # 819200 bit/s is the least that OSS takes: 100 KiB a second.
    limit = {oss2.models.OSS_TRAFFIC_LIMIT: "819200"}
    started = time.monotonic()
    bucket.put_object("slow.bin", b"x" * PART, headers=limit)
    seconds = time.monotonic() - started
    equal(0.5 < seconds < 10, True, f"{seconds} s for 128 KiB at 100 KiB/s")
    bad = {oss2.models.OSS_TRAFFIC_LIMIT: "100"}
    is_refused(Refusal(400, "InvalidArgument"), lambda: bucket.get_object("slow.bin", headers=bad))
