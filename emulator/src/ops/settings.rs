//! The settings of a bucket that are stored as text: put, got and deleted by one piece of code; styles, of which there are many.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use shared::error::{OssCode, OssError};

use super::Failure;
use crate::operation::{Operation, not_implemented};
use crate::oss::{Call, Intake};
use crate::reply;
use crate::request_id;
use crate::rules::blocks_public_access;
use crate::settings::choice::ACCESS_MONITOR;
use crate::settings::lifecycle::{self, Lifecycle};
use crate::settings::logging::{self, Logging};
use crate::settings::policy::{BucketPolicy, status_xml};
use crate::settings::style::{self, MAX_STYLES, Style};
use crate::settings::{MAX_BODY, Put, Setting, tagging};
use crate::store::run;

fn setting(operation: Operation) -> Result<&'static Setting, Failure> {
    Setting::of(operation.sub_resource()).ok_or_else(|| not_implemented(operation.name()).into())
}

/// `PUT /bucket?NAME`.
pub async fn put(call: &Call<'_>, operation: Operation, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let setting = setting(operation)?;
    let body = body.collect(MAX_BODY).await?;
    let allow_overlap = call.request.header("x-oss-allow-same-action-overlap") == Some("true");
    let text = setting.put(&String::from_utf8_lossy(&body), &Put { allow_overlap, new_id: &request_id })?;
    check_neighbours(call, setting.name, &text)?;
    keep(call, setting.name.to_owned(), Some(text)).await?;
    Ok(reply::empty(StatusCode::OK))
}

/// What a setting asks of other settings, and of other buckets.
fn check_neighbours(call: &Call<'_>, name: &str, text: &str) -> Result<(), Failure> {
    let record = call.bucket_record()?;
    let stored = |name: &str| record.settings.get(name).map(String::as_str);
    let tracks = |text: Option<&str>| ACCESS_MONITOR.value(text).is_ok_and(|value| value.as_deref() == Some("Enabled"));
    match name {
        "lifecycle" if Lifecycle::read(text)?.needs_access_monitor() && !tracks(stored("accessmonitor")) => {
            Err(lifecycle::access_monitor_needed().into())
        }
        "accessmonitor" if !tracks(Some(text)) => match stored("lifecycle").map(Lifecycle::read).transpose()? {
            Some(rules) if rules.needs_access_monitor() => Err(lifecycle::access_monitor_in_use().into()),
            _ => Ok(()),
        },
        "policy" if blocks_public_access(&record) && BucketPolicy::parse(text)?.is_public() => {
            Err(public_blocked("bucket policy").into())
        }
        "logging" => match Logging::parse(text)?.enabled {
            Some(target) if call.world.store.index.bucket(&target.bucket).is_none() => {
                Err(logging::invalid_target().into())
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// 403, for what would open a bucket whose public access is blocked: a `bucket acl`, a `bucket policy` or an `object acl`.
pub fn public_blocked(what: &str) -> OssError {
    OssError::new(OssCode::AccessDenied, format!("Put public {what} is not allowed"))
}

/// `GET /bucket?NAME`.
pub fn get(call: &Call<'_>, operation: Operation) -> Result<Response<Body>, Failure> {
    let record = call.bucket_record()?;
    if operation.sub_resource() == "policyStatus" {
        let policy = record.settings.get("policy").map(|text| BucketPolicy::parse(text)).transpose()?;
        return Ok(reply::xml(status_xml(policy.as_ref())));
    }
    let setting = setting(operation)?;
    let text = setting.get(record.settings.get(setting.name).map(String::as_str))?;
    Ok(reply::typed(setting.content_type, text.into()))
}

/// `DELETE /bucket?NAME`: 204 whether it was set or not.
pub async fn delete(call: &Call<'_>, operation: Operation) -> Result<Response<Body>, Failure> {
    let name = setting(operation)?.name;
    // `?tagging=a,b` removes these tags alone.
    let named = call.request.param("tagging").filter(|keys| name == "tagging" && !keys.is_empty());
    let left = match (named, call.bucket_record()?.settings.get(name)) {
        (Some(keys), Some(stored)) => {
            let mut tags = tagging::parse_bucket(stored)?;
            tags.retain(|tag| !keys.split(',').any(|key| key == tag.key));
            (!tags.is_empty()).then(|| tagging::to_xml(&tags))
        }
        _ => None,
    };
    keep(call, name.to_owned(), left).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

async fn keep(call: &Call<'_>, name: String, text: Option<String>) -> Result<(), Failure> {
    let bucket = call.bucket().to_owned();
    let change = move |record: &mut crate::store::BucketRecord| {
        match text {
            Some(text) => record.settings.insert(name, text),
            None => record.settings.remove(&name),
        };
    };
    let kept = run(&call.world.store, move |store| store.index.update_bucket(&bucket, change)).await?;
    kept.ok_or_else(|| crate::oss::no_such_bucket(call.bucket()).into())
}

/// Styles stand among the settings, each under this and its name.
const STYLE: &str = "style/";

fn style_name<'a>(call: &'a Call<'_>) -> &'a str {
    call.request.param("styleName").unwrap_or_default()
}

fn styles(call: &Call<'_>) -> Result<Vec<Style>, Failure> {
    let record = call.bucket_record()?;
    let stored = record.settings.iter().filter(|(name, _)| name.starts_with(STYLE));
    Ok(stored.map(|(_, text)| Style::read(text)).collect::<Result<_, _>>()?)
}

/// What `x-oss-process` asks for: `style/NAME` stands for the content of that style.
///
/// # Errors
/// 404 for a style that the bucket does not have.
pub fn spelt_out(call: &Call<'_>, process: &str) -> Result<String, Failure> {
    match process.strip_prefix(STYLE) {
        None => Ok(process.to_owned()),
        Some(name) => {
            let found = styles(call)?.into_iter().find(|style| style.name == name);
            Ok(found.ok_or_else(style::missing)?.content)
        }
    }
}

/// `PUT /bucket?style&styleName=NAME`.
pub async fn put_style(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let body = body.collect(MAX_BODY).await?;
    let (name, styles) = (style_name(call), styles(call)?);
    let replaced = styles.iter().find(|style| style.name == name);
    if replaced.is_none() && styles.len() >= MAX_STYLES {
        return Err(style::too_many().into());
    }
    let category = call.request.param("category");
    let style = Style::put(name, category, &String::from_utf8_lossy(&body), replaced, call.now)?;
    keep(call, format!("{STYLE}{name}"), Some(style.to_xml())).await?;
    Ok(reply::empty(StatusCode::OK))
}

/// `GET /bucket?style&styleName=NAME`.
pub fn get_style(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let found = styles(call)?.into_iter().find(|style| style.name == style_name(call));
    Ok(reply::xml(found.ok_or_else(style::missing)?.to_xml()))
}

/// `GET /bucket?style`.
pub fn list_styles(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    Ok(reply::xml(style::list_xml(&styles(call)?)))
}

/// `DELETE /bucket?style&styleName=NAME`: 204 whether it was there or not.
pub async fn delete_style(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    style::check_name(style_name(call))?;
    keep(call, format!("{STYLE}{}", style_name(call)), None).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
