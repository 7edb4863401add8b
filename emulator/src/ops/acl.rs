//! ACLs of buckets and objects.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use shared::error::{OssCode, OssError};

use super::settings::public_blocked;
use super::{Failure, attributes, bucket, read};
use crate::authorize::Question;
use crate::operation::Plane;
use crate::oss::Call;
use crate::reply;
use crate::rules::blocks_public_access;
use crate::settings::acl::Acl;
use crate::store::{BucketRecord, run};

fn document(call: &Call<'_>, acl: Acl) -> Response<Body> {
    reply::xml(acl.to_xml(&call.accounts.account_id))
}

/// `GET /bucket?acl`.
pub fn get_bucket(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    Ok(document(call, call.bucket_record()?.acl))
}

/// `x-oss-acl`: what a bucket may have.
///
/// # Errors
/// 400 for an ACL that OSS does not have.
pub fn bucket_acl(call: &Call<'_>) -> Result<Option<Acl>, OssError> {
    call.request.header("x-oss-acl").map(Acl::of_bucket).transpose()
}

/// Block Public Access lets no bucket be opened.
///
/// # Errors
/// 403 `AccessDenied`.
pub fn check_blocked(bucket: &BucketRecord, acl: Acl) -> Result<(), OssError> {
    if acl.is_public() && blocks_public_access(bucket) { Err(public_blocked("bucket acl")) } else { Ok(()) }
}

/// `PUT /bucket?acl`.
pub async fn put_bucket(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let Some(acl) = bucket_acl(call)? else {
        return Err(missing("x-oss-acl").into());
    };
    if let Ok(record) = call.bucket_record() {
        check_blocked(&record, acl)?;
    }
    let name = call.bucket().to_owned();
    let changed =
        run(&call.world.store, move |store| store.index.update_bucket(&name, |record| record.acl = acl)).await?;
    match changed {
        Some(()) => Ok(reply::empty(StatusCode::OK)),
        // OSS makes a bucket that is not there.
        None => {
            let question = Question {
                action: "oss:PutBucket",
                plane: Plane::Management,
                bucket: Some(call.bucket()),
                key: None,
                version: None,
            };
            call.require(question).await?;
            bucket::create(call, acl).await
        }
    }
}

fn missing(header: &str) -> OssError {
    OssError::new(OssCode::MissingArgument, format!("Missing some required arguments: {header}"))
        .detail("ArgumentName", header)
}

/// `GET /bucket/key?acl`.
pub async fn get_object(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let held = read::hold(call, (call.bucket(), call.key()), call.version()).await?;
    let mut response = document(call, held.record.attributes.acl);
    tell_version(call, &mut response, held.record.version_id.as_deref())?;
    Ok(response)
}

/// `PUT /bucket/key?acl`.
pub async fn put_object(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let Some(acl) = attributes::object_acl(call.request, &*call.bucket_record()?)? else {
        return Err(missing("x-oss-object-acl").into());
    };
    let version = change(call, move |record| record.attributes.acl = acl).await?;
    let mut response = reply::empty(StatusCode::OK);
    tell_version(call, &mut response, version.as_deref())?;
    Ok(response)
}

/// Changes the record of the request's object; its version.
///
/// # Errors
/// As [`read::hold`] when there is none.
pub async fn change(
    call: &Call<'_>,
    change: impl FnOnce(&mut crate::store::ObjectRecord) + Send + 'static,
) -> Result<Option<String>, Failure> {
    // First as a reader would look, for the right refusal.
    read::hold(call, (call.bucket(), call.key()), call.version()).await?;
    let (bucket, key) = (call.bucket().to_owned(), call.key().to_owned());
    let version = call.version().map(str::to_owned);
    let changed = run(&call.world.store, move |store| {
        store.index.update_object((&bucket, &key, version.as_deref()), |record| {
            change(record);
            Ok::<_, std::convert::Infallible>(record.version_id.clone())
        })
    })
    .await?;
    match changed {
        Some(Ok(version)) => Ok(version),
        _ => Err(read::no_such_key(call.key()).ec("0026-00000001").into()),
    }
}

/// Sets `x-oss-version-id` where the bucket keeps versions.
///
/// # Errors
/// 404 when the bucket is gone.
pub fn tell_version(call: &Call<'_>, response: &mut Response<Body>, version: Option<&str>) -> Result<(), OssError> {
    if call.bucket_record()?.versioning != crate::store::Versioning::Never {
        reply::set_named(response, "x-oss-version-id", version.unwrap_or(crate::store::NULL_VERSION));
    }
    Ok(())
}
