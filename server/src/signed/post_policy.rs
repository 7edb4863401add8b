//! Upload forms (PostObject, V4): a browser can send one, and its policy says what and how much.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};
use shared::credentials::Credentials;
use shared::sign::post_policy;
use shared::sign::v4::{ALGORITHM, Scope};
use shared::timefmt;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use super::Place;
use super::presign::within_token;

/// A form: every field before the file, which comes last and is called `file`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UploadForm {
    /// Where the form goes, as `multipart/form-data`.
    pub url: String,
    /// Names and values, in any order.
    pub fields: BTreeMap<String, String>,
    /// When it ends: `2017-12-12T07:49:09Z`.
    pub expiration: String,
}

/// What a form may upload.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The object's key; `${filename}` in it stands for the name of the file.
    pub object: &'a str,
    /// The Content-Types allowed; empty for all.
    pub content_types: &'a [String],
    /// The least and the greatest size, in bytes.
    pub size: (u64, u64),
    /// A callback that the sender can neither leave out nor change.
    pub callback: Option<&'a str>,
}

/// Signs a form with `credentials`; it lives `seconds`, and no longer than its token.
pub fn upload_form(
    place: &Place,
    credentials: &Credentials,
    rules: Rules<'_>,
    seconds: u32,
    now: OffsetDateTime,
) -> UploadForm {
    let end = now + Duration::seconds(i64::from(within_token(credentials, seconds, now)));
    let date = timefmt::iso_basic(now);
    let scope = Scope::new(&date, place.region.as_str());
    let mut fields: BTreeMap<String, String> = [
        ("x-oss-signature-version", ALGORITHM.to_owned()),
        ("x-oss-credential", format!("{}/{scope}", credentials.access_key_id)),
        ("x-oss-date", date),
        ("success_action_status", "200".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if let Some(token) = &credentials.security_token {
        fields.insert("x-oss-security-token".to_owned(), token.expose().to_owned());
    }
    if let Some(callback) = rules.callback {
        fields.insert("callback".to_owned(), callback.to_owned());
    }
    // Every field is fixed by the policy, so that none can be changed.
    let mut conditions: Vec<Value> = fields.iter().map(|(name, value)| json!({ (name.as_str()): value })).collect();
    conditions.push(json!({ "bucket": place.bucket.as_str() }));
    conditions.push(json!(["content-length-range", rules.size.0, rules.size.1]));
    match rules.object.split_once("${filename}") {
        None => conditions.push(json!({ "key": rules.object })),
        Some((before, _)) => conditions.push(json!(["starts-with", "$key", before])),
    }
    if !rules.content_types.is_empty() {
        conditions.push(json!(["in", "$content-type", rules.content_types]));
    }
    let policy = json!({ "expiration": timefmt::oss_xml(end), "conditions": conditions });
    let policy = STANDARD.encode(policy.to_string());
    let signature = post_policy::sign_v4(&credentials.access_key_secret, &scope, &policy);
    fields.extend([
        ("key".to_owned(), rules.object.to_owned()),
        ("policy".to_owned(), policy),
        ("x-oss-signature".to_owned(), signature),
    ]);
    UploadForm { url: place.endpoint.url(Some(&place.bucket), None), fields, expiration: timefmt::iso8601(end) }
}
