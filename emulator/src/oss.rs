//! The OSS service: each request is read, its sender proven, its operation allowed, then performed, answered and recorded.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Response, header};
use futures_util::StreamExt;
use shared::bucket::BucketName;
use shared::clock::Clock;
use shared::decision::Decision;
use shared::error::{OssCode, OssError};
use shared::object_key::ObjectKey;
use shared::region::Region;
use shared::sign::Request;
use shared::timefmt;
use time::OffsetDateTime;

use crate::accounts::Accounts;
use crate::authenticate::{Authority, Caller, Findings, authenticate};
use crate::authorize::{Circumstances, Ruling, authorize};
use crate::operation::Operation;
use crate::ops::{self, Failure};
use crate::recorder::Recorder;
use crate::session::Sealer;
use crate::store::{Store, run};
use crate::{reply, target};

/// Everything that an emulator's services share.
#[derive(Debug)]
pub struct World {
    /// Users and roles.
    pub accounts: Accounts,
    /// Makes and opens tokens.
    pub sealer: Sealer,
    /// Buckets and objects.
    pub store: Arc<Store>,
    /// The one region.
    pub region: Region,
    /// The emulator's time.
    pub clock: Arc<dyn Clock>,
    /// The decision stream.
    pub recorder: Recorder,
    /// How many pictures may be processed at once: the rest wait, and uploads are not starved.
    pub pictures: tokio::sync::Semaphore,
}

/// One request on its way through the operations.
#[derive(Debug)]
pub struct Call<'a> {
    /// The world it happens in.
    pub world: &'a Arc<World>,
    /// Who asks.
    pub caller: &'a Caller<'a>,
    /// The request as it was signed.
    pub request: &'a Request,
    /// The host it was sent to.
    pub host: &'a str,
    /// The client's address.
    pub source_ip: IpAddr,
    /// The emulator's time at arrival.
    pub now: OffsetDateTime,
}

impl Call<'_> {
    /// The bucket; empty for the service, where no operation asks.
    pub fn bucket(&self) -> &str {
        self.request.bucket.as_deref().unwrap_or_default()
    }

    /// The key; empty for a bucket, where no operation asks.
    pub fn key(&self) -> &str {
        self.request.key.as_deref().unwrap_or_default()
    }

    /// Asks the evaluator about `operation` on an object of this request's bucket, or on the request's own place.
    pub fn rule(&self, operation: &Operation, key: Option<&str>) -> Ruling {
        let circumstances = Circumstances {
            source_ip: self.source_ip,
            user_agent: self.request.header("user-agent").unwrap_or_default(),
            now: self.now,
            prefix: self.request.param("prefix").unwrap_or_default(),
            delimiter: self.request.param("delimiter").unwrap_or_default(),
        };
        let place = (self.request.bucket.as_deref(), key);
        authorize(&self.world.accounts, self.caller, operation, place, circumstances)
    }
}

/// Answers one HTTP request.
pub async fn handle(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
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
    let mut body = Intake::new(body, parts.headers.contains_key(header::EXPECT));
    let outcome = match target::request_of(&parts, &world.region) {
        Ok(request) => {
            decision.path = described(&request);
            serve(&world, &request, &host, peer.ip(), now, &mut body, &mut decision).await
        }
        Err(error) => Err(error.into()),
    };
    let mut response = outcome.unwrap_or_else(|Failure(mut error)| {
        error.request_id.clone_from(&request_id);
        error.host_id.clone_from(&host);
        decision.error_code = error.code.to_string();
        decision.ec = error.ec.clone().unwrap_or_default();
        reply::refusal(&error, head)
    });
    body.drain().await;
    let elapsed = started.elapsed();
    reply::finish(&mut response, &request_id, now, elapsed.as_millis());
    decision.status = response.status().as_u16();
    decision.bytes_in = body.received;
    decision.bytes_out = if head { 0 } else { content_length(&response) };
    decision.duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    world.recorder.record(decision);
    response
}

async fn serve(
    world: &Arc<World>,
    request: &Request,
    host: &str,
    source_ip: IpAddr,
    now: OffsetDateTime,
    body: &mut Intake,
    decision: &mut Decision,
) -> Result<Response<Body>, Failure> {
    let operation = Operation::recognise(request);
    if let Ok(operation) = &operation {
        decision.operation = operation.name().to_owned();
        decision.action = operation.action().to_owned();
        decision.part_number = operation.part_number();
    }
    let mut findings = Findings::default();
    let authority = Authority { accounts: &world.accounts, sealer: &world.sealer, region: &world.region, now };
    let caller = authenticate(authority, request, &mut findings);
    decision.principal = findings.principal;
    decision.signature = findings.signature;
    let caller = &caller?;
    let operation = operation?;
    check_names(world, request, &operation).await?;
    let call = Call { world, caller, request, host, source_ip, now };
    let ruling = call.rule(&operation, request.key.as_deref());
    decision.resource = ruling.resource;
    decision.layers = ruling.layers;
    if let Some(refusal) = ruling.refusal {
        return Err(refusal.into());
    }
    ops::perform(&call, operation, body).await
}

/// The bucket exists, and the key may be one.
async fn check_names(world: &Arc<World>, request: &Request, operation: &Operation) -> Result<(), Failure> {
    let Some(bucket) = request.bucket.clone() else {
        return Ok(());
    };
    if BucketName::parse(&bucket).is_err() {
        return Err(OssError::new(OssCode::InvalidBucketName, "The specified bucket is not valid.")
            .ec("0015-00000001")
            .detail("BucketName", bucket)
            .into());
    }
    let name = bucket.clone();
    let exists = run(&world.store, move |store| store.index.bucket(&name)).await?.is_some();
    if !exists && *operation != Operation::PutBucket {
        return Err(OssError::new(OssCode::NoSuchBucket, "The specified bucket does not exist.")
            .ec("0015-00000101")
            .detail("BucketName", bucket)
            .into());
    }
    match &request.key {
        Some(key) if ObjectKey::parse(key).is_err() => {
            let ec = if key.len() > 1023 { "0016-00000002" } else { "0016-00000005" };
            Err(OssError::new(OssCode::InvalidObjectName, "The specified object is not valid.").ec(ec).into())
        }
        _ => Ok(()),
    }
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

/// The body of a request, counted as it is read.
#[derive(Debug)]
pub struct Intake {
    stream: Option<axum::body::BodyDataStream>,
    /// The client waits for a word before it sends; to read would be that word.
    expects: bool,
    /// Bytes read so far.
    pub received: u64,
}

/// How much of a refused request's body is still read, so that a client that sends first and reads later sees why.
const DRAINED: u64 = 16 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(5);

impl Intake {
    fn new(body: Body, expects: bool) -> Self {
        Self { stream: Some(body.into_data_stream()), expects, received: 0 }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// 400 when the client breaks off.
    pub async fn next(&mut self) -> Result<Option<bytes::Bytes>, OssError> {
        let Some(stream) = &mut self.stream else {
            return Ok(None);
        };
        match stream.next().await {
            Some(Ok(piece)) => {
                self.received += piece.len() as u64;
                Ok(Some(piece))
            }
            Some(Err(_)) => {
                self.stream = None;
                Err(OssError::new(OssCode::RequestTimeout, "The request body ended before its announced length."))
            }
            None => {
                self.stream = None;
                Ok(None)
            }
        }
    }

    /// The whole body, if it has at most `limit` bytes.
    ///
    /// # Errors
    /// 400 when it is longer, or the client breaks off.
    pub async fn collect(&mut self, limit: usize) -> Result<Vec<u8>, OssError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.next().await? {
            if whole.len() + piece.len() > limit {
                let message = format!("The request body has more than {limit} bytes.");
                return Err(OssError::new(OssCode::EntityTooLarge, message));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    async fn drain(&mut self) {
        if self.expects && self.received == 0 {
            return;
        }
        let until = self.received.saturating_add(DRAINED);
        let rest = async {
            while self.received < until {
                match self.next().await {
                    Ok(Some(_)) => {}
                    _ => break,
                }
            }
        };
        let _ = tokio::time::timeout(DRAIN_TIME, rest).await;
    }
}
