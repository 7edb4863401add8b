//! The OSS service: each request is read, its sender proven, its operation allowed, then performed, answered and recorded.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Response, header};
use axum::response::IntoResponse;
use shared::bucket::BucketName;
use shared::clock::Clock;
use shared::decision::Decision;
use shared::error::{OssCode, OssError};
use shared::fault::Service;
use shared::object_key::ObjectKey;
use shared::region::Region;
use shared::sign::Request;
use shared::timefmt;
use time::OffsetDateTime;

use crate::accounts::AccountsCell;
use crate::authenticate::{Authority, Caller, Findings, authenticate};
use crate::authorize::Question;
pub use crate::call::Call;
use crate::faults::{Faults, Strike, Subject};
pub use crate::intake::Intake;
use crate::listen::{Cut, Secure};
use crate::operation::{Op, Operation, Plane};
use crate::ops::{self, Failure};
use crate::pace::Pace;
use crate::recorder::Recorder;
use crate::session::Sealer;
use crate::store::{Store, is_version_id, run};
use crate::sweep::{self, Sweeps};
use crate::{post, reply, target};

/// Everything that an emulator's services share.
#[derive(Debug)]
pub struct World {
    /// Users and roles; a request works on one snapshot.
    pub accounts: AccountsCell,
    /// Makes and opens tokens.
    pub sealer: Sealer,
    /// Buckets and objects.
    pub store: Arc<Store>,
    /// The one region.
    pub region: Region,
    /// Which hosts are for which buckets.
    pub hosts: target::Hosts,
    /// The emulator's time.
    pub clock: Arc<dyn Clock>,
    /// The decision stream.
    pub recorder: Arc<Recorder>,
    /// Where pictures are processed, so that uploads are not starved.
    pub pictures: crate::img::Pool,
    /// Whether V1 signatures are refused, as to new accounts.
    pub refuse_v1: bool,
    /// When lifecycle rules were carried out.
    pub sweeps: Sweeps,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Sends the callbacks of uploads.
    pub callbacks: crate::callback::Caller,
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
struct Peer {
    ip: IpAddr,
    secure: bool,
}

/// How long the request that finds lifecycle rules due waits until they are carried out.
const SWEEP_WAIT: Duration = Duration::from_secs(1);

/// Answers one HTTP request.
pub async fn handle(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(secure): Extension<Secure>,
    request: axum::extract::Request,
) -> Response<Body> {
    let started = Instant::now();
    let now = world.clock.now();
    let request_id = crate::request_id();
    let (parts, body) = request.into_parts();
    let host = target::host_of(&parts);
    let head = parts.method == axum::http::Method::HEAD;
    let mut decision = Decision {
        time: timefmt::iso8601_millis(now),
        service: "oss".to_owned(),
        request_id: request_id.clone(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        ..Decision::default()
    };
    let mut unfinished = Unfinished { store: &world.store, finished: head || parts.method == axum::http::Method::GET };
    let request = target::request_of(&parts, &world.hosts);
    let strike = match &request {
        Ok(request) if world.faults.are_set() => strike_of(&world, request, &mut decision),
        _ => None,
    };
    let strike = strike.as_ref();
    let body = match strike {
        Some(strike) => {
            strike.wait().await;
            strike.receive(&parts.headers, body)
        }
        None => body,
    };
    let mut body = Intake::new(body, parts.headers.contains_key(header::EXPECT));
    if let Some(cut) = strike.and_then(|strike| strike.drops_before(&parts.headers)) {
        unfinished.finished = true;
        return lost(&world, cut, started, decision);
    }
    let outcome = match &request {
        Ok(request) => {
            decision.path = described(request);
            let peer = Peer { ip: peer.ip(), secure: secure.0 };
            match strike.and_then(Strike::refusal) {
                Some(refusal) => Err(refusal.into()),
                None => {
                    serve((&world, &request_id, strike), request, (&host, peer), now, &mut body, &mut decision).await
                }
            }
        }
        Err(error) => Err(error.clone().into()),
    };
    let mut response = outcome.unwrap_or_else(|Failure { mut error, headers }| {
        error.request_id.clone_from(&request_id);
        error.host_id.clone_from(&host);
        decision.error_code = error.code.to_string();
        decision.ec = error.ec.clone().unwrap_or_default();
        let mut response = reply::refusal(&error, head);
        for (name, value) in headers {
            reply::set_named(&mut response, name, &value);
        }
        response
    });
    if let Ok(request) = &request
        && let Some(bucket) = request.bucket.as_deref().and_then(|name| world.store.index.bucket(name))
    {
        ops::mark(&bucket, request, &mut response);
    }
    // A body that an operation has no use for is not waited for: the connection is closed instead.
    if matches!(decision.method.as_str(), "PUT" | "POST") {
        body.drain().await;
    }
    let elapsed = started.elapsed();
    reply::finish(&mut response, &request_id, now, elapsed.as_millis());
    decision.bytes_in = body.received;
    if let Some(strike) = strike {
        response = match strike.answer(response) {
            Ok(response) => response,
            Err(cut) => {
                unfinished.finished = true;
                return lost(&world, cut, started, decision);
            }
        };
    }
    decision.status = response.status().as_u16();
    decision.bytes_out = if head { 0 } else { content_length(&response) };
    decision.duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    world.recorder.record(decision);
    unfinished.finished = true;
    response
}

/// The faults that strike a request; the record says which.
fn strike_of(world: &World, request: &Request, decision: &mut Decision) -> Option<Strike> {
    let operation = Operation::recognise(request);
    let given = |header, param| request.header(header).or_else(|| request.param(param)).is_some();
    let subject = Subject {
        service: Service::Oss,
        operation: operation.as_ref().map(Operation::name).unwrap_or_default(),
        method: &request.method,
        key: request.key.as_deref().unwrap_or_default(),
        part: request.param("partNumber").and_then(|number| number.parse().ok()),
        has_token: given("x-oss-security-token", "security-token") || given("", "x-oss-security-token"),
        has_callback: given("x-oss-callback", "callback"),
    };
    let strike = world.faults.strike(subject)?;
    if let Ok(operation) = &operation {
        // A request that is not served is named all the same.
        name(decision, operation, request);
    }
    decision.path = described(request);
    decision.faults = strike.names();
    Some(strike)
}

/// The end of a request whose connection ends without an answer.
fn lost(world: &World, cut: Cut, started: Instant, mut decision: Decision) -> Response<Body> {
    decision.duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    world.recorder.record(decision);
    cut.into_response()
}

fn name(decision: &mut Decision, operation: &Operation, request: &Request) {
    operation.name().clone_into(&mut decision.operation);
    operation.action().clone_into(&mut decision.action);
    decision.part_number = request.param("partNumber").and_then(|number| number.parse().ok());
}

/// A change that is cut off, as its client leaves, may have kept a blob that no record will name.
struct Unfinished<'a> {
    store: &'a Store,
    finished: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.store.blobs.leave_to_next_start();
        }
    }
}

async fn serve(
    (world, request_id, strike): (&Arc<World>, &str, Option<&Strike>),
    request: &Request,
    (host, peer): (&str, Peer),
    now: OffsetDateTime,
    body: &mut Intake,
    decision: &mut Decision,
) -> Result<Response<Body>, Failure> {
    let operation = Operation::recognise(request);
    if let Ok(operation) = &operation {
        name(decision, operation, request);
    }
    let mut findings = Findings::default();
    let accounts = world.accounts.snapshot();
    let (sealer, region) = (&world.sealer, &world.region);
    let authority = Authority { accounts: &accounts, sealer, region, refuse_v1: world.refuse_v1, now };
    let nobody = Caller::Anonymous;
    let (source_ip, secure) = (peer.ip, peer.secure);
    let accounts = &*accounts;
    let body_tags = &[];
    let callback_fails = strike.is_some_and(Strike::callback_fails);
    let caller = &nobody;
    let call =
        Call { world, accounts, caller, request, host, source_ip, secure, now, request_id, body_tags, callback_fails };
    if let Ok(operation) = &operation
        && operation.op() == Op::PostObject
    {
        // Its sender stands in the form.
        check_names(world, request, *operation)?;
        return post::serve(&call, authority, body, decision).await;
    }
    let caller = authenticate(authority, request, &mut findings);
    decision.principal = findings.principal;
    decision.signature = findings.signature;
    if let Ok(operation) = &operation {
        // Before the sender is refused: the SDKs' suites ask for buckets that are not there with keys that are not there.
        check_names(world, request, *operation)?;
    }
    let caller = &caller?;
    let operation = operation?;
    let body_tags = match operation.op() {
        Op::PutObjectTagging => ops::tags_of(body).await?,
        _ => Vec::new(),
    };
    let bucket = request.bucket.as_deref().and_then(|name| world.store.index.bucket(name));
    // What was signed may be `key!style`; what is read, and allowed, is the key.
    let meant = bucket.as_deref().map(|bucket| ops::meant(request, bucket)).transpose()?.flatten();
    let request = meant.as_ref().unwrap_or(request);
    let call = Call { caller, request, body_tags: &body_tags, ..call };
    if let (Some(_), Some(id)) = (&request.key, call.version()) {
        check_version(id)?;
    }
    // Of a batch, each key is asked about by itself.
    if operation.plane() != Plane::Open && operation.op() != Op::DeleteMultipleObjects {
        let question = Question {
            action: operation.action(),
            plane: operation.plane(),
            bucket: request.bucket.as_deref(),
            key: request.key.as_deref(),
            version: call.version(),
        };
        let ruling = call.rule(question).await?;
        decision.resource = ruling.resource;
        decision.context = ruling.keys;
        decision.layers = ruling.layers;
        if let Some(refusal) = ruling.refusal {
            return Err(refusal.into());
        }
        call.require_tagging(question).await?;
    }
    if let Some(name) = &request.bucket
        && let Some(bucket) = bucket
    {
        ops::check_referer(caller, request, &bucket)?;
        ops::check_protection(caller, request, &bucket)?;
        if let Some(rules) = world.sweeps.due(name, &bucket, now) {
            let name = name.clone();
            let sweep = run(&world.store, move |store| {
                sweep::sweep(store, &name, &rules, now).inspect_err(|error| {
                    tracing::error!("the lifecycle rules of {name} were not all carried out: {error}")
                })
            });
            // Of a large bucket the rest is done while others are served.
            if let Ok(swept) = tokio::time::timeout(SWEEP_WAIT, sweep).await {
                swept?;
            }
        }
    }
    body.pace = Pace::of(request)?;
    ops::perform(&call, operation, body).await
}

/// 404 `NoSuchBucket`.
pub fn no_such_bucket(bucket: &str) -> OssError {
    OssError::new(OssCode::NoSuchBucket, "The specified bucket does not exist.")
        .ec("0015-00000101")
        .detail("BucketName", bucket)
}

/// The bucket exists, and the key may be one.
fn check_names(world: &World, request: &Request, operation: Operation) -> Result<(), OssError> {
    let Some(bucket) = &request.bucket else {
        return Ok(());
    };
    if BucketName::parse(bucket).is_err() {
        return Err(OssError::new(OssCode::InvalidBucketName, "The specified bucket is not valid.")
            .ec("0015-00000001")
            .detail("BucketName", bucket));
    }
    if !matches!(operation.op(), Op::PutBucket | Op::PutBucketAcl) && world.store.index.bucket(bucket).is_none() {
        return Err(no_such_bucket(bucket));
    }
    request.key.as_deref().map_or(Ok(()), check_key)
}

/// An object may have this name.
///
/// # Errors
/// 400 `InvalidObjectName`.
pub fn check_key(key: &str) -> Result<(), OssError> {
    if ObjectKey::parse(key).is_ok() {
        return Ok(());
    }
    let ec = if key.len() > 1023 { "0016-00000002" } else { "0016-00000005" };
    Err(OssError::new(OssCode::InvalidObjectName, "The specified object is not valid.").ec(ec))
}

/// A version may have this id.
///
/// # Errors
/// 400 `InvalidArgument`.
pub fn check_version(id: &str) -> Result<(), OssError> {
    if is_version_id(id) {
        return Ok(());
    }
    let error = OssError::new(OssCode::InvalidArgument, "Invalid version id specified");
    Err(error.detail("ArgumentName", "versionId").detail("ArgumentValue", id))
}

fn described(request: &Request) -> String {
    match (&request.bucket, &request.key) {
        (None, _) => "/".to_owned(),
        (Some(bucket), key) => format!("/{bucket}/{}", key.as_deref().unwrap_or_default()),
    }
}

fn content_length(response: &Response<Body>) -> u64 {
    let header = response.headers().get(header::CONTENT_LENGTH);
    header.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or_default()
}
