//! Keys that others give: the metadata service of ECS, STS in exchange for an OIDC token, and a credentials URI.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use shared::credentials::Credentials;
use shared::region::Endpoint;
use shared::secret::Secret;
use shared::sign::encode;
use shared::sts::{AssumedRole, StsError, VERSION};
use shared::timefmt;
use time::OffsetDateTime;

use super::key;
use crate::http::{self, nonce, root_cause};

/// The metadata service is on this machine's link: it answers at once or not at all.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 64 * 1024;
/// How long the token lasts with which the metadata service is asked, in seconds.
const METADATA_TOKEN_SECONDS: &str = "60";
const METADATA_TOKEN: &str = "x-aliyun-ecs-metadata-token";

/// What AssumeRoleWithOIDC is asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// The role whose key is wanted, `acs:ram::<account>:role/<name>`.
    pub role_arn: String,
    /// `acs:ram::<account>:oidc-provider/<name>`.
    pub provider_arn: String,
    /// Where the cluster puts the pod's token, and renews it.
    pub token_file: PathBuf,
    /// Who exchanges it.
    pub sts_endpoint: Endpoint,
}

/// What the metadata service and credentials URIs answer.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Answer {
    code: Option<String>,
    access_key_id: String,
    access_key_secret: String,
    security_token: String,
    expiration: String,
}

impl Answer {
    fn read(text: &str) -> Result<Credentials, String> {
        // The parser's words would repeat parts of the answer.
        let answer: Self =
            serde_json::from_str(text).map_err(|_| "its answer is not a JSON object of texts".to_owned())?;
        if let Some(code) = answer.code.as_ref().filter(|code| *code != "Success") {
            return Err(format!("it says {code:?} where Success is expected"));
        }
        for (name, value) in [
            ("AccessKeyId", &answer.access_key_id),
            ("AccessKeySecret", &answer.access_key_secret),
            ("SecurityToken", &answer.security_token),
        ] {
            if value.is_empty() {
                return Err(format!("its answer has no {name}"));
            }
        }
        let expiration = timefmt::parse_iso8601(&answer.expiration)
            .ok_or_else(|| "its answer has no Expiration of the form 2017-12-12T07:49:09Z".to_owned())?;
        let mut credentials = key(answer.access_key_id, answer.access_key_secret, Some(answer.security_token));
        credentials.expiration = Some(expiration);
        Ok(credentials)
    }
}

/// The key of this instance's role. A token is asked for first, as the service's second version wants it.
///
/// # Errors
/// What is wrong.
pub async fn ecs(http: &reqwest::Client, at: &str, role: Option<&str>, allow_v1: bool) -> Result<Credentials, String> {
    let token = http
        .put(format!("{at}/latest/api/token"))
        .header(format!("{METADATA_TOKEN}-ttl-seconds"), METADATA_TOKEN_SECONDS);
    let token = match text(token.timeout(METADATA_TIMEOUT)).await {
        Ok(token) => Some(token),
        Err(reason) if !allow_v1 => {
            return Err(format!("it gives no token ({reason}), and EcsMetadataV1 is not allowed"));
        }
        Err(_) => None,
    };
    let get = |path: &str| {
        let request =
            http.get(format!("{at}/latest/meta-data/ram/security-credentials/{path}")).timeout(METADATA_TIMEOUT);
        match &token {
            Some(token) => request.header(METADATA_TOKEN, token),
            None => request,
        }
    };
    let role = match role {
        Some(role) => role.to_owned(),
        None => {
            let none = |reason| format!("it names no role ({reason}): give this instance a RAM role");
            text(get("")).await.map_err(none)?.trim().to_owned()
        }
    };
    Answer::read(&text(get(&encode(&role))).await?)
}

/// The key that another program holds ready.
///
/// # Errors
/// What is wrong; never the URL, which may hold a credential.
pub async fn uri(http: &reqwest::Client, url: &Secret) -> Result<Credentials, String> {
    Answer::read(&text(http.get(url.expose()).timeout(TIMEOUT)).await?)
}

/// AssumeRoleWithOIDC, which is signed by nobody: the token is the proof.
///
/// # Errors
/// What is wrong.
pub async fn oidc(http: &reqwest::Client, oidc: &Oidc, now: OffsetDateTime) -> Result<Credentials, String> {
    let token =
        tokio::fs::read_to_string(&oidc.token_file).await.map_err(|error| format!("it cannot be read: {error}"))?;
    let (nonce, timestamp) = (nonce()?, timefmt::iso8601(now));
    let form: Vec<String> = [
        ("Action", "AssumeRoleWithOIDC"),
        ("Version", VERSION),
        ("Format", "JSON"),
        ("Timestamp", &timestamp),
        ("SignatureNonce", &nonce),
        ("RoleArn", &oidc.role_arn),
        ("OIDCProviderArn", &oidc.provider_arn),
        ("OIDCToken", token.trim()),
        ("RoleSessionName", "direct-transfer-server"),
    ]
    .iter()
    .map(|(name, value)| format!("{name}={}", encode(value)))
    .collect();
    let request =
        http.post(oidc.sts_endpoint.url(None, None)).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let response = request.body(form.join("&")).timeout(TIMEOUT).send().await.map_err(|error| root_cause(&error))?;
    let status = response.status().as_u16();
    let body = http::text(response, MAX_BYTES).await?;
    let said = |error: StsError| format!("STS says {}: {}", error.code, error.message);
    AssumedRole::from_json(&body).map(|role| role.credentials).ok_or_else(|| {
        StsError::from_json(status, &body).map_or(format!("STS answers HTTP {status} without a key"), said)
    })
}

async fn text(request: reqwest::RequestBuilder) -> Result<String, String> {
    let response = request.send().await.map_err(|error| root_cause(&error))?;
    let status = response.status().as_u16();
    match status {
        200 => http::text(response, MAX_BYTES).await,
        _ => Err(format!("it answers HTTP {status}")),
    }
}
