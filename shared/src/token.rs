//! The token contract between app server and apps: success and error bodies, exactly (`token-server.md` §1, §2; the reference document).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::credentials::Credentials;
use crate::secret::Secret;
use crate::timefmt;

/// What the app server answers, always with HTTP 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenReply {
    /// A token, with where to use it.
    Granted(Grant),
    /// No token, with STS's or the server's own reason.
    Refused {
        /// `InvalidAccessKeyId.NotFound` and the like.
        error_code: String,
        /// What is wrong, for a person.
        error_message: String,
    },
}

/// A token, and what the app server adds for apps that want it; SDKs ignore the additions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The temporary key; `security_token` and `expiration` are present.
    pub credentials: Credentials,
    /// Where the token may be used, as far as the server knows.
    pub place: GrantPlace,
}

/// Where a token may be used. Absent fields are left out of the body: a JSON null makes iOS apps crash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GrantPlace {
    /// The bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The region, without `oss-`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The OSS endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The prefix that object names must begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_prefix: Option<String>,
    /// The one key that may be written, where the server chose it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_key: Option<String>,
}

/// Why a body is not a token reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not JSON, or not an object.
    #[error("the app server's answer is not a JSON object")]
    NotJson,
    /// A success without one of its fields, or with one that is no text.
    #[error("the app server's answer has no usable {0}")]
    Missing(&'static str),
    /// `Expiration` is not `YYYY-MM-DDTHH:MM:SSZ`.
    #[error("the app server's Expiration {0:?} is not of the form 2017-12-12T07:49:09Z")]
    Expiration(String),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GrantedBody<'a> {
    status_code: u16,
    // Makes the same body valid for ALIBABA_CLOUD_CREDENTIALS_URI clients.
    code: &'static str,
    access_key_id: &'a str,
    access_key_secret: &'a str,
    security_token: &'a str,
    expiration: String,
    #[serde(flatten)]
    place: &'a GrantPlace,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RefusedBody<'a> {
    status_code: u16,
    error_code: &'a str,
    error_message: &'a str,
}

impl TokenReply {
    /// The body. `StatusCode` is a number, 200 or 500; no field is ever null.
    pub fn to_json(&self) -> String {
        let text = match self {
            Self::Granted(Grant { credentials, place }) => serde_json::to_string(&GrantedBody {
                status_code: 200,
                code: "Success",
                access_key_id: &credentials.access_key_id,
                access_key_secret: credentials.access_key_secret.expose(),
                security_token: credentials.security_token.as_ref().map_or("", Secret::expose),
                expiration: credentials.expiration.map(timefmt::iso8601).unwrap_or_default(),
                place,
            }),
            Self::Refused { error_code, error_message } => {
                serde_json::to_string(&RefusedBody { status_code: 500, error_code, error_message })
            }
        };
        text.unwrap_or_default()
    }

    /// Reads a body as lenient clients do: `StatusCode` may be a number, a text or absent; unknown fields are ignored.
    ///
    /// # Errors
    /// [`TokenError`] when a success lacks a field.
    pub fn parse(body: &str) -> Result<Self, TokenError> {
        let Ok(Value::Object(fields)) = serde_json::from_str(body) else {
            return Err(TokenError::NotJson);
        };
        let text = |name| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let need = |name| text(name).ok_or(TokenError::Missing(name));
        let status = match fields.get("StatusCode") {
            None => 200,
            Some(Value::String(text)) => text.parse().unwrap_or(500),
            Some(other) => other.as_u64().unwrap_or(500),
        };
        if status != 200 {
            return Ok(Self::Refused {
                error_code: text("ErrorCode").unwrap_or("Unknown").to_owned(),
                error_message: text("ErrorMessage").unwrap_or("the app server gave no reason").to_owned(),
            });
        }
        let expiration = need("Expiration")?;
        Ok(Self::Granted(Grant {
            credentials: Credentials {
                access_key_id: need("AccessKeyId")?.to_owned(),
                access_key_secret: Secret::new(need("AccessKeySecret")?),
                security_token: Some(Secret::new(need("SecurityToken")?)),
                expiration: Some(
                    timefmt::parse_iso8601(expiration).ok_or_else(|| TokenError::Expiration(expiration.to_owned()))?,
                ),
            },
            place: serde_json::from_str(body).unwrap_or_default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn granted() -> TokenReply {
        TokenReply::Granted(Grant {
            credentials: Credentials {
                access_key_id: "STS.3p".to_owned(),
                access_key_secret: Secret::new("rpnw"),
                security_token: Some(Secret::new("CAES+/=")),
                expiration: Some(datetime!(2017-12-12 07:49:09 UTC)),
            },
            place: GrantPlace { bucket: Some("photos".to_owned()), ..GrantPlace::default() },
        })
    }

    #[test]
    fn bodies_are_exact() {
        assert_eq!(
            granted().to_json(),
            r#"{"StatusCode":200,"Code":"Success","AccessKeyId":"STS.3p","AccessKeySecret":"rpnw","SecurityToken":"CAES+/=","Expiration":"2017-12-12T07:49:09Z","Bucket":"photos"}"#
        );
        let refused = TokenReply::Refused {
            error_code: "InvalidAccessKeyId.NotFound".to_owned(),
            error_message: "Specified access key is not found.".to_owned(),
        };
        assert_eq!(
            refused.to_json(),
            r#"{"StatusCode":500,"ErrorCode":"InvalidAccessKeyId.NotFound","ErrorMessage":"Specified access key is not found."}"#
        );
        assert_eq!(TokenReply::parse(&refused.to_json()), Ok(refused));
        assert_eq!(TokenReply::parse(&granted().to_json()), Ok(granted()));
    }

    #[test]
    fn the_samples_of_other_languages_are_understood() {
        let four = r#""AccessKeyId":"a","AccessKeySecret":"b","SecurityToken":"c","Expiration":"2017-12-12T07:49:09Z""#;
        assert!(matches!(TokenReply::parse(&format!("{{\"StatusCode\":\"200\",{four}}}")), Ok(TokenReply::Granted(_))));
        assert!(matches!(TokenReply::parse(&format!("{{{four}}}")), Ok(TokenReply::Granted(_))));
        for (body, error) in [
            ("[]", TokenError::NotJson),
            ("<html>", TokenError::NotJson),
            (r#"{"StatusCode":200}"#, TokenError::Missing("Expiration")),
            (
                r#"{"StatusCode":200,"Expiration":"2017-12-12T07:49:09+08:00"}"#,
                TokenError::Expiration("2017-12-12T07:49:09+08:00".to_owned()),
            ),
        ] {
            let got = TokenReply::parse(body);
            match error {
                TokenError::Expiration(_) => assert!(got.is_err(), "{body}"),
                other => assert_eq!(got, Err(other), "{body}"),
            }
        }
    }
}
