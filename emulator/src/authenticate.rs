//! Who asks: the key, its token, its signature, its time (`oss-rest.md` §4).

use shared::decision::{Principal, SignatureOutcome};
use shared::error::{OssCode, OssError};
use shared::region::Region;
use shared::secret::{Secret, mask};
use shared::sign::post_policy::{FormFields, MISMATCH_EC, PresentedForm};
use shared::sign::{Mismatch, Place, Request, Scheme, presented};
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
    note_refusal(&verdict, findings);
    verdict
}

/// As [`authenticate`], by the fields of an upload form; with the policy that was signed, base64, unless nobody signed.
///
/// # Errors
/// [`OssError`] as OSS words it.
pub fn authenticate_form<'a>(
    authority: Authority<'a>,
    fields: &FormFields,
    findings: &mut Findings,
) -> Result<(Caller<'a>, Option<String>), OssError> {
    let verdict = prove_form(authority, fields, findings);
    note_refusal(&verdict, findings);
    verdict
}

fn note_refusal<T>(verdict: &Result<T, OssError>, findings: &mut Findings) {
    if let Err(error) = verdict
        && matches!(findings.signature, SignatureOutcome::Absent)
    {
        findings.signature = SignatureOutcome::Refused { reason: error.code.to_string() };
    }
}

fn prove_form<'a>(
    authority: Authority<'a>,
    fields: &FormFields,
    findings: &mut Findings,
) -> Result<(Caller<'a>, Option<String>), OssError> {
    let Some(presented) = PresentedForm::read(fields)? else {
        findings.principal.kind = "anonymous".to_owned();
        return Ok((Caller::Anonymous, None));
    };
    let claim = Claim {
        scheme: presented.scheme,
        place: "form",
        access_key_id: &presented.access_key_id,
        token: presented.security_token.as_ref(),
        mismatch_ec: MISMATCH_EC,
    };
    let caller =
        claim.owner(authority, findings, || Ok(presented.check_time(authority.now, authority.region.as_str())?))?;
    claim.believe(authority, &caller, findings, |secret| presented.verify(secret))?;
    Ok((caller, Some(presented.policy().to_owned())))
}

fn prove<'a>(authority: Authority<'a>, request: &Request, findings: &mut Findings) -> Result<Caller<'a>, OssError> {
    let Some(presented) = presented(request)? else {
        findings.principal.kind = "anonymous".to_owned();
        return Ok(Caller::Anonymous);
    };
    let claim = Claim {
        scheme: presented.scheme,
        place: if presented.place == Place::Url { "url" } else { "header" },
        access_key_id: &presented.access_key_id,
        token: presented.security_token.as_ref(),
        mismatch_ec: "0002-00000040",
    };
    let caller =
        claim.owner(authority, findings, || Ok(presented.check_time(authority.now, authority.region.as_str())?))?;
    claim.believe(authority, &caller, findings, |secret| presented.verify(request, secret))?;
    Ok(caller)
}

/// Who somebody claims to be, by whatever way it was presented.
struct Claim<'c> {
    scheme: Scheme,
    place: &'static str,
    access_key_id: &'c str,
    token: Option<&'c Secret>,
    mismatch_ec: &'static str,
}

impl Claim<'_> {
    /// The owner of the key, once the signature's time is right.
    fn owner<'a>(
        &self,
        authority: Authority<'a>,
        findings: &mut Findings,
        check_time: impl FnOnce() -> Result<(), OssError>,
    ) -> Result<Caller<'a>, OssError> {
        findings.principal.access_key_id = mask(self.access_key_id);
        if authority.refuse_v1 && self.scheme == Scheme::V1 {
            // From 2025 on, for new accounts and buckets (`oss-rest.md` §1.8).
            let message = "Signature version 1 is not available to this account. Sign with version 4.";
            return Err(OssError::new(OssCode::AccessDenied, message).ec("0002-00000080"));
        }
        check_time()?;
        let caller = self.owner_of_key(authority)?;
        findings.principal = caller.principal(authority.accounts);
        Ok(caller)
    }

    /// The signature is the key's, and the token has not ended.
    fn believe(
        &self,
        authority: Authority<'_>,
        caller: &Caller<'_>,
        findings: &mut Findings,
        verify: impl FnOnce(&Secret) -> Result<(), Mismatch>,
    ) -> Result<(), OssError> {
        let Some(secret) = caller.secret() else {
            return Ok(());
        };
        let scheme = format!("{:?} {}", self.scheme, self.place);
        if let Err(mismatch) = verify(secret) {
            let error = self.signature_error(&mismatch);
            findings.signature = SignatureOutcome::Mismatch {
                scheme,
                string_to_sign: self.masked(&mismatch.string_to_sign),
                canonical_request: mismatch.canonical_request.map(|text| self.masked(&text)),
            };
            return Err(error);
        }
        findings.signature = SignatureOutcome::Valid { scheme };
        match caller {
            Caller::Session(session) if session.expiration <= authority.now => {
                Err(OssError::new(OssCode::SecurityTokenExpired, "The security token you provided has expired.")
                    .ec("0002-00000007"))
            }
            _ => Ok(()),
        }
    }

    fn owner_of_key<'a>(&self, authority: Authority<'a>) -> Result<Caller<'a>, OssError> {
        let invalid = |message, ec| {
            OssError::new(OssCode::InvalidAccessKeyId, message).ec(ec).detail("OSSAccessKeyId", self.access_key_id)
        };
        let unknown = |ec| invalid("The OSS Access Key Id you provided does not exist in our records.", ec);
        match (self.token, authority.accounts.key(self.access_key_id)) {
            (None, Some((_, key))) if !key.active => {
                Err(invalid("The OSS Access Key Id you provided is disabled.", "0002-00000902"))
            }
            (None, Some(holder)) => Ok(Caller::of_key(holder)),
            (None, None) if self.access_key_id.starts_with("STS.") => Err(unknown("0002-00000003")),
            (None, None) => Err(unknown("0002-00000902")),
            (Some(_), Some(_)) => Err(unknown("0002-00000002")),
            (Some(token), None) => {
                let session = authority.sealer.open(token).ok_or_else(|| {
                    OssError::new(OssCode::InvalidSecurityToken, "The security token you provided is invalid.")
                        .ec("0002-00000006")
                })?;
                if session.access_key_id != self.access_key_id {
                    let message = "The OSS access key id and security token you provided does not match";
                    let code = OssCode::AccessKeyIdAndSecurityTokenNotMatch;
                    return Err(OssError::new(code, message).ec("0002-00000004"));
                }
                if authority.accounts.role(&session.role_arn).is_none() {
                    return Err(unknown("0002-00000002"));
                }
                Ok(Caller::Session(Box::new(session)))
            }
        }
    }

    fn signature_error(&self, mismatch: &Mismatch) -> OssError {
        let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ");
        let message = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
        let text = self.masked(&mismatch.string_to_sign);
        let mut error = OssError::new(OssCode::SignatureDoesNotMatch, message)
            .ec(self.mismatch_ec)
            .detail("OSSAccessKeyId", self.access_key_id)
            .detail("SignatureProvided", &mismatch.signature_provided)
            .detail("StringToSign", text.clone())
            .detail("StringToSignBytes", hex(&text));
        if let (Scheme::V4, Some(canonical)) = (self.scheme, &mismatch.canonical_request) {
            let canonical = self.masked(canonical);
            error =
                error.detail("CanonicalRequest", canonical.clone()).detail("CanonicalRequestBytes", hex(&canonical));
        }
        error
    }

    /// A string to sign holds the token, which is a secret; a body that is logged somewhere must not.
    fn masked(&self, text: &str) -> String {
        match self.token {
            Some(token) => text.replace(token.expose(), "***").replace(&shared::sign::encode(token.expose()), "***"),
            None => text.to_owned(),
        }
    }
}
