//! What callers without an SDK are given: URLs and forms that carry their own signature, ready-made callbacks, and signatures.
//! A URL or a form is signed with the caller's own token, so it can do no more than the token; what would be refused by the
//! token's policy is refused here, where the reason can be told.

pub mod callback;
pub mod post_policy;
pub mod presign;
pub mod self_sign;

use shared::bucket::BucketName;
use shared::ram::{Context, Outcome, PolicyDocument, PolicyKind, Request, evaluate_layer};
use shared::region::{Endpoint, Region};
use shared::token::GrantPlace;

use crate::grant::Planned;
use crate::refusal::Refusal;

/// Where the bucket is, as a signature needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: BucketName,
    /// The region of V4 signatures.
    pub region: Region,
    /// Where OSS listens.
    pub endpoint: Endpoint,
}

impl Place {
    /// The place of a grant.
    ///
    /// # Errors
    /// [`Refusal`] 501 when the configuration does not say.
    pub fn of(place: &GrantPlace) -> Result<Self, Refusal> {
        let read = || {
            Some(Self {
                bucket: BucketName::parse(place.bucket.as_deref()?).ok()?,
                region: Region::parse(place.region.as_deref()?).ok()?,
                endpoint: Endpoint::parse(place.endpoint.as_deref()?).ok()?,
            })
        };
        read().ok_or_else(|| {
            Refusal::new(
                axum::http::StatusCode::NOT_IMPLEMENTED,
                "PlaceUnknown",
                "the server does not know where its bucket is: its configuration needs Bucket and Region",
            )
        })
    }
}

/// Whether the caller's grant lets it do `action` to `object`: within its prefix, and allowed by its session policy.
///
/// # Errors
/// [`Refusal`] 403 with the reason.
pub fn may(planned: &Planned, action: &str, bucket: &BucketName, object: &str) -> Result<(), Refusal> {
    if let Some(prefix) = planned.prefix.as_ref().filter(|prefix| !prefix.covers(object)) {
        return Err(Refusal::forbidden(
            "ObjectOutsidePrefix",
            format!("the object must lie below {prefix:?}", prefix = prefix.as_str()),
        ));
    }
    let Some(policy) = &planned.ask.policy else { return Ok(()) };
    let account = planned.ask.role_arn.split(':').nth(3).unwrap_or_default();
    let request = Request {
        action: action.to_owned(),
        resource: format!("acs:oss:*:{account}:{bucket}/{object}"),
        principals: Vec::new(),
        context: Context::new(),
    };
    let allowed = PolicyDocument::parse(policy, PolicyKind::Session)
        .is_ok_and(|policy| evaluate_layer(&[&policy], &request).effect == Outcome::Allow);
    if allowed {
        return Ok(());
    }
    let message = format!("the grant {:?} does not allow {action} on this object", planned.grant);
    Err(Refusal::forbidden("ActionNotGranted", message))
}
