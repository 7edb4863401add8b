//! DeleteMultipleObjects (`oss-rest.md` §2.2).

use axum::body::Body;
use axum::http::{Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use shared::error::{OssCode, OssError, elements};

use super::Failure;
use super::list::url_encoding;
use super::receive::{content_md5, discard};
use crate::authorize::Question;
use crate::operation::Plane;
use crate::oss::{Call, Intake};
use crate::reply;
use crate::store::{Deleted, is_version_id, run, to_ms};
use crate::xml::Xml;

/// Keys in one request.
const MAX_KEYS: usize = 1000;
/// A thousand keys of 1,023 bytes, each percent-encoded or escaped.
const MAX_BODY: usize = 8 << 20;

/// What one element names.
type Wanted = (String, Option<String>);

/// `POST /bucket?delete`: all of them, or none when one is not allowed.
pub async fn delete(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let expected = content_md5(call.request)?;
    let body = body.collect(MAX_BODY).await?;
    if expected.is_some_and(|expected| expected[..] != Md5::digest(&body)[..]) {
        let message = "The Content-MD5 you specified did not match what we received.";
        let received = STANDARD.encode(Md5::digest(&body));
        return Err(OssError::new(OssCode::InvalidDigest, message).detail("ServerMD5", received).into());
    }
    let (quiet, wanted) = read(&body)?;
    for (key, version) in &wanted {
        let action = if version.is_some() { "oss:DeleteObjectVersion" } else { "oss:DeleteObject" };
        let bucket = call.request.bucket.as_deref();
        let version = version.as_deref();
        call.require(Question { action, plane: Plane::Write, bucket, key: Some(key), version }).await?;
    }
    let (bucket, now_ms) = (call.bucket().to_owned(), to_ms(call.now));
    let done = run(&call.world.store, move |store| {
        store.index.together(&bucket, |batch| {
            let mut done: Vec<(Wanted, Deleted)> = Vec::with_capacity(wanted.len());
            for (key, version) in wanted {
                let deleted = batch.delete(&key, version.as_deref(), now_ms)?;
                done.push(((key, version), deleted));
            }
            Ok(done)
        })
    })
    .await?;
    let mut orphans = Vec::new();
    let mut xml = Xml::new("DeleteResult");
    if url_encoding(call.request)? {
        xml.url_encode_keys();
    }
    for ((key, version), deleted) in done {
        orphans.extend(deleted.orphans);
        xml.open("Deleted").key("Key", &key);
        if let Some(version) = &version {
            xml.leaf("VersionId", version);
        }
        if deleted.delete_marker {
            xml.leaf("DeleteMarker", true);
            xml.leaf("DeleteMarkerVersionId", deleted.version_id.unwrap_or_default());
        }
        xml.close();
    }
    discard(&call.world.store, orphans);
    Ok(if quiet { reply::empty(StatusCode::OK) } else { reply::xml(xml.finish()) })
}

pub(super) fn read(body: &[u8]) -> Result<(bool, Vec<Wanted>), OssError> {
    let malformed = || {
        let message = "The XML you provided was not well-formed or did not validate against our published schema.";
        OssError::new(OssCode::MalformedXML, message)
    };
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    let (mut quiet, mut wanted) = (false, Vec::<Wanted>::new());
    let mut version_first: Option<String> = None;
    for (path, value) in elements(text) {
        match path.as_str() {
            "Delete/Quiet" => quiet = value.trim().eq_ignore_ascii_case("true"),
            "Delete/Object/Key" => {
                crate::oss::check_key(&value)?;
                wanted.push((value, version_first.take()));
            }
            "Delete/Object/VersionId" if value.is_empty() => {}
            "Delete/Object/VersionId" if !is_version_id(&value) => {
                let message = "Invalid version id specified";
                return Err(OssError::new(OssCode::InvalidArgument, message).detail("ArgumentName", "versionId"));
            }
            "Delete/Object/VersionId" => match wanted.last_mut() {
                Some((_, version @ None)) => *version = Some(value),
                _ => version_first = Some(value),
            },
            _ => return Err(malformed()),
        }
    }
    if wanted.is_empty() || wanted.len() > MAX_KEYS || !text.contains("</Delete>") {
        return Err(malformed());
    }
    Ok((quiet, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_or_refused() {
        let one = "<Delete><Object><Key>a&amp;b</Key><VersionId>null</VersionId></Object><Object><Key>c</Key></Object></Delete>";
        let wanted = vec![("a&b".to_owned(), Some("null".to_owned())), ("c".to_owned(), None)];
        assert_eq!(read(one.as_bytes()).unwrap(), (false, wanted));
        let quiet = "<Delete><Quiet>true</Quiet><Object><Key>c</Key></Object></Delete>";
        assert!(read(quiet.as_bytes()).unwrap().0);
        for bad in [
            "",
            "<Delete></Delete>",
            "<Delete><Object><Key>a</Key>",
            "<Delete><Object><Name>a</Name></Object></Delete>",
        ] {
            assert_eq!(read(bad.as_bytes()).unwrap_err().code, OssCode::MalformedXML, "{bad}");
        }
        let many = format!("<Delete>{}</Delete>", "<Object><Key>k</Key></Object>".repeat(MAX_KEYS + 1));
        assert!(read(many.as_bytes()).is_err());
    }
}
