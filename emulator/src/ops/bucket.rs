//! Buckets: made, described, counted, removed.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use shared::error::{OssCode, OssError, elements};
use shared::timefmt;

use super::Failure;
use super::acl::{bucket_acl, check_blocked};
use super::attributes::{default_rule, storage_class};
use super::list::{MaxEntries, max_entries};
use crate::oss::{Call, Intake};
use crate::reply;
use crate::settings::acl::Acl;
use crate::settings::choice::RESOURCE_GROUP;
use crate::settings::create_bucket::CreateBucket;
use crate::settings::tagging::parse_bucket;
use crate::store::{BucketRecord, Versioning, from_ms, run, to_ms};
use crate::xml::Xml;

/// Buckets that one account may have in a region (OSS, PutBucket).
const MAX_BUCKETS: usize = 100;
const MAX_BODY: usize = 16 * 1024;

/// `GET /`.
pub fn list(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let max = max_entries(call.request, MaxEntries { parameter: "max-keys", default: 100, most: 1000 })?;
    let (prefix, marker) =
        (call.request.param("prefix").unwrap_or_default(), call.request.param("marker").unwrap_or_default());
    let buckets = call.world.store.index.buckets();
    let wanted = wanted_tag(call);
    let mut rest = buckets.into_iter().filter(|(name, record)| {
        name.starts_with(prefix) && name.as_str() > marker && wanted.as_ref().is_none_or(|tag| has_tag(record, tag))
    });
    let page: Vec<_> = rest.by_ref().take(max).collect();
    let truncated = rest.next().is_some();
    let mut xml = Xml::new("ListAllMyBucketsResult");
    if !prefix.is_empty() || !marker.is_empty() || truncated {
        xml.leaf("Prefix", prefix).leaf("Marker", marker).leaf("MaxKeys", max).leaf("IsTruncated", truncated);
        if truncated {
            xml.leaf("NextMarker", page.last().map(|(name, _)| name.as_str()).unwrap_or_default());
        }
    }
    xml.owner("Owner", &call.accounts.account_id);
    xml.open("Buckets");
    for (name, record) in &page {
        xml.open("Bucket");
        describe(&mut xml, call, name, record);
        xml.leaf("Region", &call.world.region).close();
    }
    Ok(reply::xml(xml.finish()))
}

/// `tag-key` and `tag-value` of a list, or `tagging="key":"value"`; the value may be absent.
fn wanted_tag(call: &Call<'_>) -> Option<(String, Option<String>)> {
    let parameter = |name| call.request.param(name).filter(|text| !text.is_empty());
    if let Some(key) = parameter("tag-key") {
        return Some((key.to_owned(), parameter("tag-value").map(str::to_owned)));
    }
    let (key, value) = parameter("tagging")?.split_once(':')?;
    Some((key.trim_matches('"').to_owned(), Some(value.trim_matches('"').to_owned())))
}

fn has_tag(record: &BucketRecord, (key, value): &(String, Option<String>)) -> bool {
    let stored = record.settings.get("tagging").map(String::as_str).unwrap_or_default();
    let tags = parse_bucket(stored).unwrap_or_default();
    tags.iter().any(|tag| tag.key == *key && value.as_ref().is_none_or(|value| tag.value == *value))
}

/// `GET /?regions`: the one region there is.
pub fn regions(call: &Call<'_>) -> Response<Body> {
    let region = &call.world.region;
    let mut xml = Xml::new("RegionInfoList");
    xml.open("RegionInfo")
        .leaf("Region", format!("oss-{region}"))
        .leaf("InternetEndpoint", format!("oss-{region}.aliyuncs.com"))
        .leaf("InternalEndpoint", format!("oss-{region}-internal.aliyuncs.com"))
        .leaf("AccelerateEndpoint", "oss-accelerate.aliyuncs.com");
    reply::xml(xml.finish())
}

/// `PUT /bucket`: again by the owner, it changes the ACL, if one is given.
pub async fn put(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let body = body.collect(MAX_BODY).await?;
    let acl = bucket_acl(call)?;
    let mut record = BucketRecord::new(to_ms(call.now));
    record.acl = acl.unwrap_or(Acl::Private);
    let wanted = CreateBucket::parse(&String::from_utf8_lossy(&body), call.world.region.as_str())?;
    record.storage_class = storage_class(call.request)?.unwrap_or(wanted.storage_class);
    wanted.redundancy.clone_into(&mut record.redundancy);
    if let Some(rule) = default_rule(call.request)? {
        record.settings.insert("encryption".to_owned(), rule.to_xml());
    }
    make(call, record, acl).await
}

/// A Standard bucket with this ACL.
///
/// # Errors
/// 400 for one bucket too many.
pub async fn create(call: &Call<'_>, acl: Acl) -> Result<Response<Body>, Failure> {
    make(call, BucketRecord { acl, ..BucketRecord::new(to_ms(call.now)) }, Some(acl)).await
}

async fn make(call: &Call<'_>, record: BucketRecord, acl: Option<Acl>) -> Result<Response<Body>, Failure> {
    let name = call.bucket().to_owned();
    let made = run(&call.world.store, move |store| {
        if let Some(exists) = store.index.bucket(&name) {
            if exists.storage_class != record.storage_class {
                return Ok(Err(conflict()));
            }
            if let Some(acl) = acl {
                if let Err(refusal) = check_blocked(&exists, acl) {
                    return Ok(Err(refusal));
                }
                store.index.update_bucket(&name, |record| record.acl = acl)?;
            }
            return Ok(Ok(()));
        }
        if store.index.buckets().len() >= MAX_BUCKETS {
            let message = "You have attempted to create more buckets than allowed.";
            return Ok(Err(OssError::new(OssCode::TooManyBuckets, message)));
        }
        store.index.create_bucket(&name, record).map(|_| Ok(()))
    })
    .await?;
    made?;
    let mut response = reply::empty(StatusCode::OK);
    reply::set(&mut response, header::LOCATION, &format!("/{}", call.bucket()));
    Ok(response)
}

fn conflict() -> OssError {
    let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
                   Please select a different name and try again.";
    OssError::new(OssCode::BucketAlreadyExists, message).ec("0015-00000104")
}

/// `DELETE /bucket`, when nothing is in it.
pub async fn delete(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let name = call.bucket().to_owned();
    let deleted = run(&call.world.store, move |store| store.index.delete_bucket(&name)).await?;
    if !deleted {
        let message = "The bucket has objects. Please delete them first.";
        let error = OssError::new(OssCode::BucketNotEmpty, message).ec("0015-00000301");
        return Err(error.detail("BucketName", call.bucket()).into());
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `HEAD /bucket`.
pub fn head(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    call.bucket_record()?;
    let mut response = reply::empty(StatusCode::OK);
    reply::set_named(&mut response, "x-oss-bucket-region", &format!("oss-{}", call.world.region));
    Ok(response)
}

/// `GET /bucket?bucketInfo`.
pub fn info(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let record = call.bucket_record()?;
    let setting = |name: &str, element: &str| {
        let text = record.settings.get(name).map(String::as_str).unwrap_or_default();
        elements(text).into_iter().find(|(path, _)| path.ends_with(element)).map(|(_, value)| value)
    };
    let mut xml = Xml::new("BucketInfo");
    xml.open("Bucket");
    describe(&mut xml, call, call.bucket(), &record);
    xml.leaf("DataRedundancyType", &record.redundancy).owner("Owner", &call.accounts.account_id);
    xml.open("AccessControlList").leaf("Grant", record.acl.as_str()).close();
    if record.versioning != Versioning::Never {
        xml.leaf("Versioning", record.versioning.as_str());
    }
    let monitor = setting("accessmonitor", "/Status").unwrap_or_else(|| "Disabled".to_owned());
    let accelerated = setting("transferAcceleration", "/Enabled").as_deref() == Some("true");
    let blocked = crate::rules::blocks_public_access(&record);
    xml.leaf("AccessMonitor", monitor)
        .leaf("CrossRegionReplication", "Disabled")
        .leaf("TransferAcceleration", if accelerated { "Enabled" } else { "Disabled" })
        .leaf("BlockPublicAccess", blocked)
        .leaf("Comment", "");
    let group = setting("resourceGroup", "/ResourceGroupId");
    if let Some(group) = group.or(RESOURCE_GROUP.value(None)?) {
        xml.leaf("ResourceGroupId", group);
    }
    xml.open("ServerSideEncryptionRule");
    xml.leaf("SSEAlgorithm", setting("encryption", "/SSEAlgorithm").unwrap_or_else(|| "None".to_owned()));
    for name in ["KMSMasterKeyID", "KMSDataEncryption"] {
        if let Some(value) = setting("encryption", &format!("/{name}")) {
            xml.leaf(name, value);
        }
    }
    xml.close();
    xml.open("BucketPolicy").leaf("LogBucket", setting("logging", "/TargetBucket").unwrap_or_default());
    xml.leaf("LogPrefix", setting("logging", "/TargetPrefix").unwrap_or_default()).close();
    Ok(reply::xml(xml.finish()))
}

/// `GET /bucket?stat`.
pub async fn stat(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let name = call.bucket().to_owned();
    let usage = run(&call.world.store, move |store| store.index.usage(&name)).await?;
    let mut xml = Xml::new("BucketStat");
    let objects: u64 = usage.classes.iter().map(|(count, _)| count).sum();
    let bytes: u64 = usage.classes.iter().map(|(_, bytes)| bytes).sum();
    xml.leaf("Storage", bytes)
        .leaf("ObjectCount", objects)
        .leaf("MultipartUploadCount", usage.uploads)
        .leaf("LiveChannelCount", 0)
        // Of the figures, as of now; a bucket that holds nothing has none yet.
        .leaf("LastModifiedTime", if objects == 0 { 0 } else { call.now.unix_timestamp() });
    let names = ["Standard", "InfrequentAccess", "Archive", "ColdArchive", "DeepColdArchive"];
    for (name, (count, bytes)) in names.iter().zip(usage.classes) {
        xml.leaf(&format!("{name}Storage"), bytes).leaf(&format!("{name}ObjectCount"), count);
        if *name != "Standard" {
            xml.leaf(&format!("{name}RealStorage"), bytes);
        }
    }
    xml.leaf("MultipartPartCount", usage.parts).leaf("DeleteMarkerCount", usage.delete_markers);
    Ok(reply::xml(xml.finish()))
}

/// `GET /bucket?live`: none can be made, so none are there. Clean-up scripts of SDKs ask for them.
pub fn live_channels() -> Response<Body> {
    let mut xml = Xml::new("ListLiveChannelResult");
    xml.leaf("Prefix", "").leaf("Marker", "").leaf("MaxKeys", 100).leaf("IsTruncated", false).leaf("NextMarker", "");
    reply::xml(xml.finish())
}

/// `GET /bucket?location`.
pub fn location(call: &Call<'_>) -> Response<Body> {
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    reply::xml(format!("{declaration}<LocationConstraint>oss-{}</LocationConstraint>\n", call.world.region))
}

fn describe(xml: &mut Xml, call: &Call<'_>, name: &str, record: &BucketRecord) {
    let region = &call.world.region;
    xml.leaf("Name", name)
        .leaf("CreationDate", timefmt::oss_xml(from_ms(record.created_ms)))
        .leaf("Location", format!("oss-{region}"))
        .leaf("ExtranetEndpoint", format!("oss-{region}.aliyuncs.com"))
        .leaf("IntranetEndpoint", format!("oss-{region}-internal.aliyuncs.com"))
        .leaf("StorageClass", record.storage_class.as_str());
}
