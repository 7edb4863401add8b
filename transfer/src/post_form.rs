//! PostObject: an upload as a browser's form makes it, with a policy that allows just this one object (`oss-rest.md` §1.7, §2.5).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use serde_json::json;
use shared::crc64::crc64;
use shared::credentials::Credentials;
use shared::object_key::ObjectKey;
use shared::sign::SignVersion;
use shared::sign::post_policy::{sign_v1, sign_v4};
use shared::sign::v4::Scope;
use shared::timefmt;
use time::{Duration, OffsetDateTime};

use crate::blocking;
use crate::error::TransferError;
use crate::http::payload::Payload;
use crate::http::{Call, Http};
use crate::object::{self, MAX_IN_MEMORY};
use crate::retry::{Remedy, remedy};
use crate::upload::{Job, Stored, UploadOptions, Uploaded, object_headers};

/// How long the policy of a form is good for.
const LIFE: Duration = Duration::minutes(15);
/// What OSS says of a policy whose time is over, and of a date that is far from its own.
const POLICY_EXPIRED: &str = "Invalid according to Policy: Policy expired.";
const WRONG_DATE: &str = "The signing date in credential is invalid.";

/// PostObject of bytes in memory.
pub(crate) async fn post(
    http: &Http,
    key: &ObjectKey,
    body: Bytes,
    options: &UploadOptions,
) -> Result<Uploaded, TransferError> {
    let size = body.len() as u64;
    if size > MAX_IN_MEMORY {
        let (way, instead) = ("a form", "a resumable upload");
        return Err(TransferError::TooLarge { size, limit: MAX_IN_MEMORY, way, instead });
    }
    let job = Job { http, key, size, parts: 1, options };
    job.run(|_| options.cancel.guard(send(&job, body))).await
}

async fn send(job: &Job<'_>, body: Bytes) -> Result<Stored, TransferError> {
    let http = job.http;
    let (mut refreshed, mut corrected) = (false, false);
    loop {
        let (credentials, skew) = (http.provider.credentials().await?, http.provider.skew());
        let error = match send_with(job, &body, &credentials).await {
            Err(error) => error,
            stored => return stored,
        };
        // Token and time stand in the form itself: another of either makes a new form, once for each.
        let another = match remedy(&error) {
            Remedy::RefreshToken if !std::mem::replace(&mut refreshed, true) => {
                http.provider.credentials().await? != credentials
            }
            _ if is_of_another_time(&error) && !std::mem::replace(&mut corrected, true) => {
                // The refusal of a form teaches no clock; that of a signed request does, whatever it asks.
                let _ = object::head(http, job.key).await;
                http.provider.skew() != skew
            }
            _ => false,
        };
        if !another {
            return Err(error);
        }
    }
}

/// Whether OSS finds the form too old, or of the future (`oss-rest.md` §1.7, §2.5).
fn is_of_another_time(error: &TransferError) -> bool {
    error.oss().is_some_and(|oss| [POLICY_EXPIRED, WRONG_DATE].contains(&oss.message.as_str()))
}

async fn send_with(job: &Job<'_>, body: &Bytes, credentials: &Credentials) -> Result<Stored, TransferError> {
    let http = job.http;
    http.guard_demo_key(credentials)?;
    let fields = fields(job, credentials, http.now());
    let boundary = boundary()?;
    let (form, bytes) = (encode(&fields, &boundary, job.key, body), body.clone());
    let crc = blocking::run(move || Ok(crc64(&bytes))).await?;
    let mut call = Call::new("PostObject", "POST", None)
        .header("content-type", format!("multipart/form-data; boundary={boundary}"));
    call.payload = Payload::Bytes(form);
    call.unsigned = true;
    let reply = http.send_small(&call).await?;
    reply.check_crc(crc)?;
    Ok(Stored { etag: reply.etag(), crc64: crc, request_id: reply.request_id() })
}

/// The fields before the file, signed.
fn fields(job: &Job<'_>, credentials: &Credentials, now: OffsetDateTime) -> Vec<(String, String)> {
    let config = &job.http.config;
    let timestamp = timefmt::iso_basic(now);
    let scope = Scope::new(&timestamp, config.region.as_str());
    let mut fields = vec![("key".to_owned(), job.key.to_string())];
    fields.extend(object_headers(job.key, job.options));
    fields.push(("success_action_status".to_owned(), "200".to_owned()));
    let v4 = config.sign_version != SignVersion::V1;
    if v4 {
        let credential = format!("{}/{scope}", credentials.access_key_id);
        fields.push(("x-oss-signature-version".to_owned(), "OSS4-HMAC-SHA256".to_owned()));
        fields.push(("x-oss-credential".to_owned(), credential));
        fields.push(("x-oss-date".to_owned(), timestamp));
    }
    if let Some(token) = &credentials.security_token {
        fields.push(("x-oss-security-token".to_owned(), token.expose().to_owned()));
    }
    // Every field must be as it is here, and the file as large: the form is good for this object alone.
    let mut conditions: Vec<_> = fields.iter().map(|(name, value)| json!(["eq", format!("${name}"), value])).collect();
    conditions.push(json!({ "bucket": config.bucket.as_str() }));
    conditions.push(json!(["content-length-range", job.size, job.size]));
    let policy = json!({ "expiration": timefmt::iso8601_millis(now + LIFE), "conditions": conditions });
    let policy = STANDARD.encode(policy.to_string());
    let secret = &credentials.access_key_secret;
    if v4 {
        fields.push(("x-oss-signature".to_owned(), sign_v4(secret, &scope, &policy)));
    } else {
        fields.push(("OSSAccessKeyId".to_owned(), credentials.access_key_id.clone()));
        fields.push(("Signature".to_owned(), sign_v1(secret, &policy)));
    }
    fields.push(("policy".to_owned(), policy));
    fields
}

/// A boundary that no file holds.
fn boundary() -> Result<String, TransferError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| TransferError::Config {
        setting: "the system's source of randomness",
        problem: error.to_string(),
    })?;
    Ok(format!("direct-transfer-{}", crate::checkpoint::hex(&random)))
}

/// The form; the file comes last, for OSS reads no field behind it.
fn encode(fields: &[(String, String)], boundary: &str, key: &ObjectKey, body: &Bytes) -> Bytes {
    let mut form = BytesMut::with_capacity(body.len() + 4096);
    for (name, value) in fields {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        form.extend_from_slice(head.as_bytes());
    }
    let name = key.as_str().rsplit('/').next().unwrap_or_default();
    let name = name.replace(['"', '\r', '\n'], "_");
    let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    form.extend_from_slice(head.as_bytes());
    form.extend_from_slice(body);
    form.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    form.freeze()
}
