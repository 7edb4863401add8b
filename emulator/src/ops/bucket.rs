//! Buckets: ListBuckets, PutBucket, GetBucketInfo, GetBucketLocation.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use shared::error::{OssCode, OssError, elements};
use shared::timefmt;

use super::Failure;
use super::list::{MaxEntries, max_entries};
use crate::oss::{Call, Intake};
use crate::reply;
use crate::store::{BucketRecord, from_ms, run, to_ms};
use crate::xml::Xml;

/// Buckets that one account may have in a region (OSS, PutBucket).
const MAX_BUCKETS: usize = 100;
const MAX_BODY: usize = 16 * 1024;

/// `GET /`.
pub async fn list(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let max = max_entries(call.request, MaxEntries { parameter: "max-keys", default: 100, most: 1000 })?;
    let (prefix, marker) =
        (call.request.param("prefix").unwrap_or_default(), call.request.param("marker").unwrap_or_default());
    let buckets = run(&call.world.store, |store| store.index.buckets()).await?;
    let mut rest = buckets.into_iter().filter(|(name, _)| name.starts_with(prefix) && name.as_str() > marker);
    let page: Vec<_> = rest.by_ref().take(max).collect();
    let truncated = rest.next().is_some();
    let mut xml = Xml::new("ListAllMyBucketsResult");
    if !prefix.is_empty() || !marker.is_empty() || truncated {
        xml.leaf("Prefix", prefix).leaf("Marker", marker).leaf("MaxKeys", max).leaf("IsTruncated", truncated);
        if truncated {
            xml.leaf("NextMarker", page.last().map(|(name, _)| name.as_str()).unwrap_or_default());
        }
    }
    xml.owner("Owner", &call.world.accounts.account_id);
    xml.open("Buckets");
    for (name, record) in &page {
        xml.open("Bucket");
        describe(&mut xml, call, name, record);
        xml.leaf("Region", &call.world.region).close();
    }
    Ok(reply::xml(xml.finish()))
}

/// `PUT /bucket`: again by the owner, it changes nothing.
pub async fn put(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let body = body.collect(MAX_BODY).await?;
    check_configuration(call, &String::from_utf8_lossy(&body))?;
    let (name, record) = (call.bucket().to_owned(), BucketRecord { created_ms: to_ms(call.now) });
    let created = run(&call.world.store, move |store| {
        let exists = store.index.bucket(&name)?.is_some();
        if !exists && store.index.buckets()?.len() >= MAX_BUCKETS {
            return Ok(false);
        }
        store.index.create_bucket(&name, &record).map(|_| true)
    })
    .await?;
    if !created {
        let message = "You have attempted to create more buckets than allowed.";
        return Err(OssError::new(OssCode::TooManyBuckets, message).into());
    }
    let mut response = reply::empty(StatusCode::OK);
    reply::set(&mut response, header::LOCATION, &format!("/{}", call.bucket()));
    Ok(response)
}

fn check_configuration(call: &Call<'_>, body: &str) -> Result<(), OssError> {
    if body.trim().is_empty() {
        return Ok(());
    }
    let found = elements(body);
    if found.is_empty() {
        let message = "The XML you provided was not well-formed or did not validate against our published schema.";
        return Err(OssError::new(OssCode::MalformedXML, message));
    }
    for (path, value) in found {
        let fits = match path.as_str() {
            "CreateBucketConfiguration/StorageClass" => value == "Standard" || value.is_empty(),
            "CreateBucketConfiguration/DataRedundancyType" => value == "LRS" || value.is_empty(),
            "CreateBucketConfiguration/LocationConstraint" => {
                value.is_empty() || value == format!("oss-{}", call.world.region)
            }
            _ => false,
        };
        if !fits {
            let what = format!("{path} = {value:?} is not implemented by this emulator; SUPPORT.md lists what is.");
            return Err(OssError::new(OssCode::NotImplemented, what));
        }
    }
    Ok(())
}

/// `GET /bucket?bucketInfo`.
pub async fn info(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let name = call.bucket().to_owned();
    let record = run(&call.world.store, move |store| store.index.bucket(&name)).await?;
    let record = record.unwrap_or(BucketRecord { created_ms: 0 });
    let mut xml = Xml::new("BucketInfo");
    xml.open("Bucket");
    describe(&mut xml, call, call.bucket(), &record);
    xml.leaf("DataRedundancyType", "LRS").owner("Owner", &call.world.accounts.account_id);
    xml.open("AccessControlList").leaf("Grant", "private").close();
    Ok(reply::xml(xml.finish()))
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
        .leaf("StorageClass", "Standard");
}
