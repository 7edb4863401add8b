//! CopyObject: another object with the same bytes, of which none is copied where the file system can link.

use axum::body::Body;
use axum::http::Response;
use percent_encoding::percent_decode_str;
use shared::bucket::BucketName;
use shared::error::{OssCode, OssError};
use shared::sign::Request;
use shared::timefmt;

use super::read::{self, Held};
use super::write::{store_object, tell_outcome};
use super::{Failure, attributes, conditions, restore, symlink};
use crate::authorize::Question;
use crate::operation::{Plane, invalid_argument};
use crate::oss::{Call, check_key, check_version, no_such_bucket};
use crate::reply;
use crate::store::{Attributes, ObjectRecord, ObjectType, Segment, Versioning, run, to_ms};
use crate::xml::Xml;

const SOURCE: &str = "x-oss-copy-source";

/// Where a copy comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Of the same account and region.
    pub bucket: String,
    /// Decoded.
    pub key: String,
    /// The version, if one is named.
    pub version: Option<String>,
}

impl Source {
    /// Reads `x-oss-copy-source`: `/bucket/encoded-key[?versionId=ID]`.
    ///
    /// # Errors
    /// 400 when it is of another form or names what cannot be.
    pub fn of(request: &Request) -> Result<Self, OssError> {
        let text = request.header(SOURCE).unwrap_or_default();
        let wrong = || invalid_argument(SOURCE, text);
        let (path, version) = match text.split_once("?versionId=") {
            Some((_, "")) => return Err(wrong()),
            Some((path, version)) => {
                check_version(version)?;
                (path, Some(version.to_owned()))
            }
            None => (text, None),
        };
        let decoded = percent_decode_str(path).decode_utf8().map_err(|_| wrong())?;
        let (bucket, key) = decoded.trim_start_matches('/').split_once('/').ok_or_else(wrong)?;
        BucketName::parse(bucket).map_err(|_| wrong())?;
        check_key(key)?;
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned(), version })
    }

    /// Opens it for the caller, who must be allowed to read it; conditions of the request are checked.
    ///
    /// # Errors
    /// 403, 404, 412, 304; 400 for an object that cannot be copied.
    pub async fn open(&self, call: &Call<'_>) -> Result<Held, Failure> {
        let index = &call.world.store.index;
        if index.bucket(&self.bucket).is_none() {
            return Err(no_such_bucket(&self.bucket).into());
        }
        let action = if self.version.is_some() { "oss:GetObjectVersion" } else { "oss:GetObject" };
        let (bucket, key, version) = (Some(self.bucket.as_str()), Some(self.key.as_str()), self.version.as_deref());
        call.require(Question { action, plane: Plane::Read, bucket, key, version }).await?;
        let held = read::hold(call, (&self.bucket, &self.key), self.version.as_deref()).await?;
        let held = match &held.record.symlink_target {
            Some(target) if self.bucket == call.bucket() => symlink::follow(call, &held.record, target).await?,
            Some(_) => return Err(not_copyable()),
            None => held,
        };
        conditions::check_source(call.request, &held.record)?;
        restore::check_readable(&held.record, call.now)?;
        Ok(held)
    }
}

fn not_copyable() -> Failure {
    OssError::new(OssCode::OperationNotSupported, "The operation is not supported for this resource").into()
}

/// `PUT /bucket/key` with `x-oss-copy-source`.
pub async fn copy(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let source = Source::of(call.request)?;
    let forbid_overwrite = attributes::forbids_overwrite(call.request)?;
    let given = attributes::read(call.request, &*call.bucket_record()?)?;
    let held = source.open(call).await?;
    if held.record.object_type == ObjectType::Appendable {
        return Err(not_copyable());
    }
    let same = source.bucket == call.bucket() && source.key == call.key() && source.version.is_none();
    let attributes = merged(call, &held.record, given, same)?;
    require_tags_right(call, &source, &attributes).await?;
    let segments = held.record.segments.clone();
    let duplicated = run(&call.world.store, move |store| {
        let mut copies: Vec<Segment> = Vec::with_capacity(segments.len());
        for segment in &segments {
            match store.blobs.duplicate(&segment.blob) {
                Ok(blob) => copies.push(Segment { blob, size: segment.size }),
                Err(error) => {
                    store.blobs.discard(copies.iter().map(|copy| copy.blob.as_str()));
                    return Err(error);
                }
            }
        }
        Ok(copies)
    })
    .await?;
    let encryption = attributes.encryption.clone();
    let record = ObjectRecord {
        version_id: None,
        modified_ms: to_ms(call.now),
        object_type: if held.record.etag.contains('-') { ObjectType::Multipart } else { ObjectType::Normal },
        attributes,
        symlink_target: None,
        restore: None,
        segments: duplicated,
        ..held.record.clone()
    };
    let (etag, crc64) = (record.etag.clone(), record.crc64);
    let version = store_object(call, (call.bucket(), call.key()), record, forbid_overwrite).await?;
    let mut xml = Xml::new("CopyObjectResult");
    xml.leaf("ETag", format!("\"{etag}\"")).leaf("LastModified", timefmt::oss_xml(call.now));
    let mut response = reply::xml(xml.finish());
    reply::set_etag(&mut response, &etag);
    reply::set_crc64(&mut response, crc64);
    tell_source(call, &source, &held, &mut response);
    tell_outcome(&mut response, version.as_deref(), encryption.as_deref());
    Ok(response)
}

/// Tags that travel along are read there and written here, each with a right of its own; those that the request brings are
/// asked about before.
async fn require_tags_right(call: &Call<'_>, source: &Source, attributes: &Attributes) -> Result<(), Failure> {
    let brought =
        call.request.header("x-oss-tagging-directive").is_some_and(|text| text.eq_ignore_ascii_case("REPLACE"));
    if brought || attributes.tags.is_empty() {
        return Ok(());
    }
    let read = if source.version.is_some() { "oss:GetObjectVersionTagging" } else { "oss:GetObjectTagging" };
    let (bucket, key, version) = (Some(source.bucket.as_str()), Some(source.key.as_str()), source.version.as_deref());
    call.require(Question { action: read, plane: Plane::Owner, bucket, key, version }).await?;
    let (bucket, key) = (Some(call.bucket()), Some(call.key()));
    let write = Question { action: "oss:PutObjectTagging", plane: Plane::Owner, bucket, key, version: None };
    call.require(write).await
}

/// Sets `x-oss-copy-source-version-id` where the source's bucket keeps versions.
pub fn tell_source(call: &Call<'_>, source: &Source, held: &Held, response: &mut Response<Body>) {
    let versioned = call.world.store.index.bucket(&source.bucket).is_some_and(|it| it.versioning != Versioning::Never);
    if versioned {
        let version = held.record.version_id.as_deref().unwrap_or(crate::store::NULL_VERSION);
        reply::set_named(response, "x-oss-copy-source-version-id", version);
    }
}

/// What the copy has: by the directives, its source's or the request's. An object copied onto itself takes the request's, if it brings any.
fn merged(call: &Call<'_>, source: &ObjectRecord, given: Attributes, same: bool) -> Result<Attributes, OssError> {
    let replaces = |name: &'static str| match call.request.header(name) {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("COPY") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("REPLACE") => Ok(true),
        Some(other) => Err(invalid_argument(name, other)),
    };
    let brings = call.request.headers.iter().any(|(name, _)| attributes::is_stored(name));
    let replaces_headers = replaces("x-oss-metadata-directive")? || (same && brings);
    let replaces_tags = replaces("x-oss-tagging-directive")?;
    Ok(Attributes {
        headers: if replaces_headers { given.headers } else { source.attributes.headers.clone() },
        tags: if replaces_tags { given.tags } else { source.attributes.tags.clone() },
        ..given
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_or_refused() {
        let read = |text: &str| Source::of(&Request::new("PUT", None, None).with_header(SOURCE, text));
        for (text, bucket, key, version) in [
            ("/bucket/a%20b/%E4%B8%AD", "bucket", "a b/中", None),
            ("bucket/k", "bucket", "k", None),
            ("/bucket/dir%2Fk?versionId=CAEQ1", "bucket", "dir/k", Some("CAEQ1")),
            ("%2Fbucket%2Fk", "bucket", "k", None),
        ] {
            let expected =
                Source { bucket: bucket.to_owned(), key: key.to_owned(), version: version.map(str::to_owned) };
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
        for bad in [
            "/bucket/k?versionId=",
            "/bucket/k?versionId=1",
            "",
            "/",
            "/bucket",
            "/bucket/",
            "/Bucket/k",
            "/bucket/%FF",
            "/bucket//k",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
