"""alibabacloud-oss-v2, a story per operation family, in V1 and V4, with the long-term key and with a token."""

import base64
import datetime
import json
import os
from functools import partial

import alibabacloud_oss_v2 as oss

import support
from oss2_objects import as_base64
from oss_v2_client import Client, is_refused
from support import Refusal, equal

PART = 128 * 1024


class Owner(Client):
    """A client with a bucket of its own, and calls by the name of their request: `ask("put_object", key=…)`."""

    def __init__(self, world, version, kind, credentials):
        super().__init__(world, version, kind, credentials)
        self.prefix, self.bucket = "", self.label.lower().replace(" ", "-")
        self.ask("put_bucket")

    def ask(self, operation, bucket=None, **fields):
        """Performs an operation on this client's bucket."""
        request = getattr(oss, "".join(word.capitalize() for word in operation.split("_")) + "Request")
        return getattr(self.oss, operation)(request(bucket=bucket or self.bucket, **fields))

    def put(self, key, body, **fields):
        return self.ask("put_object", key=key, body=body, **fields)

    def get(self, key, **fields):
        return self.ask("get_object", key=key, **fields)


def stories(world):
    """All stories as (name, function)."""
    for version in ("V1", "V4"):
        for kind, credentials in (("key", world.key), ("role", world.assume_role(3600))):
            client = Owner(world, version, kind, credentials)
            for tell in (
                tells_about_buckets, lists_with_its_paginators, compares_before_it_answers,
                appends_by_position_and_file, copies_objects_small_and_large, completes_everything,
                deletes_many, links, gives_acls, tags,
                restores, keeps_versions, saves_a_processed_picture, calls_back, presigns_everything,
                answers_preflights, keeps_settings, refuses_what_is_wrong,
            ):
                yield f"{client.label}: {tell.__name__.replace('_', ' ')}", partial(tell, client)


def tells_about_buckets(client):
    other, ask = f"{client.bucket}-made", client.ask
    wanted = oss.CreateBucketConfiguration(storage_class="IA", data_redundancy_type="ZRS")
    ask("put_bucket", bucket=other, acl="public-read", create_bucket_configuration=wanted)
    info = ask("get_bucket_info", bucket=other).bucket_info
    told = (info.name, info.storage_class, info.data_redundancy_type, info.acl, info.location)
    equal(told, (other, "IA", "ZRS", "public-read", "oss-cn-hangzhou"), "info")
    equal(ask("get_bucket_location", bucket=other).location, "oss-cn-hangzhou", "location")
    equal(ask("get_bucket_stat", bucket=other).object_count, 0, "stat")
    ask("put_bucket_acl", bucket=other, acl="private")
    equal(ask("get_bucket_acl", bucket=other).acl, "private", "ACL")
    pages = client.oss.list_buckets_paginator().iter_page(oss.ListBucketsRequest(prefix=client.bucket, max_keys=1))
    equal([bucket.name for page in pages for bucket in page.buckets], [client.bucket, other], "pages of one")
    equal(client.oss.is_bucket_exist(other), True, "there")
    equal(ask("delete_bucket", bucket=other).status_code, 204, "deleted")
    equal(client.oss.is_bucket_exist(other), False, "gone")


def lists_with_its_paginators(client):
    names = [f"lists/{name}" for name in ("a b/1", "c+d", "e%f", "中")]
    for name in names:
        client.put(name, b"x")
    for page_of, listed in (
        (client.oss.list_objects_paginator(), oss.ListObjectsRequest),
        (client.oss.list_objects_v2_paginator(), oss.ListObjectsV2Request),
    ):
        pages = list(page_of.iter_page(listed(bucket=client.bucket, prefix="lists/", max_keys=1)))
        equal([entry.key for page in pages for entry in page.contents], names, "pages of one")
        page = next(iter(page_of.iter_page(listed(bucket=client.bucket, prefix="lists/", delimiter="/"))))
        equal([entry.prefix for entry in page.common_prefixes], ["lists/a b/"], "folders")
    uploads = [client.ask("initiate_multipart_upload", key=f"up/{name}").upload_id for name in "ab"]
    paginator = client.oss.list_multipart_uploads_paginator()
    asked = oss.ListMultipartUploadsRequest(bucket=client.bucket, prefix="up/", max_uploads=1)
    found = [entry.upload_id for page in paginator.iter_page(asked) for entry in page.uploads]
    equal(found, uploads, "uploads, a page each")
    for number in (1, 2):
        client.ask("upload_part", key="up/a", upload_id=uploads[0], part_number=number, body=b"x")
    asked = oss.ListPartsRequest(bucket=client.bucket, key="up/a", upload_id=uploads[0], max_parts=1)
    found = [part.part_number for page in client.oss.list_parts_paginator().iter_page(asked) for part in page.parts]
    equal(found, [1, 2], "parts, a page each")
    for name, upload in zip("ab", uploads):
        client.ask("abort_multipart_upload", key=f"up/{name}", upload_id=upload)


def compares_before_it_answers(client):
    put = client.put("compared.txt", b"0123456789", content_type="text/plain", storage_class="IA", tagging="a=b%20c")
    old, failed = "Thu, 01 Jan 2015 00:00:00 GMT", Refusal(412, "PreconditionFailed")
    for fields, expected in (
        ({"if_match": put.etag}, None), ({"if_match": '"0"'}, failed), ({"if_none_match": '"0"'}, None),
        ({"if_modified_since": old}, None), ({"if_unmodified_since": old}, failed),
    ):
        if expected:
            is_refused(expected, lambda: client.get("compared.txt", **fields))
        else:
            equal(client.get("compared.txt", **fields).body.content, b"0123456789", str(fields))
    part = client.get("compared.txt", range_header="bytes=8-20", range_behavior="standard")
    equal((part.status_code, part.body.content, part.content_range), (206, b"89", "bytes 8-9/10"), "range")
    head = client.ask("head_object", key="compared.txt")
    equal((head.storage_class, head.tagging_count, head.content_length), ("IA", 1, 10), "head")
    exists = Refusal(409, "FileAlreadyExists", "0026-00000002")
    is_refused(exists, lambda: client.put("compared.txt", b"", forbid_overwrite=True))
    equal(client.oss.is_object_exist(client.bucket, "compared.txt"), True, "there")
    equal(client.oss.is_object_exist(client.bucket, "none"), False, "not there")


def appends_by_position_and_file(client):
    first = client.ask("append_object", key="log.txt", position=0, body=b"one,", metadata={"who": "kim"})
    equal(first.next_position, 4, "next position")
    late = lambda: client.ask("append_object", key="log.txt", position=0, body=b"late")
    is_refused(Refusal(409, "PositionNotEqualToLength", "0026-00000016"), late)
    with client.oss.append_file(bucket=client.bucket, key="log.txt") as file:
        file.write(b"two,")
        file.write(b"three")
    with client.oss.open_file(bucket=client.bucket, key="log.txt") as file:
        equal(file.read(), b"one,two,three", "as a file")
        file.seek(4)
        equal(file.read(3), b"two", "from the middle")


def copies_objects_small_and_large(client):
    body = os.urandom(3 * PART)
    client.put("source a+中.bin", body, metadata={"who": "leo"}, tagging="from=source")
    copy = partial(client.ask, "copy_object", source_bucket=client.bucket, source_key="source a+中.bin")
    copy(key="copied.bin")
    head = client.ask("head_object", key="copied.bin")
    equal((head.metadata, head.tagging_count), ({"who": "leo"}, 1), "copied")
    copy(key="copied.bin", metadata={"new": "1"}, metadata_directive="REPLACE", tagging_directive="Replace", tagging="")
    head = client.ask("head_object", key="copied.bin")
    equal((head.metadata, head.tagging_count), ({"new": "1"}, None), "replaced")
    is_refused(Refusal(412, "PreconditionFailed"), lambda: copy(key="copied.bin", if_match='"0"'))
    large = oss.CopyObjectRequest(
        bucket=client.bucket, key="large.bin", source_bucket=client.bucket, source_key="source a+中.bin",
    )
    client.oss.copier(part_size=PART, multipart_copy_threshold=PART, disable_shallow_copy=True).copy(large)
    got = client.get("large.bin")
    equal((got.object_type, got.body.content == body), ("Multipart", True), "by parts")


def completes_everything(client):
    key = "everything.bin"
    upload = client.ask("initiate_multipart_upload", key=key, metadata={"who": "mia"}).upload_id
    etags = [
        client.ask("upload_part", key=key, upload_id=upload, part_number=number, body=bytes([number]) * PART).etag
        for number in (1, 2)
    ]
    parts = [oss.UploadPart(part_number=number, etag=etag) for number, etag in zip((2, 1), reversed(etags))]
    complete = partial(client.ask, "complete_multipart_upload", key=key, upload_id=upload)
    backwards = oss.CompleteMultipartUpload(parts=parts)
    order = Refusal(400, "InvalidPartOrder", "0042-00000209")
    is_refused(order, lambda: complete(complete_multipart_upload=backwards))
    complete(complete_all="yes")
    got = client.get(key)
    equal((got.metadata, got.body.content == b"\1" * PART + b"\2" * PART), ({"who": "mia"}, True), "all of it")


def deletes_many(client):
    names = ["many/a b", "many/c&d", "many/中", "many/\x01"]
    for name in names:
        client.put(name, b"x")
    objects = [oss.DeleteObject(key=name) for name in names[:2]]
    done = client.ask("delete_multiple_objects", objects=objects, encoding_type="url")
    equal(sorted(entry.key for entry in done.deleted_objects), names[:2], "told")
    objects = [oss.DeleteObject(key=name) for name in names[2:]]
    quiet = client.ask("delete_multiple_objects", objects=objects, quiet=True)
    equal(quiet.deleted_objects or [], [], "told quietly")
    equal(client.ask("list_objects_v2", prefix="many/").key_count, 0, "left")


def links(client):
    client.put("target.txt", b"target")
    client.ask("put_symlink", key="link.txt", symlink_target="target.txt", metadata={"who": "ned"})
    equal(client.ask("get_symlink", key="link.txt").target, "target.txt", "target")
    got = client.get("link.txt")
    equal((got.body.content, got.object_type), (b"target", "Symlink"), "through the link")
    is_refused(Refusal(400, "NotSymlink"), lambda: client.ask("get_symlink", key="target.txt"))


def gives_acls(client):
    client.put("acl.txt", b"body")
    for acl in ("public-read", "private", "default"):
        client.ask("put_object_acl", key="acl.txt", acl=acl)
        equal(client.ask("get_object_acl", key="acl.txt").acl, acl, "ACL")
    anybody = oss.Client(oss.config.Config(
        region=client.world.region, endpoint=client.world.oss_endpoint, retry_max_attempts=1,
        credentials_provider=oss.credentials.AnonymousCredentialsProvider(),
    ))
    read = lambda: anybody.get_object(oss.GetObjectRequest(bucket=client.bucket, key="acl.txt"))
    is_refused(Refusal(403, "AccessDenied", "0003-00000001"), read)
    client.ask("put_object_acl", key="acl.txt", acl="public-read")
    equal(read().body.content, b"body", "without a signature")


def tags(client):
    client.put("tags.txt", b"body")
    pairs = [("owner", "o p"), ("中", "照片")]
    tag_set = oss.TagSet(tags=[oss.Tag(key=key, value=value) for key, value in pairs])
    client.ask("put_object_tagging", key="tags.txt", tagging=oss.Tagging(tag_set=tag_set))
    kept = client.ask("get_object_tagging", key="tags.txt").tag_set.tags
    equal([(tag.key, tag.value) for tag in kept], pairs, "kept")
    equal(client.ask("delete_object_tagging", key="tags.txt").status_code, 204, "deleted")
    equal(client.ask("get_object_tagging", key="tags.txt").tag_set.tags or [], [], "at last")


def restores(client):
    client.put("cold.txt", b"cold", storage_class="Archive")
    is_refused(Refusal(403, "InvalidObjectState"), lambda: client.get("cold.txt"))
    restore = lambda: client.ask("restore_object", key="cold.txt", restore_request=oss.RestoreRequest(days=2))
    equal(restore().status_code, 202, "asked back")
    is_refused(Refusal(409, "RestoreAlreadyInProgress"), restore)
    with client.world.clock_moved(10):
        got = client.get("cold.txt")
        equal((got.body.content, 'ongoing-request="false"' in got.restore), (b"cold", True), "back")


def keeps_versions(client):
    bucket, status = f"{client.bucket}-versions", oss.VersioningConfiguration
    ask = partial(client.ask, bucket=bucket)
    ask("put_bucket")
    ask("put_bucket_versioning", versioning_configuration=status(status="Enabled"))
    equal(ask("get_bucket_versioning").version_status, "Enabled", "status")
    first, second = (ask("put_object", key="v.txt", body=body).version_id for body in (b"first", b"second"))
    marker = ask("delete_object", key="v.txt")
    equal(marker.delete_marker, True, "delete marker")
    is_refused(Refusal(404, "NoSuchKey"), lambda: ask("get_object", key="v.txt"))
    named = lambda: ask("get_object", key="v.txt", version_id=marker.version_id)
    is_refused(Refusal(405, "MethodNotAllowed"), named)
    equal(ask("get_object", key="v.txt", version_id=first).body.content, b"first", "the old one")
    pages = client.oss.list_object_versions_paginator().iter_page(
        oss.ListObjectVersionsRequest(bucket=bucket, max_keys=1)
    )
    listed = [entry for page in pages for entry in [*(page.version or []), *(page.delete_marker or [])]]
    told = [(entry.version_id, entry.is_latest) for entry in listed]
    equal(told, [(marker.version_id, True), (second, False), (first, False)], "listed, a page each")
    objects = [oss.DeleteObject(key="v.txt", version_id=version) for version, _ in told]
    ask("delete_multiple_objects", objects=objects)
    equal(ask("delete_bucket").status_code, 204, "all gone")


def saves_a_processed_picture(client):
    client.put("picture.png", support.picture(400, 300))
    encoded = base64.urlsafe_b64encode(b"saved.png").decode().rstrip("=")
    process = f"image/resize,w_100|sys/saveas,o_{encoded}"
    if client.version == "V1":
        # This SDK leaves x-oss-process out of what V1 signs.
        refused = Refusal(403, "SignatureDoesNotMatch")
        return is_refused(refused, lambda: client.ask("process_object", key="picture.png", process=process))
    done = client.ask("process_object", key="picture.png", process=process)
    equal((done.process_status, done.key), ("OK", "saved.png"), "told")
    equal(support.decoded(client.get("saved.png").body.content)[1], (100, 75), "saved")


def calls_back(client):
    with support.callback_server(client.world) as server:
        callback = {"callbackUrl": server.url, "callbackBody": "bucket=${bucket}&size=${size}&who=${x:who}"}
        fields = {"callback": as_base64(callback), "callback_var": as_base64({"x:who": "pia"})}
        put = client.put("called.txt", b"body", **fields)
        equal((put.callback_result, server.verified), ('{"answer":"yes"}', [True]), "answer")
        equal(server.bodies, [f"bucket={client.bucket}&size=4&who=pia".encode()], "told")
    failed = client.put("kept.txt", b"kept", **fields)
    equal((failed.status_code, "CallbackFailed" in failed.callback_result), (203, True), "nobody listens any more")
    equal(client.get("kept.txt").body.content, b"kept", "kept all the same")


def presigns_everything(client):
    soon = datetime.timedelta(minutes=2)
    send = lambda request, body=None: answer_to(client.oss.presign(request, expires=soon), body)
    place = {"bucket": client.bucket, "key": "signed a+中.bin"}
    equal(send(oss.PutObjectRequest(**place), b"body").status, 200, "PUT")
    equal(send(oss.HeadObjectRequest(**place)).headers["Content-Length"], "4", "HEAD")
    equal(send(oss.GetObjectRequest(**place)).body, b"body", "GET")
    begun = send(oss.InitiateMultipartUploadRequest(**place)).body.decode()
    upload = begun.split("<UploadId>")[1].split("<")[0]
    equal(send(oss.UploadPartRequest(**place, upload_id=upload, part_number=1), b"part").status, 200, "part")
    done = send(oss.CompleteMultipartUploadRequest(**place, upload_id=upload, complete_all="yes"))
    equal((done.status, client.get(place["key"]).body.content), (200, b"part"), "complete")
    upload = client.ask("initiate_multipart_upload", key=place["key"]).upload_id
    equal(send(oss.AbortMultipartUploadRequest(**place, upload_id=upload)).status, 204, "abort")


def answer_to(signed, body):
    return support.send(signed.method, signed.url, body, signed.signed_headers)


def answers_preflights(client):
    rule = oss.CORSRule(
        allowed_origins=["*"], allowed_methods=["GET", "PUT"], allowed_headers=["*"], expose_headers=["ETag"],
        max_age_seconds=60,
    )
    client.ask("put_bucket_cors", cors_configuration=oss.CORSConfiguration(cors_rules=[rule], response_vary=True))
    kept = client.ask("get_bucket_cors").cors_configuration
    equal((kept.cors_rules[0].allowed_methods, kept.response_vary), (["GET", "PUT"], True), "kept")
    ask = partial(client.ask, "option_object", key="any", origin="http://a.example.com")
    allowed = ask(access_control_request_method="PUT", access_control_request_headers="x-oss-a")
    equal(allowed.access_control_allow_methods is not None, True, "allowed")
    is_refused(Refusal(403, "AccessForbidden"), lambda: ask(access_control_request_method="DELETE"))
    client.ask("delete_bucket_cors")
    is_refused(Refusal(404, "NoSuchCORSConfiguration"), lambda: client.ask("get_bucket_cors"))


def keeps_settings(client):
    ask = client.ask
    policy = {"Version": "1", "Statement": [{
        "Effect": "Allow", "Principal": ["*"], "Action": ["oss:GetObject"],
        "Resource": [f"acs:oss:*:*:{client.bucket}/open/*"],
    }]}
    ask("put_bucket_policy", body=json.dumps(policy))
    equal(json.loads(ask("get_bucket_policy").body), policy, "policy")
    equal(ask("get_bucket_policy_status").policy_status.is_public, True, "a public one")
    ask("delete_bucket_policy")
    referers = oss.RefererList(referers=["http://a.example.com"])
    ask("put_bucket_referer", referer_configuration=oss.RefererConfiguration(
        allow_empty_referer=True, referer_list=referers,
    ))
    kept = ask("get_bucket_referer").referer_configuration
    equal((kept.allow_empty_referer, kept.referer_list.referers), (True, ["http://a.example.com"]), "referers")
    rule = oss.LifecycleRule(id="r", prefix="tmp/", status="Enabled", expiration=oss.LifecycleRuleExpiration(days=3))
    ask("put_bucket_lifecycle", lifecycle_configuration=oss.LifecycleConfiguration(rules=[rule]))
    kept = ask("get_bucket_lifecycle").lifecycle_configuration.rules[0]
    equal((kept.id, kept.prefix, kept.expiration.days), ("r", "tmp/", 3), "lifecycle")
    ask("delete_bucket_lifecycle")
    default = oss.ApplyServerSideEncryptionByDefault(sse_algorithm="AES256")
    ask("put_bucket_encryption", server_side_encryption_rule=oss.ServerSideEncryptionRule(
        apply_server_side_encryption_by_default=default,
    ))
    kept = ask("get_bucket_encryption").server_side_encryption_rule.apply_server_side_encryption_by_default
    equal(kept.sse_algorithm, "AES256", "encryption")
    ask("delete_bucket_encryption")
    enabled = oss.LoggingEnabled(target_bucket=client.bucket, target_prefix="logs/")
    ask("put_bucket_logging", bucket_logging_status=oss.BucketLoggingStatus(logging_enabled=enabled))
    equal(ask("get_bucket_logging").bucket_logging_status.logging_enabled.target_prefix, "logs/", "logging")
    ask("delete_bucket_logging")
    ask("put_bucket_tags", tagging=oss.Tagging(tag_set=oss.TagSet(tags=[oss.Tag(key="a", value="b")])))
    equal(ask("get_bucket_tags").tagging.tag_set.tags[0].value, "b", "tags")
    ask("delete_bucket_tags")
    ask("put_bucket_website", website_configuration=oss.WebsiteConfiguration(
        index_document=oss.IndexDocument(suffix="index.html"),
    ))
    equal(ask("get_bucket_website").website_configuration.index_document.suffix, "index.html", "website")
    ask("delete_bucket_website")
    ask("put_style", style_name="small", style=oss.StyleContent(content="image/resize,w_10"))
    equal(ask("get_style", style_name="small").style.content, "image/resize,w_10", "style")
    ask("delete_style", style_name="small")


def refuses_what_is_wrong(client):
    missing = Refusal(404, "NoSuchBucket", "0015-00000101")
    # OSS looks for the bucket before it looks at who asks.
    stranger = client.client_as(support.Credentials("LTAI5tUnknownUnknown", "secret"))
    is_refused(missing, lambda: stranger.list_objects_v2(oss.ListObjectsV2Request(bucket="no-such-bucket-here")))
    is_refused(missing, lambda: client.ask("get_bucket_acl", bucket="no-such-bucket-here"))
    is_refused(Refusal(409, "BucketNotEmpty", "0015-00000301"), lambda: client.ask("delete_bucket"))
    for operation, expected in (
        ("get_bucket_lifecycle", "NoSuchLifecycle"), ("get_bucket_policy", "NoSuchBucketPolicy"),
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
        ("get_bucket_encryption", "NoSuchServerSideEncryptionRule"),
    ):
        is_refused(Refusal(404, expected), lambda: client.ask(operation))
    wrong = Refusal(400, "InvalidArgument")
    is_refused(wrong, lambda: client.put("wrong.txt", b"", acl="secret"))
    is_refused(wrong, lambda: client.put("wrong.txt", b"", storage_class="Hot"))
    is_refused(wrong, lambda: client.ask("list_objects_v2", max_keys=1001))
    is_refused(Refusal(404, "NoSuchVersion"), lambda: client.get("none", version_id="CAEQ0"))
