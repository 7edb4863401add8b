//! Who asks: the key, its token, its signature, its time (`oss-rest.md` §4).

use shared::decision::{Principal, SignatureOutcome};
use shared::error::{OssCode, OssError};
use shared::region::Region;
use shared::secret::mask;
use shared::sign::{Mismatch, Presented, Request, Scheme, presented};
use time::OffsetDateTime;

use crate::accounts::Accounts;
pub use crate::caller::Caller;
use crate::session::Sealer;

/// What was found out, also when the answer is no.
#[derive(Debug, Default)]
pub struct Findings {
    /// Who claims to ask.
    pub principal: Principal,
    /// What became of the signature.
    pub signature: SignatureOutcome,
}

/// The parts of the world that tell who somebody is.
#[derive(Debug, Clone, Copy)]
pub struct Authority<'a> {
    /// Users and roles.
    pub accounts: &'a Accounts,
    /// Opens tokens.
    pub sealer: &'a Sealer,
    /// The region that V4 signatures must name.
    pub region: &'a Region,
    /// Whether V1 signatures are refused, as to new accounts.
    pub refuse_v1: bool,
    /// The emulator's time.
    pub now: OffsetDateTime,
}

/// Proves who sent `request`; `findings` are filled in as far as it gets.
///
/// # Errors
/// [`OssError`] as OSS words it.
pub fn authenticate<'a>(
    authority: Authority<'a>,
    request: &Request,
    findings: &mut Findings,
) -> Result<Caller<'a>, OssError> {
    let verdict = prove(authority, request, findings);
    if let Err(error) = &verdict
        && matches!(findings.signature, SignatureOutcome::Absent)
    {
        findings.signature = SignatureOutcome::Refused { reason: error.code.to_string() };
    }
    verdict
}

fn prove<'a>(authority: Authority<'a>, request: &Request, findings: &mut Findings) -> Result<Caller<'a>, OssError> {
    let Some(presented) = presented(request)? else {
        findings.principal.kind = "anonymous".to_owned();
        return Ok(Caller::Anonymous);
    };
    findings.principal.access_key_id = mask(&presented.access_key_id);
    if authority.refuse_v1 && presented.scheme == Scheme::V1 {
        // From 2025 on, for new accounts and buckets (`oss-rest.md` §1.8).
        let message = "Signature version 1 is not available to this account. Sign with version 4.";
        return Err(OssError::new(OssCode::AccessDenied, message).ec("0002-00000080"));
    }
    presented.check_time(authority.now, authority.region.as_str())?;
    let caller = owner_of_key(authority, &presented)?;
    findings.principal = caller.principal(authority.accounts);
    let Some(secret) = caller.secret() else {
        return Ok(caller);
    };
    let scheme = described(&presented);
    if let Err(mismatch) = presented.verify(request, secret) {
        let error = signature_error(&presented, &mismatch);
        findings.signature = SignatureOutcome::Mismatch {
            scheme,
            string_to_sign: masked(&presented, &mismatch.string_to_sign),
            canonical_request: mismatch.canonical_request.map(|text| masked(&presented, &text)),
        };
        return Err(error);
    }
    findings.signature = SignatureOutcome::Valid { scheme };
    match &caller {
        Caller::Session(session) if session.expiration <= authority.now => {
            Err(OssError::new(OssCode::SecurityTokenExpired, "The security token you provided has expired.")
                .ec("0002-00000007"))
        }
        _ => Ok(caller),
    }
}

fn owner_of_key<'a>(authority: Authority<'a>, presented: &Presented) -> Result<Caller<'a>, OssError> {
    let invalid = |message, ec| {
        OssError::new(OssCode::InvalidAccessKeyId, message).ec(ec).detail("OSSAccessKeyId", &presented.access_key_id)
    };
    let unknown = |ec| invalid("The OSS Access Key Id you provided does not exist in our records.", ec);
    match (&presented.security_token, authority.accounts.key(&presented.access_key_id)) {
        (None, Some((_, key))) if !key.active => {
            Err(invalid("The OSS Access Key Id you provided is disabled.", "0002-00000902"))
        }
        (None, Some(holder)) => Ok(Caller::of_key(holder)),
        (None, None) if presented.access_key_id.starts_with("STS.") => Err(unknown("0002-00000003")),
        (None, None) => Err(unknown("0002-00000902")),
        (Some(_), Some(_)) => Err(unknown("0002-00000002")),
        (Some(token), None) => {
            let session = authority.sealer.open(token).ok_or_else(|| {
                OssError::new(OssCode::InvalidSecurityToken, "The security token you provided is invalid.")
                    .ec("0002-00000006")
            })?;
            if session.access_key_id != presented.access_key_id {
                let message = "The OSS access key id and security token you provided does not match.";
                return Err(OssError::new(OssCode::AccessKeyIdAndSecurityTokenNotMatch, message).ec("0002-00000004"));
            }
            if authority.accounts.role(&session.role_arn).is_none() {
                return Err(unknown("0002-00000002"));
            }
            Ok(Caller::Session(Box::new(session)))
        }
    }
}

fn described(presented: &Presented) -> String {
    format!("{:?} {}", presented.scheme, format!("{:?}", presented.place).to_ascii_lowercase())
}

fn signature_error(presented: &Presented, mismatch: &Mismatch) -> OssError {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ");
    let message = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
    let mut error = OssError::new(OssCode::SignatureDoesNotMatch, message)
        .ec("0002-00000040")
        .detail("OSSAccessKeyId", &presented.access_key_id)
        .detail("SignatureProvided", &mismatch.signature_provided)
        .detail("StringToSign", masked(presented, &mismatch.string_to_sign))
        .detail("StringToSignBytes", hex(&masked(presented, &mismatch.string_to_sign)));
    if let (Scheme::V4, Some(canonical)) = (presented.scheme, &mismatch.canonical_request) {
        let canonical = masked(presented, canonical);
        error = error.detail("CanonicalRequest", canonical.clone()).detail("CanonicalRequestBytes", hex(&canonical));
    }
    error
}

/// A string to sign holds the token, which is a secret; a body that is logged somewhere must not.
fn masked(presented: &Presented, text: &str) -> String {
    match &presented.security_token {
        Some(token) => text.replace(token.expose(), "***").replace(&shared::sign::encode(token.expose()), "***"),
        None => text.to_owned(),
    }
}
