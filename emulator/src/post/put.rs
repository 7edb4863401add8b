//! A form as the PutObject that it amounts to: fields become headers.

use axum::http::{HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use shared::error::{OssCode, OssError};
use shared::sign::Request;
use shared::sign::post_policy::FormFields;

use super::form::Form;
use super::too_long;

/// Fields that are headers of PutObject under the same name; beside these, every `x-oss-meta-*`.
const HEADERS: [&str; 12] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    "x-oss-forbid-overwrite",
    "x-oss-object-acl",
    "x-oss-server-side-data-encryption",
    "x-oss-server-side-encryption",
    "x-oss-server-side-encryption-key-id",
    "x-oss-storage-class",
    "x-oss-tagging",
];
/// The longest value of a field that becomes a header, in bytes: as much as all user metadata may have.
const MAX_HEADER: usize = 8 << 10;
/// Headers of the POST that say from where and by what it was sent.
const CIRCUMSTANCES: [&str; 4] = ["host", "origin", "referer", "user-agent"];

impl<S> Form<S> {
    /// The PutObject that `post` amounts to, for `key` as [`Form::key`] gives it. The POST's own Content-Length,
    /// Content-MD5 and Content-Type speak of the whole form and its query of nothing: none of them is in it. The file's
    /// length is unknown, so its body is chunked.
    ///
    /// # Errors
    /// 400 `InvalidArgument` for a field that no header can carry, `FieldItemTooLong` for one over 8 KiB.
    pub fn put_request(&self, post: &Request, key: &str) -> Result<Request, OssError> {
        let mut put =
            Request::new("PUT", post.bucket.as_deref(), Some(key)).with_header("transfer-encoding", "chunked");
        for name in CIRCUMSTANCES {
            if let Some(value) = post.header(name) {
                put.set_header(name, value);
            }
        }
        for (name, value) in self.fields.iter().filter(|(_, value)| !value.is_empty()) {
            if HEADERS.contains(&name) || name.starts_with("x-oss-meta-") {
                set(&mut put, name, value)?;
            }
        }
        if let Some(value) = self.object_type() {
            set(&mut put, "content-type", value)?;
        }
        if let Some(callback) = self.fields.filled("callback") {
            set(&mut put, "x-oss-callback", callback)?;
            if let Some(variables) = callback_variables(&self.fields) {
                set(&mut put, "x-oss-callback-var", &variables)?;
            }
        }
        Ok(put)
    }
}

/// The field `callback-var`; else the fields `x:…` in the form that this has: base64 of a JSON object.
fn callback_variables(fields: &FormFields) -> Option<String> {
    if let Some(given) = fields.filled("callback-var") {
        return Some(given.to_owned());
    }
    let own = fields.iter().filter(|(name, _)| name.starts_with("x:"));
    let variables: Map<String, Value> = own.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    (!variables.is_empty()).then(|| STANDARD.encode(Value::Object(variables).to_string()))
}

fn set(put: &mut Request, name: &str, value: &str) -> Result<(), OssError> {
    let value = value.trim();
    if value.len() > MAX_HEADER {
        return Err(too_long("0006-00000111", MAX_HEADER).detail("ArgumentName", name));
    }
    if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_bytes(value.as_bytes()).is_err() {
        let message = "A form field that becomes a header of the object has characters that no header can carry.";
        return Err(OssError::new(OssCode::InvalidArgument, message)
            .detail("ArgumentName", name)
            .detail("ArgumentValue", value));
    }
    put.set_header(name, value);
    Ok(())
}
