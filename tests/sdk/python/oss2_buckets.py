"""oss2 on buckets, lists and settings: a story per operation family, in V1 and V4, with a key and a token."""

import datetime
import json
from functools import partial

import oss2

import support
from oss2_client import is_refused
from oss2_objects import clients, config, tags
from support import Refusal, equal

DAY = 86400
ORIGIN = "http://app.example.com"


def stories(world):
    """All stories as (name, function)."""
    for client in clients(world, "-b"):
        for tell in (
            makes_and_deletes_buckets, lists_buckets, refuses_bad_buckets, serves_preflights, checks_referers,
            ends_objects_with_their_day,
        ):
            yield f"{client.label}: {tell.__name__.replace('_', ' ')}", partial(tell, client)
        for tell in (
            tells_about_a_bucket, lists_in_every_way, tags_buckets, encrypts_by_default,
            keeps_settings, keeps_styles, counts_versioning_states,
        ):
            yield f"{client.label}: {tell.__name__.replace('_', ' ')}", partial(tell, client.bucket)


def other(client, end):
    return client.bucket_as(client.credentials, bucket=f"{client.bucket.bucket_name}-{end}")


def makes_and_deletes_buckets(client):
    bucket = other(client, "made")
    wanted = oss2.models.BucketCreateConfig(oss2.BUCKET_STORAGE_CLASS_IA, oss2.BUCKET_DATA_REDUNDANCY_TYPE_ZRS)
    bucket.create_bucket(oss2.BUCKET_ACL_PUBLIC_READ, wanted)
    info = bucket.get_bucket_info()
    told = (info.storage_class, info.data_redundancy_type, info.acl.grant, info.name)
    equal(told, ("IA", "ZRS", "public-read", bucket.bucket_name), "as asked for")
    put = bucket.put_object("a.txt", b"body")
    equal(bucket.head_object("a.txt").headers["x-oss-storage-class"], "IA", "class of its objects")
    is_refused(Refusal(409, "BucketNotEmpty", "0015-00000301"), bucket.delete_bucket)
    equal(put.status, 200, "put")
    bucket.delete_object("a.txt")
    equal(bucket.delete_bucket().status, 204, "deleted")
    is_refused(Refusal(404, "NoSuchBucket", "0015-00000101"), bucket.get_bucket_info)


def lists_buckets(client):
    service = oss2.Service(client.bucket.auth, client.endpoint, region=client.world.region)
    name = client.bucket.bucket_name
    made = [other(client, f"list{number}") for number in range(3)]
    for bucket in made:
        bucket.create_bucket()
    found = [entry.name for entry in oss2.BucketIterator(service, prefix=f"{name}-list", max_keys=2)]
    equal(found, [bucket.bucket_name for bucket in made], "two pages")
    page = service.list_buckets(prefix=f"{name}-list", max_keys=1)
    equal((page.is_truncated, page.buckets[0].location), (True, f"oss-{client.world.region}"), "one page")
    for bucket in made:
        bucket.delete_bucket()
    equal(service.list_buckets(prefix=f"{name}-list").buckets, [], "at last")


def refuses_bad_buckets(client):
    missing = Refusal(404, "NoSuchBucket", "0015-00000101")
    nowhere = other(client, "nowhere")
    for attempt in (
        nowhere.get_bucket_acl, nowhere.list_objects, nowhere.list_objects_v2, nowhere.delete_bucket,
        nowhere.get_bucket_stat, nowhere.get_bucket_location, nowhere.get_bucket_cors, nowhere.get_bucket_versioning,
        lambda: nowhere.put_object("a", b""), lambda: nowhere.delete_object("a"), nowhere.list_multipart_uploads,
    ):
        is_refused(missing, attempt)
    is_refused(Refusal(400, "InvalidArgument"), lambda: client.bucket.put_bucket_acl("secret"))


def tells_about_a_bucket(bucket):
    for name in ("stat/a", "stat/b"):
        bucket.put_object(name, b"1234")
    upload = bucket.init_multipart_upload("stat/c").upload_id
    stat = bucket.get_bucket_stat()
    equal((stat.object_count >= 2, stat.storage_size_in_bytes >= 8), (True, True), "counted")
    equal(stat.multi_part_upload_count, 1, "uploads")
    bucket.abort_multipart_upload("stat/c", upload)
    equal(bucket.get_bucket_location().location, "oss-cn-hangzhou", "location")
    for acl in ("public-read", "public-read-write", "private"):
        bucket.put_bucket_acl(acl)
        equal((bucket.get_bucket_acl().acl, bucket.get_bucket_info().acl.grant), (acl, acl), "ACL")
    now, made = datetime.datetime.now(datetime.timezone.utc), bucket.get_bucket_info().creation_date
    equal(made.startswith(str(now.year)), True, f"made {made}")


def lists_in_every_way(bucket):
    names = [f"lists/{name}" for name in ("a b/1", "a b/2", "c+d", "e%20f", "g&h<i>", "z", "中/文")]
    for name in names:
        bucket.put_object(name, b"x")
    for iterate in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        for prefix, expected in (("lists/", names), ("lists/a b", names[:2]), ("lists/c+", names[2:3])):
            equal([entry.key for entry in iterate(bucket, prefix=prefix, max_keys=2)], expected, prefix)
    folders = bucket.list_objects_v2("lists/", delimiter="/").prefix_list
    equal(folders, ["lists/a b/", "lists/中/"], "folders")
    page = bucket.list_objects("lists/", marker="lists/e%20f", max_keys=2)
    equal(([entry.key for entry in page.object_list], page.next_marker), (names[4:6], names[5]), "after a marker")
    page = bucket.list_objects_v2("lists/", start_after="lists/g&h<i>")
    equal([entry.key for entry in page.object_list], names[5:], "after a name")
    raw = bucket.list_objects_v2("lists/", encoding_type="")
    equal([entry.key for entry in raw.object_list], names, "without encoding")
    for wrong in (lambda: bucket.list_objects(max_keys=0), lambda: bucket.list_objects(max_keys=1001)):
        is_refused(Refusal(400, "InvalidArgument"), wrong)
    token = lambda: bucket.list_objects_v2(continuation_token="no token")
    is_refused(Refusal(400, "InvalidArgument"), token)


def serves_preflights(client):
    bucket = other(client, "cors")
    bucket.create_bucket()
    bucket.put_object("a.txt", b"body")
    url = bucket.sign_url("GET", "a.txt", 60)
    asks = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-oss-meta-a"}
    preflight = lambda **more: support.send("OPTIONS", url.split("?")[0], headers={**asks, **more})
    equal(preflight().status, 403, "without rules")
    is_refused(Refusal(404, "NoSuchCORSConfiguration"), bucket.get_bucket_cors)
    rule = oss2.models.CorsRule(
        allowed_origins=["http://*.example.com"], allowed_methods=["GET", "PUT"], allowed_headers=["*"],
        expose_headers=["ETag", "x-oss-request-id"], max_age_seconds=100,
    )
    bucket.put_bucket_cors(oss2.models.BucketCors([rule]))
    kept = bucket.get_bucket_cors().rules[0]
    told = (kept.allowed_origins, kept.allowed_methods, kept.expose_headers, kept.max_age_seconds)
    equal(told, (rule.allowed_origins, rule.allowed_methods, rule.expose_headers, 100), "kept")
    allowed = preflight()
    equal((allowed.status, allowed.headers["Access-Control-Allow-Origin"]), (200, ORIGIN), "allowed")
    equal(allowed.headers["Access-Control-Max-Age"], "100", "age")
    for refused in ({"Origin": "http://evil.com"}, {"Access-Control-Request-Method": "DELETE"}):
        equal(support.refusal_of(preflight(**refused)).code, "AccessForbidden", str(refused))
    got = support.send("GET", url, headers={"Origin": ORIGIN})
    told = (got.status, got.headers["Access-Control-Allow-Origin"], got.headers["Access-Control-Expose-Headers"])
    equal(told[:2], (200, ORIGIN), "of a simple request")
    equal("ETag" in told[2], True, f"exposed {told[2]}")
    bucket.delete_bucket_cors()
    equal(preflight().status, 403, "without rules again")


def checks_referers(client):
    bucket = other(client, "referer")
    bucket.create_bucket()
    bucket.put_object("a.txt", b"body")
    bucket.put_object_acl("a.txt", "public-read")
    url = bucket.sign_url("GET", "a.txt", 60).split("?")[0]
    bucket.put_bucket_referer(oss2.models.BucketReferer(False, ["http://*.example.com"]))
    kept = bucket.get_bucket_referer()
    equal((kept.allow_empty_referer, kept.referers), (False, ["http://*.example.com"]), "kept")
    status = lambda headers: support.send("GET", url, headers=headers).status
    found = [status({"Referer": "http://www.example.com/x"}), status({"Referer": "http://evil.com/"}), status({})]
    equal(found, [200, 403, 403], "friend, stranger, nobody")
    bucket.put_bucket_referer(oss2.models.BucketReferer(True, []))
    equal([status({"Referer": "http://evil.com/"}), status({})], [200, 200], "without a list")


def ends_objects_with_their_day(client):
    bucket = client.bucket
    is_refused(Refusal(404, "NoSuchLifecycle"), bucket.get_bucket_lifecycle)
    for name in ("ending/a.txt", "staying/a.txt"):
        bucket.put_object(name, b"body")
    soon = oss2.models.LifecycleExpiration(days=2)
    rule = oss2.models.LifecycleRule("end", "ending/", oss2.models.LifecycleRule.ENABLED, expiration=soon)
    later = oss2.models.LifecycleRule("cool", "staying/", oss2.models.LifecycleRule.ENABLED)
    later.storage_transitions = [oss2.models.StorageTransition(days=1, storage_class="IA")]
    bucket.put_bucket_lifecycle(oss2.models.BucketLifecycle([rule, later]))
    kept = bucket.get_bucket_lifecycle().rules
    told = [(it.id, it.prefix, it.status) for it in kept]
    equal(told, [("end", "ending/", "Enabled"), ("cool", "staying/", "Enabled")], "kept")
    equal((kept[0].expiration.days, kept[1].storage_transitions[0].storage_class), (2, "IA"), "kept")
    # Presigned for days, with the key that lasts: a moved clock makes every other signature too old.
    lasting = client.bucket_as(client.world.key, bucket=bucket.bucket_name)
    ending, staying = (lasting.sign_url("GET", name, 6 * DAY) for name in ("ending/a.txt", "staying/a.txt"))
    with client.world.clock_moved(4 * DAY):
        equal(support.refusal_of(support.send("GET", ending)).code, "NoSuchKey", "ended")
        equal(support.send("GET", staying).headers["x-oss-storage-class"], "IA", "cooled")
    bucket.delete_bucket_lifecycle()
    is_refused(Refusal(404, "NoSuchLifecycle"), bucket.get_bucket_lifecycle)


def tags_buckets(bucket):
    equal(bucket.get_bucket_tagging().tag_set.tagging_rule, {}, "at first")
    bucket.put_bucket_tagging(oss2.models.Tagging(tags(team="photos", stage="中")))
    equal(bucket.get_bucket_tagging().tag_set.tagging_rule, {"team": "photos", "stage": "中"}, "set")
    equal(bucket.delete_bucket_tagging().status, 204, "deleted")
    equal(bucket.get_bucket_tagging().tag_set.tagging_rule, {}, "at last")


def encrypts_by_default(bucket):
    is_refused(Refusal(404, "NoSuchServerSideEncryptionRule"), bucket.get_bucket_encryption)
    rule = oss2.models.ServerSideEncryptionRule()
    rule.sse_algorithm = oss2.SERVER_SIDE_ENCRYPTION_AES256
    bucket.put_bucket_encryption(rule)
    equal(bucket.get_bucket_encryption().sse_algorithm, "AES256", "kept")
    bucket.put_object("encrypted.txt", b"body")
    equal(bucket.head_object("encrypted.txt").headers["x-oss-server-side-encryption"], "AES256", "told by HEAD")
    equal(bucket.get_bucket_info().bucket_encryption_rule.sse_algorithm, "AES256", "told of the bucket")
    bucket.delete_bucket_encryption()
    own = {"x-oss-server-side-encryption": "ROT13"}
    wrong = Refusal(400, "InvalidEncryptionAlgorithmError")
    is_refused(wrong, lambda: bucket.put_object("encrypted.txt", b"", headers=own))


def keeps_settings(bucket):
    bucket.put_bucket_logging(oss2.models.BucketLogging(bucket.bucket_name, "logs/"))
    logging = bucket.get_bucket_logging()
    equal((logging.target_bucket, logging.target_prefix), (bucket.bucket_name, "logs/"), "logging")
    bucket.delete_bucket_logging()
    equal(bucket.get_bucket_logging().target_bucket, "", "no logging")
    is_refused(Refusal(404, "NoSuchWebsiteConfiguration"), bucket.get_bucket_website)
    bucket.put_bucket_website(oss2.models.BucketWebsite("index.html", "error.html"))
    website = bucket.get_bucket_website()
    equal((website.index_file, website.error_file), ("index.html", "error.html"), "website")
    bucket.delete_bucket_website()
    equal(bucket.get_bucket_request_payment().payer, "BucketOwner", "payer at first")
    bucket.put_bucket_request_payment("Requester")
    equal(bucket.get_bucket_request_payment().payer, "Requester", "payer")
    bucket.put_bucket_request_payment("BucketOwner")
    bucket.put_bucket_transfer_acceleration("true")
    equal(bucket.get_bucket_transfer_acceleration().enabled, "true", "acceleration")
    bucket.put_bucket_transfer_acceleration("false")
    is_refused(Refusal(404, "NoSuchBucketPolicy"), bucket.get_bucket_policy)
    statement = {"Effect": "Allow", "Principal": ["1000000000000001"], "Action": ["oss:GetObject"]}
    statement["Resource"] = [f"acs:oss:*:*:{bucket.bucket_name}/*"]
    bucket.put_bucket_policy(json.dumps({"Version": "1", "Statement": [statement]}))
    equal(json.loads(bucket.get_bucket_policy().policy)["Statement"], [statement], "policy")
    bucket.delete_bucket_policy()
    is_refused(Refusal(400, "InvalidPolicyDocument"), lambda: bucket.put_bucket_policy("{}"))


def keeps_styles(bucket):
    bucket.put_object("styled.png", support.picture(400, 300))
    bucket.put_bucket_style("small", "image/resize,w_100")
    equal(bucket.get_bucket_style("small").content, "image/resize,w_100", "kept")
    equal([style.name for style in bucket.list_bucket_style().styles], ["small"], "listed")
    styled = bucket.get_object("styled.png", process="style/small").read()
    equal(support.decoded(styled)[1], (100, 75), "a picture by its style")
    bucket.delete_bucket_style("small")
    equal(bucket.list_bucket_style().styles, [], "at last")


def counts_versioning_states(bucket):
    equal(bucket.get_bucket_versioning().status, None, "at first")
    is_refused(Refusal(400, "MalformedXML"), lambda: bucket.put_bucket_versioning(config("On")))
    for status in ("Enabled", "Suspended"):
        bucket.put_bucket_versioning(config(status))
        told = (bucket.get_bucket_versioning().status, bucket.get_bucket_info().versioning_status)
        equal(told, (status, status), "status")
