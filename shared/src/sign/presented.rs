//! The server's side: reads the signature that a request presents, checks its time, and recomputes it.

use time::OffsetDateTime;

use super::canonical::Request;
use super::v4::{self, Scope};
use super::{AuthError, MAX_PRESIGN_SECONDS, MAX_SKEW_SECONDS, v1, v2};
use crate::secret::{Secret, constant_time_eq};
use crate::timefmt;

/// Which signature algorithm was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// HMAC-SHA1.
    V1,
    /// HMAC-SHA256, legacy.
    V2,
    /// OSS4-HMAC-SHA256.
    V4,
}

/// Where it was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the `Authorization` header.
    Header,
    /// In the query of a presigned URL.
    Url,
}

/// A signature as presented: not yet believed.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The algorithm.
    pub scheme: Scheme,
    /// Header or URL.
    pub place: Place,
    /// Who claims to sign.
    pub access_key_id: String,
    /// The session token that came with it.
    pub security_token: Option<Secret>,
    signature: String,
    /// The texts that may stand in the date line; the first is the likeliest.
    date_lines: Vec<String>,
    validity: Validity,
    scope: Option<Scope>,
    additional: Vec<String>,
}

/// When a presented signature counts.
#[derive(Debug, Clone, Copy)]
enum Validity {
    /// Around the time of signing.
    Near(OffsetDateTime),
    /// Until a moment in Unix seconds (V1 and V2 URLs).
    Until(i64),
    /// For some seconds from the time of signing (V4 URLs).
    Window(OffsetDateTime, i64),
}

/// A signature that is not the one this server computes, with what it signed: for the one who debugs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The signature as presented.
    pub signature_provided: String,
    /// The text that the server signed.
    pub string_to_sign: String,
    /// V4 only: the canonical request that the server hashed.
    pub canonical_request: Option<String>,
}

/// Reads the signature of `request`; `None` when it presents none.
///
/// # Errors
/// [`AuthError`] when there is one that cannot be read.
pub fn presented(request: &Request) -> Result<Option<Presented>, AuthError> {
    if let Some(value) = request.header("authorization") {
        return from_header(request, value.trim()).map(Some);
    }
    match request.param("x-oss-signature-version") {
        Some(v4::ALGORITHM) => return v4_url(request).map(Some),
        Some("OSS2") => return v2_url(request).map(Some),
        Some(_) => return Err(AuthError::MalformedField("x-oss-signature-version", "0002-00000204")),
        None => {}
    }
    let v1 = ["OSSAccessKeyId", "Expires", "Signature"].map(|name| request.param(name));
    match v1 {
        [None, None, None] => Ok(None),
        [Some(id), Some(expires), Some(signature)] => v1_url(request, id, expires, signature).map(Some),
        _ => Err(AuthError::IncompleteUrl),
    }
}

fn secret(text: Option<&str>) -> Option<Secret> {
    text.filter(|text| !text.is_empty()).map(Secret::new)
}

fn from_header(request: &Request, value: &str) -> Result<Presented, AuthError> {
    // The Python SDK V2 sends its V1 token as `security-token`, unsigned.
    let token = request.header("x-oss-security-token").or_else(|| request.header("security-token"));
    if let Some(rest) = value.strip_prefix(v4::ALGORITHM) {
        return v4_header(request, rest, secret(token));
    }
    if let Some(rest) = value.strip_prefix("OSS2 ") {
        return v2_header(request, rest, secret(token));
    }
    let (access_key_id, signature) = value
        .strip_prefix("OSS ")
        .and_then(|rest| rest.trim().rsplit_once(':'))
        .ok_or(AuthError::MalformedAuthorization)?;
    let (date_lines, time) = header_date(request)?;
    Ok(Presented {
        scheme: Scheme::V1,
        place: Place::Header,
        access_key_id: access_key_id.to_owned(),
        security_token: secret(token),
        signature: signature.to_owned(),
        date_lines,
        validity: Validity::Near(time),
        scope: None,
        additional: Vec::new(),
    })
}

/// The date line of V1 and V2: `x-oss-date` before `Date` (the JavaScript SDK sends only the former, the Go SDK signs only the latter).
fn header_date(request: &Request) -> Result<(Vec<String>, OffsetDateTime), AuthError> {
    let lines: Vec<String> =
        ["x-oss-date", "date"].iter().filter_map(|name| request.header(name)).map(str::to_owned).collect();
    let first = lines.first().ok_or(AuthError::MissingDate)?;
    let time = timefmt::parse_http_date(first)
        .or_else(|| timefmt::parse_iso8601(first))
        .or_else(|| timefmt::parse_iso_basic(first))
        .ok_or(AuthError::MalformedDate)?;
    Ok((lines, time))
}

fn v2_header(request: &Request, rest: &str, security_token: Option<Secret>) -> Result<Presented, AuthError> {
    let field = |name: &str| {
        rest.split(',').filter_map(|part| part.trim().split_once(':')).find(|(k, _)| *k == name).map(|(_, v)| v)
    };
    let (Some(id), Some(signature)) = (field("AccessKeyId"), field("Signature")) else {
        return Err(AuthError::MalformedAuthorization);
    };
    let (date_lines, time) = header_date(request)?;
    Ok(Presented {
        scheme: Scheme::V2,
        place: Place::Header,
        access_key_id: id.to_owned(),
        security_token,
        signature: signature.to_owned(),
        date_lines,
        validity: Validity::Near(time),
        scope: None,
        additional: names(field("AdditionalHeaders").unwrap_or_default()),
    })
}

fn names(list: &str) -> Vec<String> {
    list.split(';').filter(|name| !name.is_empty()).map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn v4_header(request: &Request, rest: &str, security_token: Option<Secret>) -> Result<Presented, AuthError> {
    let (mut credential, mut signature, mut additional) = (None, None, Vec::new());
    // Clients differ in order and in spaces.
    for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("Credential", value)) => credential = Some(value),
            Some(("Signature", value)) => signature = Some(value),
            Some(("AdditionalHeaders", "")) => {
                return Err(AuthError::MalformedField("AdditionalHeaders", "0002-00000209"));
            }
            Some(("AdditionalHeaders", value)) if value.split(';').any(|name| name.trim().is_empty()) => {
                return Err(AuthError::MalformedField("AdditionalHeaders", "0002-00000210"));
            }
            Some(("AdditionalHeaders", value)) => additional = names(value),
            _ => return Err(AuthError::MalformedField("field", "0002-00000204")),
        }
    }
    let credential = credential.ok_or(AuthError::MalformedField("Credential", "0002-00000202"))?;
    let signature = signature.ok_or(AuthError::MalformedField("Signature", "0002-00000203"))?;
    let (id, scope) = split_credential(credential)?;
    // The Android SDK has no `x-oss-date`: its `Date` carries the ISO form.
    let date = request.header("x-oss-date").or_else(|| request.header("date")).ok_or(AuthError::MissingDate)?;
    let time =
        timefmt::parse_iso_basic(date).or_else(|| timefmt::parse_http_date(date)).ok_or(AuthError::MalformedDate)?;
    Ok(Presented {
        scheme: Scheme::V4,
        place: Place::Header,
        access_key_id: id,
        security_token,
        signature: signature.to_owned(),
        date_lines: vec![timefmt::iso_basic(time)],
        validity: Validity::Near(time),
        scope: Some(scope),
        additional,
    })
}

fn split_credential(credential: &str) -> Result<(String, Scope), AuthError> {
    let malformed = AuthError::MalformedField("Credential", "0002-00000218");
    let (id, scope) = credential.split_once('/').ok_or(malformed.clone())?;
    Ok((id.to_owned(), Scope::parse(scope).ok_or(malformed)?))
}

fn v4_url(request: &Request) -> Result<Presented, AuthError> {
    let field = |name: &'static str, ec| request.param(name).ok_or(AuthError::MalformedField(name, ec));
    let (id, scope) = split_credential(field("x-oss-credential", "0002-00000218")?)?;
    let signature = field("x-oss-signature", "0002-00000219")?;
    let expires = field("x-oss-expires", "0002-00000215")?;
    let date = request.param("x-oss-date").ok_or(AuthError::MissingDate)?;
    let time = timefmt::parse_iso_basic(date).ok_or(AuthError::MalformedDate)?;
    let seconds = expires.parse::<i64>().ok().filter(|s| (1..=MAX_PRESIGN_SECONDS).contains(s));
    let seconds = seconds.ok_or(AuthError::MalformedField("x-oss-expires", "0002-00000232"))?;
    Ok(Presented {
        scheme: Scheme::V4,
        place: Place::Url,
        access_key_id: id,
        security_token: secret(request.param("x-oss-security-token")),
        signature: signature.to_owned(),
        date_lines: vec![date.to_owned()],
        validity: Validity::Window(time, seconds),
        scope: Some(scope),
        additional: names(request.param("x-oss-additional-headers").unwrap_or_default()),
    })
}

fn v2_url(request: &Request) -> Result<Presented, AuthError> {
    let [Some(id), Some(expires), Some(signature)] =
        ["x-oss-access-key-id", "x-oss-expires", "x-oss-signature"].map(|name| request.param(name))
    else {
        return Err(AuthError::IncompleteUrl);
    };
    let mut presented = v1_url(request, id, expires, signature)?;
    presented.scheme = Scheme::V2;
    presented.additional = names(request.param("x-oss-additional-headers").unwrap_or_default());
    Ok(presented)
}

fn v1_url(request: &Request, id: &str, expires: &str, signature: &str) -> Result<Presented, AuthError> {
    let unreadable = if expires.is_empty() { "0002-00000068" } else { "0002-00000070" };
    let deadline = expires.parse::<i64>().map_err(|_| AuthError::UrlExpired(unreadable))?;
    let token = request.param("security-token").or_else(|| request.param("x-oss-security-token"));
    Ok(Presented {
        scheme: Scheme::V1,
        place: Place::Url,
        access_key_id: id.to_owned(),
        security_token: secret(token),
        signature: signature.to_owned(),
        date_lines: vec![expires.to_owned()],
        validity: Validity::Until(deadline),
        scope: None,
        additional: Vec::new(),
    })
}

impl Presented {
    /// Checks time and region at `now`: skew of 15 minutes in headers, the life of a URL, the scope of V4.
    ///
    /// # Errors
    /// [`AuthError`] that names what is out of bounds.
    pub fn check_time(&self, now: OffsetDateTime, region: &str) -> Result<(), AuthError> {
        if let Some(scope) = &self.scope {
            if scope.region != region {
                return Err(match self.place {
                    Place::Url => AuthError::WrongUrlRegion,
                    Place::Header => AuthError::WrongRegion,
                });
            }
            let signed_on = self.date_lines.first().and_then(|line| line.get(..8));
            let near_today = [-1, 0, 1]
                .iter()
                .any(|days| timefmt::iso_basic(now + time::Duration::days(*days)).starts_with(&scope.date));
            let stale = matches!(self.validity, Validity::Near(_)) && !near_today;
            if signed_on != Some(scope.date.as_str()) || stale {
                return Err(match self.place {
                    Place::Url => AuthError::WrongUrlScopeDate,
                    Place::Header => AuthError::WrongScopeDate,
                });
            }
        }
        match self.validity {
            Validity::Near(signed) if (now - signed).whole_seconds().abs() > MAX_SKEW_SECONDS => {
                Err(AuthError::Skewed { request: signed, server: now })
            }
            Validity::Until(deadline) if now.unix_timestamp() > deadline => {
                Err(AuthError::Expired { deadline, server: now })
            }
            Validity::Window(signed, _) if (signed - now).whole_seconds() > MAX_SKEW_SECONDS => {
                Err(AuthError::UrlExpired("0002-00000235"))
            }
            Validity::Window(signed, life) if (now - signed).whole_seconds() > life => {
                Err(AuthError::UrlExpired("0002-00000236"))
            }
            _ => Ok(()),
        }
    }

    /// Recomputes the signature with `secret` and compares in constant time.
    ///
    /// # Errors
    /// [`Mismatch`] with the texts that this side signed.
    pub fn verify(&self, request: &Request, secret: &Secret) -> Result<(), Mismatch> {
        let mut first: Option<Mismatch> = None;
        for date in &self.date_lines {
            let (expected, string_to_sign, canonical_request) = self.expect(request, secret, date);
            let slashless = match self.scheme {
                Scheme::V1 => v1::slashless_string_to_sign(request, date).map(|text| v1::sign(secret, &text)),
                _ => None,
            };
            let fits = |expected: &str| constant_time_eq(expected.as_bytes(), self.signature.as_bytes());
            if fits(&expected) || slashless.as_deref().is_some_and(fits) {
                return Ok(());
            }
            first.get_or_insert(Mismatch {
                signature_provided: self.signature.clone(),
                string_to_sign,
                canonical_request,
            });
        }
        Err(first.unwrap_or(Mismatch {
            signature_provided: self.signature.clone(),
            string_to_sign: String::new(),
            canonical_request: None,
        }))
    }

    fn expect(&self, request: &Request, secret: &Secret, date: &str) -> (String, String, Option<String>) {
        match (self.scheme, &self.scope) {
            (Scheme::V4, Some(scope)) => {
                let additional = v4::effective_additional(request, &self.additional);
                let canonical = v4::canonical_request(request, &additional);
                let text = v4::string_to_sign(date, scope, &canonical);
                (v4::sign(secret, scope, &text), text, Some(canonical))
            }
            (Scheme::V2, _) => {
                let text = v2::string_to_sign(request, date, &self.additional);
                (v2::sign(secret, &text), text, None)
            }
            _ => {
                let text = v1::string_to_sign(request, date);
                (v1::sign(secret, &text), text, None)
            }
        }
    }
}
