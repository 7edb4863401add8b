//! Signatures for SDKs that hold no key: an app sends the text that is to be signed (V1), and gets the value of `Authorization`.
//! Only a long-term key can sign so, and nothing but this file stands between the caller and all that the key may do. So the
//! text is read as OSS would read it, and what is not plainly one of a few requests within the caller's own grant is refused.

use shared::bucket::BucketName;
use shared::credentials::Credentials;
use shared::sign::{MAX_SKEW_SECONDS, v1};
use shared::timefmt;
use time::OffsetDateTime;

use super::may;
use crate::grant::Planned;
use crate::refusal::Refusal;

/// Headers that change nothing but the object that the caller may write anyway.
const HEADERS: [&str; 8] = [
    "x-oss-callback",
    "x-oss-callback-var",
    "x-oss-forbid-overwrite",
    "x-oss-hash-crc64ecma",
    "x-oss-hash-ctx",
    "x-oss-storage-class",
    "x-oss-traffic-limit",
    "x-oss-range-behavior",
];
const META: &str = "x-oss-meta-";

/// A request as the text to be signed describes it (`oss-rest.md` §1.1).
#[derive(Debug, PartialEq, Eq)]
struct Described<'a> {
    method: &'a str,
    date: &'a str,
    headers: Vec<&'a str>,
    bucket: &'a str,
    object: &'a str,
    /// The names of the signed query parameters.
    parameters: Vec<&'a str>,
}

/// Signs `content` for a caller with this plan.
///
/// # Errors
/// [`Refusal`] 400 for a text that cannot be read, 403 for a request that is not the caller's to make.
pub fn sign(
    content: &str,
    planned: &Planned,
    bucket: &BucketName,
    key: &Credentials,
    now: OffsetDateTime,
) -> Result<String, Refusal> {
    let unreadable = || Refusal::bad_request("InvalidContent", "Content is not the text that OSS's V1 signature signs");
    let request = read(content).ok_or_else(unreadable)?;
    if planned.ask.policy.is_none() {
        let message = "a grant without a session policy is not signed for: name a PolicyFile";
        return Err(Refusal::forbidden("NoPolicy", message));
    }
    if request.bucket != bucket.as_str() {
        return Err(Refusal::forbidden("OtherBucket", format!("only requests for the bucket {bucket} are signed")));
    }
    let foreign = |header: &&&str| !HEADERS.contains(*header) && !header.starts_with(META);
    if let Some(header) = request.headers.iter().find(foreign) {
        return Err(Refusal::forbidden("HeaderNotSigned", format!("requests with {header} are not signed")));
    }
    check_date(&request, now)?;
    may(planned, action(&request)?, bucket, request.object)?;
    let signature = v1::sign(&key.access_key_secret, content);
    Ok(format!("OSS {}:{signature}", key.access_key_id))
}

/// Reads `VERB\nContent-MD5\nContent-Type\nDate\n`, lines of `x-oss-…` headers, and `/bucket/key?parameters`.
fn read(content: &str) -> Option<Described<'_>> {
    let mut lines = content.split('\n');
    let (method, _md5, _content_type, date) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
    let mut lines = lines.peekable();
    let mut headers = Vec::new();
    let resource = loop {
        let line = lines.next()?;
        // A key may hold a line feed; who needs that needs a token.
        if lines.peek().is_none() {
            break line;
        }
        headers.push(line.split_once(':').filter(|(name, _)| name.starts_with("x-oss-"))?.0);
    };
    let (path, query) = resource.split_once('?').unwrap_or((resource, ""));
    let (bucket, object) = path.strip_prefix('/')?.split_once('/')?;
    if object.is_empty() {
        return None;
    }
    let names = query.split('&').filter(|pair| !pair.is_empty());
    let parameters = names.map(|pair| pair.split('=').next().unwrap_or_default()).collect();
    Some(Described { method, date, headers, bucket, object, parameters })
}

/// What the request needs to be allowed. In a V1 text a `?` within a key and one before parameters look the same; the other
/// reading is always about an object below the same prefix whose name goes on with `?uploadId=` or the like.
fn action(request: &Described<'_>) -> Result<&'static str, Refusal> {
    let read_only = |name: &&str| name.starts_with("response-") || *name == "x-oss-process";
    match (request.method, request.parameters.as_slice()) {
        ("GET" | "HEAD", names) if names.iter().all(read_only) => Ok("oss:GetObject"),
        ("PUT", [] | ["partNumber", "uploadId"]) | ("POST", ["uploads"] | ["uploadId"]) => Ok("oss:PutObject"),
        ("GET", ["uploadId"]) => Ok("oss:ListParts"),
        ("DELETE", ["uploadId"]) => Ok("oss:AbortMultipartUpload"),
        ("DELETE", []) => Ok("oss:DeleteObject"),
        _ => {
            let message = "only uploads, simple or by multipart, downloads and deletions of one object are signed";
            Err(Refusal::forbidden("OperationNotSigned", message))
        }
    }
}

/// A signature in headers is good for 15 minutes around its date, so dates to come are not signed. A text with the Unix time at
/// which a URL ends is not signed at all: what `/v1/presign` vends is bound to a token.
fn check_date(request: &Described<'_>, now: OffsetDateTime) -> Result<(), Refusal> {
    let date = timefmt::parse_http_date(request.date);
    let near = date.is_some_and(|date| (date - now).whole_seconds().abs() <= MAX_SKEW_SECONDS);
    if near {
        return Ok(());
    }
    let message = "the Date of the request must be an HTTP date within 15 minutes of the server's time";
    Err(Refusal::forbidden("DateNotSigned", message))
}
