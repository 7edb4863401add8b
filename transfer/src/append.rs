//! Objects that grow: AppendObject, with the position that makes a repetition harmless (`oss-rest.md` §2.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use shared::crc64::{combine, crc64};
use shared::error::OssCode;
use shared::object_key::ObjectKey;

use crate::blocking;
use crate::error::TransferError;
use crate::http::payload::Payload;
use crate::http::{Call, Http, answer};
use crate::object;
use crate::upload::{UploadOptions, object_headers};

/// Where an appendable object ends. The default is an object that is not there yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tail {
    /// Bytes so far.
    pub position: u64,
    /// CRC-64/XZ of them.
    pub crc64: u64,
}

/// Appends `body` behind `tail`; where the object ends now.
pub(crate) async fn append(
    http: &Http,
    key: &ObjectKey,
    tail: Tail,
    body: Bytes,
    options: &UploadOptions,
) -> Result<Tail, TransferError> {
    let len = body.len() as u64;
    let bytes = body.clone();
    let added = blocking::run(move || Ok(crc64(&bytes))).await?;
    let expected = Tail { position: tail.position + len, crc64: combine(tail.crc64, added, len) };
    let mut call =
        Call::new("AppendObject", "POST", Some(key)).param("append", "").param("position", tail.position.to_string());
    call.headers = object_headers(key, options);
    call.payload = Payload::Bytes(body);
    if options.content_md5 {
        let md5 = call.payload.md5().await?;
        call = call.header("content-md5", STANDARD.encode(md5));
    }
    let reply = match options.cancel.guard(http.send_small(&call)).await {
        Ok(reply) => reply,
        // An answer may be lost after OSS has appended; the repetition then finds the object longer than it expects.
        Err(error) if error.oss().is_some_and(|oss| oss.code == OssCode::PositionNotEqualToLength) => {
            let meta = object::head(http, key).await.ok();
            let there = meta.is_some_and(|meta| meta.size == expected.position && meta.crc64 == Some(expected.crc64));
            return if there { Ok(expected) } else { Err(error) };
        }
        Err(error) => return Err(error),
    };
    reply.check_crc(expected.crc64)?;
    let position = answer::number(&reply.headers, "x-oss-next-append-position").unwrap_or(expected.position);
    Ok(Tail { position, crc64: expected.crc64 })
}
