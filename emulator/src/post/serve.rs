//! One form from end to end: read, its sender proven, its policy held to, then stored as the PutObject that it amounts to.

use axum::body::Body;
use axum::http::Response;
use futures_util::stream::BoxStream;
use shared::decision::Decision;
use shared::error::OssError;
use shared::sign::Request;
use shared::sign::post_policy::PostPolicy;

use super::{Form, Posted, answer, boundary, read_form};
use crate::authenticate::{Authority, Caller, Findings, authenticate_form};
use crate::authorize::Question;
use crate::callback::Plan;
use crate::operation::Plane;
use crate::ops::{self, Failure};
use crate::oss::{Call, Intake, check_key};

/// Serves `POST /bucket` with a form. `call` is about the form's own request, whose caller is not known yet.
///
/// # Errors
/// [`Failure`], with what OSS answers.
pub async fn serve(
    call: &Call<'_>,
    authority: Authority<'_>,
    body: &mut Intake,
    decision: &mut Decision,
) -> Result<Response<Body>, Failure> {
    let boundary = boundary(call.request.header("content-type"))?;
    let mut form: Form<BoxStream<'static, _>> = read_form(body.take(), &boundary).await?;
    let key = form.key()?;
    check_key(&key)?;
    let mut findings = Findings::default();
    let proven = authenticate_form(authority, &form.fields, &mut findings);
    decision.principal = findings.principal;
    decision.signature = findings.signature;
    let (caller, policy) = proven?;
    if let Some(policy) = policy {
        let policy = PostPolicy::parse(&policy).map_err(OssError::from)?;
        policy.check(&form.upload(call.bucket(), &key), call.now).map_err(OssError::from)?;
        form.file.limit(policy.size_limits());
    }
    let put: Request = form.put_request(call.request, &key)?;
    let put_call = Call { caller: &caller, request: &put, ..*call };
    let question = Question {
        action: "oss:PutObject",
        plane: Plane::Write,
        bucket: put.bucket.as_deref(),
        key: Some(&key),
        version: None,
    };
    let ruling = put_call.rule(question).await?;
    decision.resource = ruling.resource;
    decision.context = ruling.keys;
    decision.layers = ruling.layers;
    if let Some(refusal) = ruling.refusal {
        return Err(refusal.into());
    }
    put_call.require_tagging(question).await?;
    // Who signs a form has said where it may be sent from; a stranger's is asked like any other request of nobody.
    if matches!(caller, Caller::Anonymous) {
        ops::check_referer(&caller, &put, &*call.bucket_record()?)?;
    }
    let Form { fields, file, .. } = form;
    body.give(file);
    let done = ops::put_form(&put_call, body).await?;
    if Plan::of(&put)?.is_some() {
        // The callback's answer is the form's.
        return Ok(done);
    }
    let location = format!("{}/{}/{}", call.origin(), call.bucket(), shared::sign::encode_path(&key));
    Ok(answer(&fields, Posted { bucket: call.bucket(), key: &key, location: &location }, done))
}
