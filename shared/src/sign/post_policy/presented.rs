//! The signature of an upload form: read from its fields, its time checked, recomputed (`oss-rest.md` §1.7).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::{Duration, OffsetDateTime};

use super::fields::FormFields;
use crate::error::{OssCode, OssError};
use crate::secret::Secret;
use crate::sign::v4::{self, Scope};
use crate::sign::{MAX_PRESIGN_SECONDS, MAX_SKEW_SECONDS, Mismatch, Scheme};
use crate::timefmt;

/// The finer code of a form's `SignatureDoesNotMatch` (DOC:0002-00000705).
pub const MISMATCH_EC: &str = "0002-00000705";

/// Fields that speak of a signature. A form with none of them is anonymous; one with some must have all of its version.
const CREDENTIALS: [&str; 9] = [
    "OSSAccessKeyId",
    "Signature",
    "policy",
    "x-oss-signature-version",
    "x-oss-access-key-id",
    "x-oss-credential",
    "x-oss-date",
    "x-oss-signature",
    "x-oss-security-token",
];

/// Why the signature of a form cannot count, before its bytes are even compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormAuthError {
    /// A field of the signature is absent; with the finer code, where there is one.
    #[error(
        "The bucket POST must contain the specified '{0}'. If it is specified, please check the order of the fields."
    )]
    Missing(&'static str, Option<&'static str>),
    /// The signature is empty.
    #[error("The form field '{0}' is empty.")]
    EmptySignature(&'static str),
    /// A version that OSS does not know.
    #[error("The signature version in the form is invalid.")]
    Version(String),
    /// The credential is not `<id>/<yyyymmdd>/<region>/oss/aliyun_v4_request`.
    #[error("The credential in the form is invalid.")]
    Credential(String),
    /// The time of signing is no time, not the credential's day, more than 15 minutes ahead, or more than 7 days old;
    /// with the field.
    #[error("The signing date in credential is invalid.")]
    Date(&'static str, String),
    /// The credential names another region.
    #[error("The signing region in credential is invalid.")]
    Region(String),
}

impl From<FormAuthError> for OssError {
    fn from(error: FormAuthError) -> Self {
        use FormAuthError as E;
        let plain = Self::new(OssCode::InvalidArgument, error.to_string());
        let (ec, name, value) = match error {
            E::Missing(name, ec) => (ec, name, String::new()),
            E::EmptySignature(name) => (Some("0002-00000704"), name, String::new()),
            E::Version(value) => (Some("0002-00000701"), "x-oss-signature-version", value),
            E::Credential(value) => (Some("0002-00000710"), "x-oss-credential", value),
            E::Date(name, value) => (Some("0002-00000709"), name, value),
            E::Region(value) => (Some("0002-00000715"), "x-oss-credential", value),
        };
        let mut out = plain.detail("ArgumentName", name).detail("ArgumentValue", value);
        out.ec = ec.map(str::to_owned);
        out
    }
}

/// The signature of a form as presented: not yet believed.
#[derive(Debug, Clone)]
pub struct PresentedForm {
    /// The algorithm.
    pub scheme: Scheme,
    /// Who claims to sign.
    pub access_key_id: String,
    /// The session token that came with it.
    pub security_token: Option<Secret>,
    policy: Secret,
    signature: String,
    /// V4 only.
    bound: Option<Bound>,
}

/// What a V4 signature is bound to.
#[derive(Debug, Clone)]
struct Bound {
    credential: String,
    scope: Scope,
    signed: OffsetDateTime,
    date: String,
}

impl PresentedForm {
    /// Reads the signature of a form; `None` when it presents none.
    ///
    /// # Errors
    /// [`FormAuthError`] when there is one that cannot be read. A signed form must have a policy.
    pub fn read(fields: &FormFields) -> Result<Option<Self>, FormAuthError> {
        if CREDENTIALS.iter().all(|name| fields.get(name).is_none()) {
            return Ok(None);
        }
        let presented = match fields.get("x-oss-signature-version") {
            Some(v4::ALGORITHM) => v4_form(fields)?,
            Some("OSS2") => keyed_form(fields, Scheme::V2, "x-oss-access-key-id", "x-oss-signature")?,
            Some(other) => return Err(FormAuthError::Version(other.to_owned())),
            None => keyed_form(fields, Scheme::V1, "OSSAccessKeyId", "Signature")?,
        };
        Ok(Some(presented))
    }

    /// The form field `policy`, still base64: what was signed, and what `PostPolicy::parse` reads.
    pub fn policy(&self) -> &str {
        self.policy.expose()
    }

    /// Checks time and region of a V4 form at `now`. V1 and V2 forms live as long as their policy.
    ///
    /// # Errors
    /// [`FormAuthError`] that names what is out of bounds.
    pub fn check_time(&self, now: OffsetDateTime, region: &str) -> Result<(), FormAuthError> {
        let Some(bound) = &self.bound else {
            return Ok(());
        };
        if bound.scope.region != region {
            return Err(FormAuthError::Region(bound.credential.clone()));
        }
        if !bound.date.starts_with(&bound.scope.date) {
            return Err(FormAuthError::Date("x-oss-credential", bound.credential.clone()));
        }
        let age = now - bound.signed;
        if age < Duration::seconds(-MAX_SKEW_SECONDS) || age > Duration::seconds(MAX_PRESIGN_SECONDS) {
            return Err(FormAuthError::Date("x-oss-date", bound.date.clone()));
        }
        Ok(())
    }

    /// Recomputes the signature with `secret` and compares in constant time.
    ///
    /// # Errors
    /// [`Mismatch`] with the policy as the text that this side signed; a token inside it is masked.
    pub fn verify(&self, secret: &Secret) -> Result<(), Mismatch> {
        let (policy, signature) = (self.policy(), self.signature.as_str());
        let genuine = match (self.scheme, &self.bound) {
            (Scheme::V4, Some(bound)) => super::verify_v4(secret, &bound.scope, policy, signature),
            (Scheme::V2, _) => super::verify_v2(secret, policy, signature),
            _ => super::verify_v1(secret, policy, signature),
        };
        if genuine {
            return Ok(());
        }
        Err(Mismatch {
            signature_provided: self.signature.clone(),
            string_to_sign: self.shown_policy(),
            canonical_request: None,
        })
    }

    /// The policy for those who debug. Base64 hides a token from whoever looks for one to mask, so it is masked here.
    fn shown_policy(&self) -> String {
        let text = STANDARD.decode(self.policy()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match (&self.security_token, text) {
            (Some(token), Some(text)) if text.contains(token.expose()) => {
                STANDARD.encode(text.replace(token.expose(), "***"))
            }
            _ => self.policy().to_owned(),
        }
    }
}

/// V1 and V2 name the key and the signature in plain fields.
fn keyed_form(
    fields: &FormFields,
    scheme: Scheme,
    id: &'static str,
    signature: &'static str,
) -> Result<PresentedForm, FormAuthError> {
    let access_key_id = fields.filled(id).ok_or(FormAuthError::Missing(id, None))?;
    form(fields, scheme, access_key_id, signature, None)
}

fn v4_form(fields: &FormFields) -> Result<PresentedForm, FormAuthError> {
    let field = |name| fields.filled(name).ok_or(FormAuthError::Missing(name, None));
    let credential = field("x-oss-credential")?;
    let date = field("x-oss-date")?;
    let malformed = || FormAuthError::Credential(credential.to_owned());
    let (id, scope) = credential.split_once('/').ok_or_else(malformed)?;
    let scope = Scope::parse(scope).filter(|scope| scope.product == "oss" && !id.is_empty()).ok_or_else(malformed)?;
    if scope.date.len() != 8 || !scope.date.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FormAuthError::Date("x-oss-credential", credential.to_owned()));
    }
    let signed = timefmt::parse_iso_basic(date).ok_or_else(|| FormAuthError::Date("x-oss-date", date.to_owned()))?;
    let bound = Bound { credential: credential.to_owned(), scope, signed, date: date.to_owned() };
    form(fields, Scheme::V4, id, "x-oss-signature", Some(bound))
}

fn form(
    fields: &FormFields,
    scheme: Scheme,
    access_key_id: &str,
    signature: &'static str,
    bound: Option<Bound>,
) -> Result<PresentedForm, FormAuthError> {
    let policy = fields.get("policy").ok_or(FormAuthError::Missing("policy", Some("0002-00000702")))?;
    let value = fields.get(signature).ok_or(FormAuthError::Missing(signature, Some("0002-00000703")))?;
    if value.is_empty() {
        return Err(FormAuthError::EmptySignature(signature));
    }
    Ok(PresentedForm {
        scheme,
        access_key_id: access_key_id.to_owned(),
        security_token: fields.filled("x-oss-security-token").map(Secret::new),
        policy: Secret::new(policy),
        signature: value.to_owned(),
        bound,
    })
}
