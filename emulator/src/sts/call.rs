//! One call to STS: parameters gathered, the caller's signature verified, the action performed.

use axum::http::request::Parts;
use shared::decision::SignatureOutcome;
use shared::secret::{Secret, mask};
use shared::sign::{MAX_SKEW_SECONDS, Request, acs3, rpc};
use shared::sts::{self, StsError};
use shared::timefmt;
use time::OffsetDateTime;

use super::{Arrival, Reply, Sts, Trail, actions};
use crate::accounts::Accounts;
use crate::caller::Caller;
use crate::session::Sealer;

/// The parameters of a call, from query and form, decoded.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The first value of `name`, unless empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// As [`Parameters::get`], or the error that names what is missing.
    ///
    /// # Errors
    /// 400 `Missing<name>`.
    pub fn need(&self, name: &str) -> Result<&str, StsError> {
        self.get(name).ok_or_else(|| {
            StsError::new(400, &format!("Missing{name}"), format!("{name} is mandatory for this action."))
        })
    }

    fn add_body(&mut self, arrival: &Arrival<'_>) -> Result<(), StsError> {
        let kind = header(arrival.parts, "content-type");
        if kind.is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            self.add_form(&String::from_utf8_lossy(arrival.body))?;
        }
        Ok(())
    }

    fn add_form(&mut self, text: &str) -> Result<(), StsError> {
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.0.push((form_decode(name)?, form_decode(value)?));
        }
        Ok(())
    }
}

fn form_decode(text: &str) -> Result<String, StsError> {
    let spaced = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| StsError::new(400, "InvalidParameter", "A parameter is not UTF-8 once it is decoded."))
}

/// Who signed what, as presented.
struct Signed {
    access_key_id: String,
    token: Option<Secret>,
    nonce: String,
    time: OffsetDateTime,
}

/// The action that a call names; empty when it names none.
pub fn action(arrival: &Arrival<'_>) -> String {
    let named = parameters(arrival).unwrap_or_default();
    header(arrival.parts, "x-acs-action").or(named.get("Action")).unwrap_or_default().to_owned()
}

/// Whether a call is to be answered in XML.
pub fn wants_xml(arrival: &Arrival<'_>) -> bool {
    asks_xml(arrival.parts, &parameters(arrival).unwrap_or_default(), header(arrival.parts, "authorization").is_none())
}

fn asks_xml(parts: &Parts, parameters: &Parameters, default: bool) -> bool {
    match parameters.get("Format") {
        Some(format) => format.eq_ignore_ascii_case("XML"),
        None => default && !header(parts, "accept").is_some_and(|accept| accept.contains("json")),
    }
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}

/// What query and form say.
fn parameters(arrival: &Arrival<'_>) -> Result<Parameters, StsError> {
    let mut parameters = Parameters::default();
    parameters.add_form(arrival.parts.uri.query().unwrap_or_default())?;
    parameters.add_body(arrival)?;
    Ok(parameters)
}

/// Serves one call.
///
/// # Errors
/// [`StsError`] as STS words it.
pub fn serve(sts: &Sts, arrival: &Arrival<'_>, trail: &mut Trail) -> Result<Reply, StsError> {
    let Arrival { parts, body, now, .. } = *arrival;
    let authorization = header(parts, "authorization").and_then(acs3::Authorization::parse);
    let mut parameters = Parameters::default();
    // RPC's default format is XML, ACS3's is JSON; known before anything can go wrong.
    trail.wants_xml = authorization.is_none();
    parameters.add_form(parts.uri.query().unwrap_or_default())?;
    let query = parameters.0.clone();
    parameters.add_body(arrival)?;
    trail.wants_xml = asks_xml(parts, &parameters, authorization.is_none());
    let action = header(parts, "x-acs-action").or(parameters.get("Action")).unwrap_or_default().to_owned();
    trail.action.clone_from(&action);
    let version = header(parts, "x-acs-version").or(parameters.get("Version")).unwrap_or_default();
    if version != sts::VERSION {
        return Err(StsError::new(400, "InvalidVersion", "Specified parameter Version is not valid."));
    }
    let signed = match &authorization {
        Some(authorization) => acs3_claims(authorization, parts, body)?,
        None => rpc_claims(&parameters)?,
    };
    trail.principal.access_key_id = mask(&signed.access_key_id);
    if (now - signed.time).whole_seconds().abs() > MAX_SKEW_SECONDS {
        trail.signature = SignatureOutcome::Refused { reason: "InvalidTimeStamp.Expired".to_owned() };
        return Err(StsError::new(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."));
    }
    let accounts = sts.world.accounts.snapshot();
    let caller = owner_of_key(&accounts, &sts.world.sealer, &signed)?;
    trail.principal = caller.principal(&accounts);
    let secret = caller.secret().ok_or_else(unknown_key)?;
    verify(authorization.as_ref(), parts, body, (&query, &parameters), secret, trail)?;
    if let Caller::Session(session) = &caller
        && session.expiration <= now
    {
        return Err(StsError::new(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."));
    }
    let (action, throttle) = match action.as_str() {
        "AssumeRole" => (Action::AssumeRole, &sts.assume_role),
        "GetCallerIdentity" => (Action::GetCallerIdentity, &sts.get_caller_identity),
        _ => {
            let message = "Specified api is not found, please check your url and method.";
            return Err(StsError::new(404, "InvalidAction.NotFound", message));
        }
    };
    // Behind the signature, so that a stranger cannot use up the account's share.
    if !throttle.admits(now) {
        return Err(StsError::new(400, "Throttling.User", "Request was denied due to user flow control."));
    }
    if !sts.nonces.use_up(&signed.access_key_id, &signed.nonce, now) {
        return Err(StsError::new(400, "SignatureNonceUsed", "Specified signature nonce was used already."));
    }
    let asked = actions::Asked { accounts: &accounts, caller: &caller, parameters: &parameters, arrival };
    match action {
        Action::AssumeRole => asked.assume_role(&sts.world.sealer, trail),
        Action::GetCallerIdentity => Ok(asked.get_caller_identity()),
    }
}

enum Action {
    AssumeRole,
    GetCallerIdentity,
}

fn rpc_claims(parameters: &Parameters) -> Result<Signed, StsError> {
    parameters.need("Signature")?;
    if parameters.get("SignatureMethod").is_some_and(|method| method != "HMAC-SHA1") {
        let message = "Specified signature method is not supported; use HMAC-SHA1.";
        return Err(StsError::new(400, "InvalidSignatureMethod", message));
    }
    let text = parameters.need("Timestamp")?;
    let time = timefmt::parse_iso8601(text).ok_or_else(|| malformed_time("Timestamp"))?;
    Ok(Signed {
        access_key_id: parameters.need("AccessKeyId")?.to_owned(),
        token: parameters.get("SecurityToken").map(Secret::new),
        nonce: parameters.need("SignatureNonce")?.to_owned(),
        time,
    })
}

fn acs3_claims(authorization: &acs3::Authorization, parts: &Parts, body: &[u8]) -> Result<Signed, StsError> {
    let need = |name: &str| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).ok_or_else(|| {
            StsError::new(400, "MissingParameter", format!("The header {name} is mandatory for this action."))
        })
    };
    // What the signature covers must include what it protects against: another action, another time, another body.
    for name in ["x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"] {
        need(name)?;
        if !authorization.signed_headers.iter().any(|signed| signed == name) {
            return Err(StsError::new(400, "IncompleteSignature", format!("The header {name} is not signed.")));
        }
    }
    if need("x-acs-content-sha256")? != acs3::body_hash(body) {
        return Err(StsError::new(400, "InvalidContentSha256", "x-acs-content-sha256 is not the hash of the body."));
    }
    let token = parts.headers.get("x-acs-security-token").and_then(|value| value.to_str().ok());
    Ok(Signed {
        access_key_id: authorization.access_key_id.clone(),
        token: token.map(Secret::new),
        nonce: need("x-acs-signature-nonce")?.to_owned(),
        time: timefmt::parse_iso8601(need("x-acs-date")?).ok_or_else(|| malformed_time("x-acs-date"))?,
    })
}

fn malformed_time(name: &str) -> StsError {
    StsError::new(
        400,
        "InvalidTimeStamp.Format",
        format!("Specified time stamp or date value is not well formatted: {name}."),
    )
}

fn unknown_key() -> StsError {
    StsError::new(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
}

fn owner_of_key<'a>(accounts: &'a Accounts, sealer: &Sealer, signed: &Signed) -> Result<Caller<'a>, StsError> {
    match (&signed.token, accounts.key(&signed.access_key_id)) {
        (None, Some((_, key))) if !key.active => {
            Err(StsError::new(403, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."))
        }
        (None, Some(holder)) => Ok(Caller::of_key(holder)),
        (None, None) if signed.access_key_id.starts_with("STS.") => {
            Err(StsError::new(400, "MissingSecurityToken", "SecurityToken is mandatory for this action."))
        }
        (None, None) => Err(unknown_key()),
        (Some(_), Some(_)) => Err(invalid_token()),
        (Some(token), None) => match sealer.open(token) {
            Some(session) if session.access_key_id != signed.access_key_id => Err(invalid_token()),
            // A token ends with its role.
            Some(session) if accounts.role(&session.role_arn).is_none() => Err(unknown_key()),
            Some(session) => Ok(Caller::Session(Box::new(session))),
            None => Err(invalid_token()),
        },
    }
}

fn invalid_token() -> StsError {
    let message = "Specified SecurityToken is malformed, or does not belong to the access key.";
    StsError::new(400, "InvalidSecurityToken.Malformed", message)
}

fn verify(
    authorization: Option<&acs3::Authorization>,
    parts: &Parts,
    body: &[u8],
    (query, parameters): (&[(String, String)], &Parameters),
    secret: &Secret,
    trail: &mut Trail,
) -> Result<(), StsError> {
    let method = parts.method.as_str();
    let (scheme, right, text) = match authorization {
        None => {
            let right = rpc::verify(secret, method, &parameters.0);
            ("RPC 1.0", right, rpc::string_to_sign(method, &without_secrets(&parameters.0)))
        }
        Some(authorization) => {
            let request = acs3_request(parts, query);
            let hash = acs3::body_hash(body);
            let right = authorization.verify(&request, &hash, secret);
            let mut shown = request;
            shown.headers.retain(|(name, _)| name != "x-acs-security-token");
            ("ACS3", right, acs3::canonical_request(&shown, &authorization.signed_headers, &hash))
        }
    };
    let scheme = scheme.to_owned();
    if right {
        trail.signature = SignatureOutcome::Valid { scheme };
        return Ok(());
    }
    let message = format!("Specified signature is not matched with our calculation. server string to sign is:{text}");
    trail.signature = SignatureOutcome::Mismatch { scheme, string_to_sign: text, canonical_request: None };
    Err(StsError::new(400, "SignatureDoesNotMatch", message))
}

fn without_secrets(parameters: &[(String, String)]) -> Vec<(String, String)> {
    let shown = |name: &str, value: &str| if name == "SecurityToken" { "***".to_owned() } else { value.to_owned() };
    parameters.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect()
}

fn acs3_request(parts: &Parts, query: &[(String, String)]) -> Request {
    let headers = parts.headers.iter();
    Request {
        method: parts.method.to_string(),
        query: query.to_vec(),
        headers: headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        ..Request::default()
    }
}
