//! What a callback or an app says of an upload, before anybody checked it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use shared::object_key::ObjectKey;
use utoipa::ToSchema;

use super::record::{MAX_VARS, is_clean, plain_etag};

/// Why a report is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// The body cannot be read.
    #[error("the body is neither a form nor a JSON object: {0}")]
    Unreadable(String),
    /// It does not say which object.
    #[error("the body names no object: the callbackBody needs object=${{object}}")]
    NoObject,
    /// A value cannot be kept.
    #[error("{0} is too long, not a number, or has a character that cannot be kept")]
    Value(String),
    /// There are too many of the app's own values.
    #[error("there are more than {MAX_VARS} values of the app's own")]
    TooMany,
}

/// A report of an upload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Claims {
    /// The object's key, decoded.
    pub object: String,
    /// The bucket; the server's own when it is absent.
    #[serde(default)]
    pub bucket: Option<String>,
    /// As OSS told it: with or without quotes, in either case.
    #[serde(rename = "ETag", default)]
    pub etag: Option<String>,
    /// Bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// Its Content-Type.
    #[serde(default)]
    pub mime_type: Option<String>,
    /// OSS's checksum, decimal.
    #[serde(default)]
    pub crc64: Option<String>,
    /// Pixels.
    #[serde(default)]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(default)]
    pub height: Option<u32>,
    /// The `x-oss-request-id` of the upload.
    #[serde(default)]
    pub request_id: Option<String>,
    /// Values of the app's own.
    #[serde(default)]
    pub vars: BTreeMap<String, String>,
}

impl Claims {
    /// Reads the body of a callback, a form or JSON, with the names that OSS's documents use in `callbackBody`. Every other
    /// name is a value of the app's own.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub fn of_callback(content_type: &str, body: &[u8]) -> Result<Self, ClaimError> {
        let pairs = if content_type.starts_with("application/json") { json_pairs(body)? } else { form_pairs(body) };
        let mut claims = Self::default();
        for (name, value) in pairs {
            claims.take(name, value)?;
        }
        if claims.object.is_empty() {
            return Err(ClaimError::NoObject);
        }
        claims.check()?;
        Ok(claims)
    }

    /// Checks every value, and brings the ETag into its one form.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub fn check(&mut self) -> Result<(), ClaimError> {
        ObjectKey::parse(&self.object).map_err(|_| ClaimError::Value("object".to_owned()))?;
        if self.vars.len() > MAX_VARS {
            return Err(ClaimError::TooMany);
        }
        self.etag = self.etag.take().map(|etag| plain_etag(&etag)).filter(|etag| !etag.is_empty());
        let texts = [&self.bucket, &self.etag, &self.mime_type, &self.crc64, &self.request_id];
        let own = self.vars.iter().flat_map(|(name, value)| [name, value]);
        match texts.into_iter().flatten().chain(own).find(|text| !is_clean(text)) {
            Some(text) => Err(ClaimError::Value(text.chars().take(32).collect())),
            None => Ok(()),
        }
    }

    fn take(&mut self, name: String, value: String) -> Result<(), ClaimError> {
        // A variable that is not set is empty.
        if value.is_empty() {
            return Ok(());
        }
        match name.as_str() {
            "object" | "filename" => self.object = value,
            "bucket" => self.bucket = Some(value),
            "etag" => self.etag = Some(value),
            "size" => self.size = Some(value.parse().map_err(|_| ClaimError::Value(name))?),
            "mimeType" | "mimetype" => self.mime_type = Some(value),
            "crc64" => self.crc64 = Some(value),
            "width" | "imageInfo.width" => self.width = value.parse().ok(),
            "height" | "imageInfo.height" => self.height = value.parse().ok(),
            "reqId" | "requestId" => self.request_id = Some(value),
            _ => {
                self.vars.insert(name, value);
            }
        }
        Ok(())
    }
}

fn form_pairs(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn json_pairs(body: &[u8]) -> Result<Vec<(String, String)>, ClaimError> {
    let fields: serde_json::Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| ClaimError::Unreadable(error.to_string()))?;
    let text = |value: Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(fields.into_iter().map(|(name, value)| (name, text(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_json_say_the_same() {
        let form = "bucket=photos&object=users%2Fa%2F%E7%85%A7+1.jpg&etag=%22ab%22&size=12&mimeType=image%2Fjpeg&width=3&height=&who=%E5%BC%A0";
        let json = r#"{"bucket":"photos","filename":"users/a/照 1.jpg","etag":"AB","size":12,"mimeType":"image/jpeg","imageInfo.width":3,"height":null,"who":"张"}"#;
        let read = Claims::of_callback("application/x-www-form-urlencoded", form.as_bytes()).unwrap();
        assert_eq!(read, Claims::of_callback("application/json; charset=utf-8", json.as_bytes()).unwrap());
        assert_eq!((read.object.as_str(), read.etag.as_deref(), read.size), ("users/a/照 1.jpg", Some("AB"), Some(12)));
        assert_eq!((read.width, read.height, read.vars["who"].as_str()), (Some(3), None, "张"));
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let long = format!("object=a&who={}", "x".repeat(1025));
        let many: String = (0..65).map(|n| format!("&v{n}=1")).collect();
        for (body, error) in [
            ("size=1", ClaimError::NoObject),
            ("object=/a", ClaimError::Value("object".to_owned())),
            ("object=a&size=-1", ClaimError::Value("size".to_owned())),
            ("object=a&who=%00", ClaimError::Value("\0".to_owned())),
            (&long, ClaimError::Value("x".repeat(32))),
            (&format!("object=a{many}"), ClaimError::TooMany),
        ] {
            assert_eq!(Claims::of_callback("", body.as_bytes()), Err(error), "{body}");
        }
        assert!(matches!(Claims::of_callback("application/json", b"[1]"), Err(ClaimError::Unreadable(_))));
    }
}
