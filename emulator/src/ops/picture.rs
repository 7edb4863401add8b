//! GetObject with `x-oss-process`: the picture is processed on the blocking pool, a few at a time.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Response, header};
use shared::error::{OssCode, OssError};
use shared::img::Process;

use super::{Failure, conditions, read};
use crate::img;
use crate::operation::Operation;
use crate::oss::Call;
use crate::reply;
use crate::store::{from_ms, run};

/// `GET /bucket/key?x-oss-process=image/…`.
pub async fn get(call: &Call<'_>, process: &str) -> Result<Response<Body>, Failure> {
    let process = Process::parse(process).map_err(OssError::from)?;
    let bucket_key = (call.bucket().to_owned(), call.key().to_owned());
    let found = run(&call.world.store, move |store| store.index.object(&bucket_key.0, &bucket_key.1)).await?;
    let record = found.ok_or_else(|| read::no_such_key(call.key()).ec("0040-00000024"))?;
    conditions::check(call.request, &record)?;
    img::check_source_bytes(record.size)?;

    let mut marks = BTreeMap::new();
    for key in process.watermark_objects() {
        if let Some(refusal) = call.rule(&Operation::GetObject, Some(key)).refusal {
            return Err(refusal.into());
        }
        marks.insert(key.to_owned(), watermark(call, key).await?);
    }

    let permit = call.world.pictures.acquire().await;
    let source = record.clone();
    let output = run(&call.world.store, move |store| {
        let bytes = read::whole(store, &source)?;
        let mut fetch = |key: &str| marks.get(key).cloned().ok_or_else(|| read::no_such_key(key));
        Ok(img::process(&bytes, source.size, &process, &mut fetch))
    })
    .await?;
    drop(permit);
    let output = output?;
    let mut response = reply::typed(output.content_type, output.body.into());
    // The ETag stays that of the source object, as on OSS.
    reply::set_etag(&mut response, &record.etag);
    reply::set(&mut response, header::LAST_MODIFIED, &shared::timefmt::http_date(from_ms(record.modified_ms)));
    Ok(response)
}

async fn watermark(call: &Call<'_>, key: &str) -> Result<Vec<u8>, Failure> {
    let (bucket, wanted) = (call.bucket().to_owned(), key.to_owned());
    let found = run(&call.world.store, move |store| match store.index.object(&bucket, &wanted)? {
        None => Ok(None),
        Some(record) if img::check_source_bytes(record.size).is_err() => Ok(Some((record.size, Vec::new()))),
        Some(record) => Ok(Some((record.size, read::whole(store, &record)?))),
    })
    .await?;
    let (size, bytes) = found.ok_or_else(|| {
        OssError::new(OssCode::NoSuchKey, format!("The watermark object {key} does not exist.")).detail("Key", key)
    })?;
    img::check_source_bytes(size)?;
    Ok(bytes)
}
