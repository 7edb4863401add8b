//! UploadPartCopy: a part that is a piece of an object.

use std::io::{Read, Seek, SeekFrom};

use axum::body::Body;
use axum::http::Response;
use shared::error::{OssCode, OssError};
use shared::timefmt;

use super::Failure;
use super::copy::{Source, tell_source};
use super::multipart::{known_upload, part_number, record_part, upload_id};
use super::range::{self, Run};
use super::read::Held;
use crate::oss::Call;
use crate::reply;
use crate::store::{Blob, ObjectRecord, Store, StoreError, run};
use crate::xml::Xml;

/// The largest part, in bytes.
const MAX_PART: u64 = 5 << 30;
const BUFFER: usize = 256 * 1024;

/// `PUT /bucket/key?partNumber&uploadId` with `x-oss-copy-source`.
pub async fn copy(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let (number, id) = (part_number(call.request)?, upload_id(call.request));
    known_upload(call, &id).await?;
    let source = Source::of(call.request)?;
    let held = source.open(call).await?;
    let piece = piece(call, &held.record)?;
    if piece.length > MAX_PART {
        let message = "Your proposed upload exceeds the maximum allowed size.";
        return Err(OssError::new(OssCode::EntityTooLarge, message).into());
    }
    let record = held.record.clone();
    let blob = run(&call.world.store, move |store| write(store, &record, piece)).await?;
    let etag = record_part(call, (number, &id), &blob).await?;
    let mut xml = Xml::new("CopyPartResult");
    xml.leaf("LastModified", timefmt::oss_xml(call.now)).leaf("ETag", format!("\"{etag}\""));
    let mut response = reply::xml(xml.finish());
    reply::set_etag(&mut response, &etag);
    reply::set_crc64(&mut response, blob.crc64);
    tell_source(call, &source, &held, &mut response);
    drop::<Held>(held); // until here the source's bytes stay
    Ok(response)
}

/// `x-oss-copy-source-range`; the whole where it is absent or of another form, as with `Range`.
fn piece(call: &Call<'_>, record: &ObjectRecord) -> Result<Run, OssError> {
    let whole = Run { from: 0, length: record.size };
    match call.request.header("x-oss-copy-source-range") {
        None => Ok(whole),
        Some(text) => Ok(range::of_text(text, record.size, false)?.unwrap_or(whole)),
    }
}

fn write(store: &Store, record: &ObjectRecord, piece: Run) -> Result<Blob, StoreError> {
    let mut writer = store.blobs.writer()?;
    let (mut skip, mut left) = (piece.from, piece.length);
    let mut buffer = vec![0; BUFFER];
    for segment in &record.segments {
        if left == 0 {
            break;
        }
        if skip >= segment.size {
            skip -= segment.size;
            continue;
        }
        let damaged = |error: std::io::Error| StoreError::Index(format!("a blob is damaged: {error}"));
        let mut file = store.blobs.read(&segment.blob)?;
        file.seek(SeekFrom::Start(skip)).map_err(damaged)?;
        let mut here = (segment.size - skip).min(left);
        skip = 0;
        left -= here;
        while here > 0 {
            let want = usize::try_from(here).unwrap_or(BUFFER).min(BUFFER);
            let bytes = buffer.get_mut(..want).unwrap_or_default();
            file.read_exact(bytes).map_err(damaged)?;
            writer.write(bytes)?;
            here -= want as u64;
        }
    }
    writer.finish()
}
