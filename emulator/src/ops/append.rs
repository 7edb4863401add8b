//! AppendObject: bytes put behind those that an object has (`oss-rest.md` §2.2).

use axum::body::Body;
use axum::http::{Response, StatusCode};
use shared::crc64;
use shared::error::{OssCode, OssError};

use super::merge::merge;
use super::receive::receive;
use super::write::{left_over, record_of, refused, tell_outcome};
use super::{Failure, attributes};
use crate::operation::invalid_argument;
use crate::oss::{Call, Intake};
use crate::reply;
use crate::store::{Blob, Found, ObjectRecord, ObjectType, Segment, Store, run, to_ms};

/// The most bytes of an appendable object.
const MAX_BYTES: u64 = 5 << 30;

/// `POST /bucket/key?append&position=N`.
pub async fn append(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let position = position(call)?;
    let attributes = attributes::read(call.request, &*call.bucket_record()?);
    let store = &call.world.store;
    // Looked at before a byte is received, and again when the bytes are here: somebody else may append meanwhile.
    let place = (call.bucket().to_owned(), call.key().to_owned());
    let found = run(store, move |store| store.index.find(&place.0, &place.1, None)).await?;
    check(if let Found::Object(record) = &found { Some(record) } else { None }, position, 0)?;
    // What the headers say counts when the object begins; later on OSS does not even look at them.
    if let (Err(error), false) = (&attributes, matches!(found, Found::Object(_))) {
        return Err(error.clone().into());
    }
    let (place, now_ms) = ((call.bucket().to_owned(), call.key().to_owned()), to_ms(call.now));
    let append = move |store: &Store, blob: Blob| {
        let appended = store.index.rewrite_object((&place.0, &place.1), |current| {
            check(current, position, blob.size)?;
            Ok::<_, Failure>(match current {
                Some(current) => grown(current, &blob, now_ms),
                None => begun(record_of(&blob, attributes?, now_ms), &blob),
            })
        });
        Ok(match appended {
            Ok(Ok((record, mut written))) => {
                let orphans = std::mem::take(&mut written.orphans);
                (Ok((record, written)), orphans)
            }
            Ok(Err(failure)) => (Err(failure), vec![blob.id]),
            Err(error) => {
                let orphans = left_over(store, vec![blob.id], &error);
                (Err(refused(error, &place.0, &place.1)), orphans)
            }
        })
    };
    let (record, written) = receive(store, call.request, body, append).await??;
    merge(call, &record).await;
    let mut response = reply::empty(StatusCode::OK);
    reply::set_etag(&mut response, &record.etag);
    reply::set_crc64(&mut response, record.crc64);
    reply::set_named(&mut response, "x-oss-next-append-position", &record.size.to_string());
    tell_outcome(&mut response, written.version_id.as_deref(), record.attributes.encryption.as_deref());
    Ok(response)
}

fn position(call: &Call<'_>) -> Result<u64, OssError> {
    let text = call.request.param("position").ok_or_else(|| {
        OssError::new(OssCode::MissingArgument, "The argument position is required.").ec("0016-00000501")
    })?;
    text.parse().map_err(|_| invalid_argument("position", text))
}

/// Whether `more` bytes may come at `position`.
fn check(current: Option<&ObjectRecord>, position: u64, more: u64) -> Result<(), Failure> {
    let length = match current {
        Some(record) if record.object_type != ObjectType::Appendable => {
            let message = "The object is not appendable";
            return Err(OssError::new(OssCode::ObjectNotAppendable, message).into());
        }
        current => current.map_or(0, |record| record.size),
    };
    if position != length {
        let message = "Position is not equal to file length";
        let error = OssError::new(OssCode::PositionNotEqualToLength, message).ec("0026-00000016");
        return Err(Failure::from(error).header("x-oss-next-append-position", length));
    }
    if position.saturating_add(more) > MAX_BYTES || position == MAX_BYTES {
        let message = "Your proposed upload exceeds the maximum allowed object size.";
        return Err(OssError::new(OssCode::EntityTooLarge, message).into());
    }
    Ok(())
}

fn begun(mut record: ObjectRecord, blob: &Blob) -> ObjectRecord {
    record.object_type = ObjectType::Appendable;
    record.etag = etag(blob.crc64, blob.size);
    record
}

fn grown(current: &ObjectRecord, blob: &Blob, now_ms: i64) -> ObjectRecord {
    let mut record = current.clone();
    record.crc64 = crc64::combine(record.crc64, blob.crc64, blob.size);
    record.size += blob.size;
    record.etag = etag(record.crc64, record.size);
    record.modified_ms = now_ms;
    record.segments.push(Segment { blob: blob.id.clone(), size: blob.size });
    record
}

/// No MD5, which would need all bytes again: 32 hex digits that change with them.
fn etag(crc64: u64, size: u64) -> String {
    format!("{crc64:016X}{size:016X}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample_object;

    #[test]
    fn an_object_grows_to_its_limit_and_no_further() {
        for (size, more, fits) in [
            (0, 0, true),
            (0, MAX_BYTES, true),
            (MAX_BYTES - 1, 0, true),
            (MAX_BYTES - 1, 1, true),
            (MAX_BYTES - 1, 2, false),
            (MAX_BYTES, 0, false),
        ] {
            let object = ObjectRecord { size, object_type: ObjectType::Appendable, ..sample_object() };
            assert_eq!(check(Some(&object), size, more).is_ok(), fits, "{more} bytes behind {size}");
        }
    }
}
