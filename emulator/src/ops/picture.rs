//! Pictures: GetObject with `x-oss-process`, and ProcessObject, which saves the result. The work is done on the blocking pool, a few at a time.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Response, header};
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};
use percent_encoding::percent_decode_str;
use serde_json::json;
use shared::bucket::BucketName;
use shared::error::{OssCode, OssError};
use shared::img::Process;
use shared::sign::Request;

use super::read::Held;
use super::write::{record_of, store_object};
use super::{Failure, attributes, conditions, notify, read, restore, settings, symlink};
use crate::authenticate::Caller;
use crate::authorize::Question;
use crate::callback::Plan;
use crate::img::{self, Kept, Key};
use crate::operation::{Plane, not_implemented};
use crate::oss::{Call, Intake, check_key, no_such_bucket};
use crate::reply;
use crate::settings::channel::Channel;
use crate::store::{BucketRecord, ObjectRecord, StoreError, from_ms, run, to_ms};

/// `GET /bucket/key?x-oss-process=image/…`, or `style/NAME`.
pub async fn get(call: &Call<'_>, process: &str) -> Result<Response<Body>, Failure> {
    refuse_other(process)?;
    // What is to be saved is refused whatever it is, a style included.
    let spelt = if process.contains('|') { process.to_owned() } else { settings::spelt_out(call, process)? };
    let process = Process::parse(&spelt).map_err(OssError::from)?;
    let held = source(call).await?;
    conditions::check(call.request, &held.record)?;
    let output = processed(call, &held, process).await?;
    let mut response = reply::typed(output.content_type, output.body);
    // The ETag stays that of the source object, as on OSS.
    reply::set_etag(&mut response, &held.record.etag);
    let modified = shared::timefmt::http_date(from_ms(held.record.modified_ms));
    reply::set(&mut response, header::LAST_MODIFIED, &modified);
    read::override_headers(call, &mut response)?;
    Ok(response)
}

/// Asks for the right to read the object itself, which ProcessObject's own does not include.
async fn require_read(call: &Call<'_>) -> Result<(), Failure> {
    let (bucket, key) = (Some(call.bucket()), Some(call.key()));
    call.require(Question { action: "oss:GetObject", plane: Plane::Read, bucket, key, version: None }).await
}

/// What a GET of a picture really asks for, where that is something else than was signed: `KEY!STYLE` stands for the style of a key,
/// and with a process `versionId` does not count (`img-and-ram.md` §1.1).
pub fn meant(request: &Request, bucket: &BucketRecord) -> Result<Option<Request>, OssError> {
    let Some(key) = request.key.as_deref().filter(|_| request.method == "GET") else { return Ok(None) };
    if request.param(PROCESS).is_some() {
        return Ok(request.param("versionId").is_some().then(|| {
            let mut current = request.clone();
            current.query.retain(|(name, _)| name != "versionId");
            current
        }));
    }
    let Some(channel) = channel(bucket)? else { return Ok(None) };
    let Some((object, style)) = channel.part(key) else { return Ok(None) };
    if !bucket.settings.contains_key(&format!("style/{style}")) {
        return Ok(None);
    }
    let mut styled = Request { key: Some(object.to_owned()), ..request.clone() };
    styled.query.push((PROCESS.to_owned(), format!("style/{style}")));
    Ok(Some(styled))
}

/// Lets strangers see what the bucket shows them: protected pictures by a style alone (`img-and-ram.md` §1.7).
///
/// # Errors
/// 403 `AccessDenied`, 0040-00000031.
pub fn check_protection(caller: &Caller<'_>, request: &Request, bucket: &BucketRecord) -> Result<(), OssError> {
    let (Caller::Anonymous, "GET", Some(key)) = (caller, request.method.as_str(), &request.key) else { return Ok(()) };
    match channel(bucket)? {
        Some(channel) if !channel.shows(key, request.param(PROCESS)) => {
            let message = "The channel can be only accessed using style.";
            Err(OssError::new(OssCode::AccessDenied, message).ec("0040-00000031"))
        }
        _ => Ok(()),
    }
}

fn channel(bucket: &BucketRecord) -> Result<Option<Channel>, OssError> {
    bucket.settings.get("img").map(|text| Channel::parse(text)).transpose()
}

async fn source(call: &Call<'_>) -> Result<Held, Failure> {
    let mut held = read::open(call).await;
    if let Err(failure) = &mut held
        && failure.error.code == OssCode::NoSuchKey
    {
        failure.error.ec = Some("0040-00000024".to_owned());
    }
    let held = held?;
    restore::check_readable(&held.record, call.now)?;
    Ok(held)
}

/// The result, kept from before or made now. Rights are asked for each time.
async fn processed(call: &Call<'_>, held: &Held, process: Process) -> Result<Kept, Failure> {
    img::check_source_bytes(held.record.size)?;
    let mut marks = BTreeMap::new();
    for key in process.watermark_objects() {
        let (action, bucket) = ("oss:GetObject", call.request.bucket.as_deref());
        call.require(Question { action, plane: Plane::Read, bucket, key: Some(key), version: None }).await?;
        marks.insert(key.to_owned(), watermark(call, key).await?);
    }
    let key = key_of(&held.record, &process, &marks);
    call.world.pictures.result(key, run_in_pool(call, &held.record, process, marks)).await
}

/// The ETag alone is not enough: an MD5 can be made to meet another.
fn key_of(source: &ObjectRecord, process: &Process, marks: &BTreeMap<String, Held>) -> Key {
    let name = |record: &ObjectRecord| {
        let blobs = record.segments.iter().map(|segment| segment.blob.as_str()).collect::<Vec<_>>();
        format!("{}:{}:{}", record.etag, record.size, blobs.join(","))
    };
    let marks = marks.values().map(|held| name(&held.record)).collect::<Vec<_>>();
    Key(format!("{} {process} {}", name(source), marks.join(" ")))
}

async fn run_in_pool(
    call: &Call<'_>,
    source: &ObjectRecord,
    process: Process,
    marks: BTreeMap<String, Held>,
) -> Result<Kept, Failure> {
    let gone = |_| Failure::from(OssError::new(OssCode::ServiceUnavailable, "The emulator is stopping."));
    // Both are held by the work itself, which goes on if nobody waits for it.
    let place = call.world.pictures.place().await?;
    let record = source.clone();
    let (place, bytes, marks, process, weight) = run(&call.world.store, move |store| {
        let read = |(key, held): (String, Held)| Ok((key, read::whole(store, &held.record)?));
        let bytes = read::whole(store, &record)?;
        let marks = marks.into_iter().map(read).collect::<Result<BTreeMap<_, _>, StoreError>>()?;
        // Of a hostile file even the head takes long.
        let weight = img::weight(&bytes, &process, |key| marks.get(key).map(Vec::as_slice));
        Ok((place, bytes, marks, process, weight))
    })
    .await?;
    let room = call.world.pictures.room(weight?).await.map_err(gone)?;
    let size = source.size;
    let output = run(&call.world.store, move |_| {
        let _held = (place, room);
        let mut fetch = |key: &str| marks.get(key).cloned().ok_or_else(|| read::no_such_key(key));
        Ok(img::process(&bytes, size, &process, &mut fetch))
    })
    .await??;
    Ok(Kept { content_type: output.content_type, body: output.body.into() })
}

async fn watermark(call: &Call<'_>, key: &str) -> Result<Held, Failure> {
    let held = read::hold(call, (call.bucket(), key), None).await.map_err(|failure| match failure.error.code {
        OssCode::NoSuchKey => {
            let message = format!("The watermark object {key} does not exist.");
            OssError::new(OssCode::NoSuchKey, message).detail("Key", key).into()
        }
        _ => failure,
    })?;
    let held = match &held.record.symlink_target {
        Some(target) => symlink::follow(call, &held.record, target).await?,
        None => held,
    };
    restore::check_readable(&held.record, call.now)?;
    img::check_source_bytes(held.record.size)?;
    Ok(held)
}

const PROCESS: &str = "x-oss-process";
const MAX_BODY: usize = 64 * 1024;
const PARAMETER: &str = "x-oss-process=";
const SAVE_AS: &str = "|sys/saveas,";

/// `POST /bucket/key?x-oss-process`, its body `x-oss-process=image/…|sys/saveas,o_…[,b_…]` (`img-and-ram.md` §1.8).
pub async fn post(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let body = body.collect(MAX_BODY).await?;
    let body = String::from_utf8_lossy(&body).trim().to_owned();
    // SelectObject names itself in the query; its body is about something else.
    refuse_other(call.request.param("x-oss-process").unwrap_or_default())?;
    // The JavaScript SDK encodes the whole value, the others send it as it is.
    let text = body.strip_prefix(PARAMETER).unwrap_or(&body);
    let text = if text.contains('/') { text.to_owned() } else { percent_decode_str(text).decode_utf8_lossy().into() };
    refuse_other(&text)?;
    let Some((process, target)) = text.split_once(SAVE_AS) else {
        if let Some(parameters) = text.strip_prefix("trigger/callback,") {
            return trigger(call, parameters).await;
        }
        let operator = match text.rsplit_once('|') {
            Some((_, last)) => last.split(',').next(),
            None => text.split(['/', ',']).next(),
        };
        let operator = operator.unwrap_or_default();
        let message = format!("operation not support post: {operator}");
        return Err(OssError::new(OssCode::InvalidArgument, message).into());
    };
    let (bucket, key) = target_of(target)?;
    let to = bucket.clone().unwrap_or_else(|| call.bucket().to_owned());
    let Some(to_record) = call.world.store.index.bucket(&to) else {
        return Err(no_such_bucket(&to).into());
    };
    let (action, plane) = ("oss:PutObject", Plane::Write);
    let question = Question { action, plane, bucket: Some(&to), key: Some(&key), version: None };
    call.require(question).await?;
    call.require_tagging(question).await?;
    let process = Process::parse(&settings::spelt_out(call, process)?).map_err(OssError::from)?;
    let held = source(call).await?;
    let output = processed(call, &held, process).await?;
    let size = output.body.len();
    let bytes = output.body;
    let blob = run(&call.world.store, move |store| {
        let mut writer = store.blobs.writer()?;
        writer.write(&bytes)?;
        writer.finish()
    })
    .await?;
    let mut attributes = attributes::read(call.request, &to_record)?;
    attributes.headers = vec![("content-type".to_owned(), output.content_type.to_owned())];
    store_object(call, (&to, &key), record_of(&blob, attributes, to_ms(call.now)), false).await?;
    let told =
        json!({ "bucket": bucket.unwrap_or_default(), "fileSize": size, "object": key, "status": "OK" }).to_string();
    Ok(reply::typed("application/json", told.into()))
}

/// 501 for processes that OSS has and that are not of pictures.
fn refuse_other(process: &str) -> Result<(), OssError> {
    match process.split(['/', ',']).next() {
        Some(operator @ ("csv" | "json" | "video" | "audio" | "doc" | "imm" | "hls")) => {
            Err(not_implemented(&format!("The process {operator}")))
        }
        _ => Ok(()),
    }
}

/// `callback_BASE64[,callback-var_BASE64]`: the callback of an upload, once more (the mobile SDKs' triggerCallback).
async fn trigger(call: &Call<'_>, parameters: &str) -> Result<Response<Body>, Failure> {
    let value = |name: &str| parameters.split(',').find_map(|part| part.strip_prefix(name));
    let plan = Plan::read(value("callback_"), value("callback-var_"))?.ok_or_else(|| {
        OssError::new(OssCode::InvalidArgument, "The callback configuration is empty.")
            .detail("ArgumentName", "callback")
    })?;
    require_read(call).await?;
    let held = read::open(call).await?;
    let answer = notify::send(call, &plan, ("ProcessObject", call.key()), &held.record).await?;
    Ok(reply::typed("application/json", answer))
}

/// `o_BASE64[,b_BASE64]`: the key, and another bucket if one is named.
pub(super) fn target_of(text: &str) -> Result<(Option<String>, String), OssError> {
    let wrong = |text: &str| {
        OssError::new(OssCode::InvalidArgument, "The value of sys/saveas is invalid.")
            .detail("ArgumentName", "sys/saveas")
            .detail("ArgumentValue", text)
    };
    let (mut bucket, mut key) = (None, None);
    for part in text.split(',') {
        let (name, value) = part.split_once('_').ok_or_else(|| wrong(part))?;
        let value = lenient(value).ok_or_else(|| wrong(part))?;
        match name {
            "o" => key = Some(value),
            "b" => bucket = Some(value),
            _ => return Err(wrong(part)),
        }
    }
    let key = key.ok_or_else(|| wrong(text))?;
    check_key(&key)?;
    if let Some(bucket) = &bucket {
        BucketName::parse(bucket).map_err(|_| wrong(bucket))?;
    }
    Ok((bucket, key))
}

/// Base64 of either alphabet, padded or not: the SDKs differ.
fn lenient(text: &str) -> Option<String> {
    const CONFIG: GeneralPurposeConfig =
        general_purpose::NO_PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::URL_SAFE, CONFIG);
    let text = text.replace('+', "-").replace('/', "_");
    String::from_utf8(engine.decode(text).ok()?).ok()
}
