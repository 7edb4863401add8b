//! DeleteMultipleObjects (`oss-rest.md` §2.2).

use axum::body::Body;
use axum::http::{Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::error::{OssCode, OssError};

use super::Failure;
use super::list::url_encoding;
use super::receive::{content_md5, discard};
use crate::authorize::Question;
use crate::operation::Plane;
use crate::oss::{Call, Intake, check_key, check_version};
use crate::reply;
use crate::settings::fault::malformed;
use crate::settings::tree::{Node, Part};
use crate::store::{Deleted, run, to_ms};
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
    if expected.is_some_and(|expected| expected != fast_md5::digest(&body)) {
        let message = "The Content-MD5 you specified did not match what we received.";
        let received = STANDARD.encode(fast_md5::digest(&body));
        return Err(OssError::new(OssCode::InvalidDigest, message).detail("ServerMD5", received).into());
    }
    let (quiet, wanted) = read(&body)?;
    for (key, version) in &wanted {
        let action = if version.is_some() { "oss:DeleteObjectVersion" } else { "oss:DeleteObject" };
        let bucket = call.request.bucket.as_deref();
        let version = version.as_deref();
        let question = Question { action, plane: Plane::Write, bucket, key: Some(key), version };
        call.require(question).await.map_err(|mut failure| {
            // An explicit Deny has a finer code of its own here.
            if failure.error.ec.as_deref() == Some("0003-00000201") {
                failure.error.ec = Some("0003-00000204".to_owned());
            }
            failure
        })?;
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
    let text = std::str::from_utf8(body).map_err(|error| malformed(error.to_string()))?;
    let root = Node::parse_within(text, "Delete", MAX_BODY)?;
    root.check(&[("Quiet", Part::Text), ("Object", Part::Nodes)]).map_err(not_in_schema)?;
    let quiet = root.word("Quiet").is_some_and(|word| word.eq_ignore_ascii_case("true"));
    let wanted = root.all("Object").map(one).collect::<Result<Vec<_>, _>>()?;
    if wanted.is_empty() || wanted.len() > MAX_KEYS {
        return Err(malformed(format!("there are {} Objects; one to {MAX_KEYS} are expected", wanted.len())));
    }
    Ok((quiet, wanted))
}

fn one(object: &Node) -> Result<Wanted, OssError> {
    object.check(&[("Key", Part::Text), ("VersionId", Part::Text)]).map_err(not_in_schema)?;
    let key = object.value("Key").ok_or_else(|| malformed("an Object has no Key"))?;
    check_key(key)?;
    let version = object.value("VersionId").filter(|id| !id.is_empty());
    version.map_or(Ok(()), check_version)?;
    Ok((key.to_owned(), version.map(str::to_owned)))
}

/// Of a list of keys there is nothing that this emulator lacks.
fn not_in_schema(error: OssError) -> OssError {
    malformed(error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_or_refused() {
        let one = "<Delete><Object><Key>a&amp;b</Key><VersionId>null</VersionId></Object><Object><Key>c</Key></Object></Delete>";
        let wanted = vec![("a&b".to_owned(), Some("null".to_owned())), ("c".to_owned(), None)];
        assert_eq!(read(one.as_bytes()).unwrap(), (false, wanted));
        let first =
            "<Delete><Object><Key>a</Key></Object><Object><VersionId>null</VersionId><Key>b</Key></Object></Delete>";
        let wanted = vec![("a".to_owned(), None), ("b".to_owned(), Some("null".to_owned()))];
        assert_eq!(read(first.as_bytes()).unwrap(), (false, wanted), "a version before its key");
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
