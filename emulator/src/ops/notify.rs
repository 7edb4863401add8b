//! The callback that an upload asks for: read before the upload, made once the object is stored, its answer passed on.

use std::io::Read;

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use shared::error::OssError;

use super::Failure;
use crate::authenticate::Caller;
use crate::callback::{Facts, ImageInfo, Plan};
use crate::img;
use crate::oss::Call;
use crate::reply;
use crate::store::{ObjectRecord, ObjectType, Store, run};

/// What is read of an object to tell its size in pixels: heads with large previews fit.
const HEAD: u64 = 4 << 20;

/// Makes the callback, if one was planned, for the object stored as `record`; its answer takes the place of `response`'s body.
///
/// # Errors
/// 203 `CallbackFailed`; the object stays.
pub async fn finish(
    call: &Call<'_>,
    plan: Option<&Plan>,
    (operation, key): (&str, &str),
    record: &ObjectRecord,
    response: Response<Body>,
) -> Result<Response<Body>, Failure> {
    let Some(plan) = plan else {
        return Ok(response);
    };
    let answer = send(call, plan, (operation, key), record).await.map_err(|mut failure| {
        // The upload has succeeded, and the client is told of what.
        for name in ["etag", "x-oss-hash-crc64ecma", "content-md5", "x-oss-version-id"] {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            failure.headers.extend(value.map(|value| (name, value.to_owned())));
        }
        failure
    })?;
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::OK;
    let length = answer.len();
    let mut response = Response::from_parts(parts, Body::from(answer));
    reply::set(&mut response, header::CONTENT_TYPE, "application/json");
    reply::set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    Ok(response)
}

/// Makes a callback about an object and returns the answer's body.
///
/// # Errors
/// 203 `CallbackFailed`.
pub async fn send(
    call: &Call<'_>,
    plan: &Plan,
    (operation, key): (&str, &str),
    record: &ObjectRecord,
) -> Result<Bytes, Failure> {
    if call.callback_fails {
        return Err(OssError::from(crate::callback::Failure::Connect).into());
    }
    let image = if plan.wants_image_info() { image_of(call, record).await? } else { None };
    let content_type = record.attributes.headers.iter().find(|(name, _)| name == "content-type");
    let whole_md5 = (record.object_type == ObjectType::Normal).then(|| hex::decode(&record.etag).ok()).flatten();
    let facts = Facts {
        bucket: call.bucket().to_owned(),
        object: key.to_owned(),
        etag: record.etag.clone(),
        size: record.size,
        mime_type: content_type.map(|(_, value)| value.clone()).unwrap_or_default(),
        crc64: record.crc64,
        content_md5: whole_md5.map(|md5| STANDARD.encode(md5)),
        client_ip: call.source_ip.to_string(),
        request_id: call.request_id.to_owned(),
        operation: operation.to_owned(),
        requester: match call.caller {
            Caller::Anonymous => None,
            Caller::User(user, _) => Some(user.id.clone()),
            Caller::Root(_) | Caller::Session(_) => Some(call.accounts.account_id.clone()),
        },
        image,
    };
    Ok(call.world.callbacks.run(plan, &facts, call.now).await?)
}

async fn image_of(call: &Call<'_>, record: &ObjectRecord) -> Result<Option<ImageInfo>, Failure> {
    let record = record.clone();
    let head = run(&call.world.store, move |store| Ok(head_of(store, &record))).await?;
    Ok(img::probe(&head).map(|(width, height, format)| ImageInfo { width, height, format: format.to_owned() }))
}

/// The object's first bytes, as far as they can be read: somebody may have replaced it meanwhile, and it is stored all the same.
fn head_of(store: &Store, record: &ObjectRecord) -> Vec<u8> {
    let mut head = Vec::new();
    for segment in &record.segments {
        let room = HEAD.saturating_sub(head.len() as u64);
        let read = |head: &mut Vec<u8>| store.blobs.read(&segment.blob).ok()?.take(room).read_to_end(head).ok();
        if room == 0 || read(&mut head).is_none() {
            break;
        }
    }
    head
}
