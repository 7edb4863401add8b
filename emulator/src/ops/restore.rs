//! Archived objects: not readable until they have been asked back, and again not when their time is over.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use shared::error::{OssCode, OssError, elements};
use shared::timefmt;
use time::{Duration, OffsetDateTime};

use super::{Failure, acl, read};
use crate::operation::invalid_argument;
use crate::oss::{Call, Intake};
use crate::reply;
use crate::settings::storage_class::StorageClass;
use crate::store::{ObjectRecord, from_ms, to_ms};

/// How long it takes until an object is back. A minute to days on OSS; here as long as it takes to observe it.
const DELAY: Duration = Duration::seconds(2);
const MAX_BODY: usize = 16 * 1024;

/// Where an archived object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It was never archived.
    Readable,
    /// Nobody has asked for it.
    Frozen,
    /// It has been asked for.
    Ongoing,
    /// It can be read until then.
    Restored(OffsetDateTime),
}

fn stage(record: &ObjectRecord, now: OffsetDateTime) -> Stage {
    use StorageClass as C;
    match (record.attributes.storage_class, record.restore) {
        (C::Standard | C::InfrequentAccess, _) => Stage::Readable,
        (_, None) => Stage::Frozen,
        (_, Some((asked_ms, days))) => {
            let back = from_ms(asked_ms) + DELAY;
            let until = back + Duration::days(i64::from(days));
            match now {
                now if now < back => Stage::Ongoing,
                now if now < until => Stage::Restored(until),
                _ => Stage::Frozen,
            }
        }
    }
}

/// The value of `x-oss-restore`, for an object that was asked back.
pub fn told(record: &ObjectRecord, now: OffsetDateTime) -> Option<String> {
    match stage(record, now) {
        Stage::Readable | Stage::Frozen => None,
        Stage::Ongoing => Some("ongoing-request=\"true\"".to_owned()),
        Stage::Restored(until) => {
            Some(format!("ongoing-request=\"false\", expiry-date=\"{}\"", timefmt::http_date(until)))
        }
    }
}

/// Refuses to read the bytes of an object that is archived and not back.
///
/// # Errors
/// 403 `InvalidObjectState`.
pub fn check_readable(record: &ObjectRecord, now: OffsetDateTime) -> Result<(), OssError> {
    match stage(record, now) {
        Stage::Readable | Stage::Restored(_) => Ok(()),
        Stage::Frozen | Stage::Ongoing => {
            let message = "The operation is not valid for the object's state";
            Err(OssError::new(OssCode::InvalidObjectState, message))
        }
    }
}

/// `POST /bucket/key?restore`: 202 the first time, 409 until it is back, then 200.
pub async fn restore(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let body = body.collect(MAX_BODY).await?;
    let held = read::hold(call, (call.bucket(), call.key()), call.version()).await?;
    let Asked { days, tier } = asked(&String::from_utf8_lossy(&body), held.record.attributes.storage_class)?;
    let status = match stage(&held.record, call.now) {
        Stage::Readable => {
            let message = "The operation is not supported for this resource";
            return Err(OssError::new(OssCode::OperationNotSupported, message).ec("0016-00000702").into());
        }
        Stage::Ongoing => {
            let message = "The restore operation is in progress.";
            return Err(OssError::new(OssCode::RestoreAlreadyInProgress, message).into());
        }
        Stage::Frozen => StatusCode::ACCEPTED,
        Stage::Restored(_) => StatusCode::OK,
    };
    let now_ms = to_ms(call.now);
    let version = acl::change(call, move |record| {
        record.restore = Some(match (status, record.restore) {
            // Asked for again: it stays readable, from now on for so many days.
            (StatusCode::OK, Some(_)) => (now_ms - to_ms(OffsetDateTime::UNIX_EPOCH + DELAY), days),
            _ => (now_ms, days),
        });
    })
    .await?;
    let mut response = reply::empty(status);
    if let Some(tier) = tier {
        reply::set_named(&mut response, "x-oss-object-restore-priority", tier);
    }
    acl::tell_version(call, &mut response, version.as_deref())?;
    Ok(response)
}

/// What a restore asks for.
pub(super) struct Asked {
    days: u32,
    /// Of the deep archives alone. It changes the price and, on OSS, the delay.
    tier: Option<&'static str>,
}

/// `<RestoreRequest><Days>N</Days>…`; one day, in the standard tier, without a body.
pub(super) fn asked(body: &str, class: StorageClass) -> Result<Asked, OssError> {
    let malformed = || {
        let message = "The XML you provided was not well-formed or did not validate against our published schema.";
        OssError::new(OssCode::MalformedXML, message)
    };
    let deep = matches!(class, StorageClass::ColdArchive | StorageClass::DeepColdArchive);
    let mut tier = deep.then_some("Standard");
    if body.trim().is_empty() {
        return Ok(Asked { days: 1, tier });
    }
    let mut days = None;
    for (path, value) in elements(body) {
        match path.as_str() {
            "RestoreRequest/Days" => days = value.trim().parse().ok().filter(|days| (1..=365).contains(days)),
            "RestoreRequest/JobParameters/Tier" if deep => {
                let known = ["Expedited", "Standard", "Bulk"].into_iter().find(|known| *known == value);
                tier = Some(known.ok_or_else(|| invalid_argument("Tier", &value))?);
            }
            "RestoreRequest" => {}
            _ => return Err(malformed()),
        }
    }
    if !body.contains("RestoreRequest") {
        return Err(malformed());
    }
    let days = days.or_else(|| (!body.contains("Days")).then_some(1)).ok_or_else(malformed)?;
    Ok(Asked { days, tier })
}
