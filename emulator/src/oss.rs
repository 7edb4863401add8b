//! The OSS service: each request is read, its sender proven, its operation allowed, then performed, answered and recorded.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Response, header};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use shared::bucket::BucketName;
use shared::clock::Clock;
use shared::decision::Decision;
use shared::error::{OssCode, OssError};
use shared::object_key::ObjectKey;
use shared::ram::PolicyDocument;
use shared::region::Region;
use shared::sign::Request;
use shared::timefmt;
use time::OffsetDateTime;

use crate::accounts::{Accounts, AccountsCell};
use crate::authenticate::{Authority, Caller, Findings, authenticate};
use crate::authorize::{Circumstances, Question, Ruling, authorize};
use crate::listen::Secure;
use crate::operation::{Op, Operation, Plane};
use crate::ops::{self, Failure};
use crate::pace::Pace;
use crate::recorder::Recorder;
use crate::session::Sealer;
use crate::settings::acl::Acl;
use crate::store::{BucketRecord, Found, ObjectRecord, Store, run};
use crate::sweep::{self, Sweeps};
use crate::{post, reply, rules, target};

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
    pub recorder: Recorder,
    /// How many pictures may be processed at once: the rest wait, and uploads are not starved.
    pub pictures: Arc<tokio::sync::Semaphore>,
    /// Whether V1 signatures are refused, as to new accounts.
    pub refuse_v1: bool,
    /// When lifecycle rules were carried out.
    pub sweeps: Sweeps,
    /// Sends the callbacks of uploads.
    pub callbacks: crate::callback::Caller,
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
struct Peer {
    ip: IpAddr,
    secure: bool,
}

/// One request on its way through the operations.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The world it happens in.
    pub world: &'a Arc<World>,
    /// The accounts as they were at arrival.
    pub accounts: &'a Accounts,
    /// Who asks.
    pub caller: &'a Caller<'a>,
    /// The request as it was signed.
    pub request: &'a Request,
    /// The host it was sent to.
    pub host: &'a str,
    /// The client's address.
    pub source_ip: IpAddr,
    /// Whether it came by TLS.
    pub secure: bool,
    /// The emulator's time at arrival.
    pub now: OffsetDateTime,
    /// Its id.
    pub request_id: &'a str,
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

    /// `http://host`, as the request was sent.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.host)
    }

    /// The version that is asked for; `None` for the current one.
    pub fn version(&self) -> Option<&str> {
        self.request.param("versionId").filter(|id| !id.is_empty())
    }

    /// The bucket's record.
    ///
    /// # Errors
    /// 404 when it has been deleted in the meantime.
    pub fn bucket_record(&self) -> Result<Arc<BucketRecord>, OssError> {
        self.world.store.index.bucket(self.bucket()).ok_or_else(|| no_such_bucket(self.bucket()))
    }

    /// Asks for a further right that the operation needs.
    ///
    /// # Errors
    /// 403 when policies and ACLs do not give it; 404 for a bucket that is not there.
    pub async fn require(&self, question: Question<'_>) -> Result<(), Failure> {
        match self.rule(question).await?.refusal {
            Some(refusal) => Err(refusal.into()),
            None => Ok(()),
        }
    }

    /// Asks for the right to tag, where the request brings tags for the object of `question`.
    ///
    /// # Errors
    /// As [`Call::require`].
    pub async fn require_tagging(&self, question: Question<'_>) -> Result<(), Failure> {
        if self.request.header("x-oss-tagging").is_none_or(str::is_empty) {
            return Ok(());
        }
        self.require(Question { action: "oss:PutObjectTagging", plane: Plane::Owner, ..question }).await
    }

    /// Asks policies, then ACLs.
    ///
    /// # Errors
    /// 404 for a bucket that is not there.
    pub async fn rule(&self, question: Question<'_>) -> Result<Ruling, Failure> {
        let bucket = match question.bucket {
            // A bucket that is about to be made has no record, and no policy.
            Some(name) => self.world.store.index.bucket(name),
            None => None,
        };
        let policy = bucket.as_deref().and_then(rules::bucket_policy);
        let circumstances = self.circumstances(question, bucket.as_deref(), policy.as_ref()).await?;
        let mut ruling = authorize(self.accounts, self.caller, question, policy.as_ref(), &circumstances);
        if ruling.undecided
            && matches!(question.plane, Plane::Read | Plane::Write)
            && let (Some(bucket), Some(record), Some(key)) = (question.bucket, &bucket, question.key)
        {
            let own = self.object_record((bucket, key), question.version).await?.map(|record| record.attributes.acl);
            let (acl, whose) = match own {
                Some(acl) if acl != Acl::Default => (acl, "object"),
                _ => (record.acl, "bucket"),
            };
            let acl = if rules::blocks_public_access(record) { Acl::Private } else { acl };
            ruling.ask_acl(question.plane, acl, whose);
        }
        Ok(ruling)
    }

    async fn object_record(
        &self,
        (bucket, key): (&str, &str),
        version: Option<&str>,
    ) -> Result<Option<ObjectRecord>, Failure> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let version = version.map(str::to_owned);
        let found = run(&self.world.store, move |store| store.index.find(&bucket, &key, version.as_deref())).await?;
        Ok(match found {
            Found::Object(record) => Some(*record),
            Found::DeleteMarker(_) | Found::Nothing => None,
        })
    }

    async fn circumstances(
        &self,
        question: Question<'_>,
        bucket: Option<&BucketRecord>,
        bucket_policy: Option<&PolicyDocument>,
    ) -> Result<Circumstances, Failure> {
        let mut keys = rules::request_keys(self.request, question, bucket);
        let identity = self.caller.identity_policies(self.accounts);
        let policies = identity.into_iter().chain(self.caller.session_policy()).chain(bucket_policy);
        // A look at the object's tags costs a read, which few policies are worth.
        if rules::mention(policies, "oss:ExistingObjectTag/")
            && let (Some(bucket), Some(key)) = (question.bucket, question.key)
            && let Some(record) = self.object_record((bucket, key), question.version).await?
        {
            let tags = record.attributes.tags.into_iter();
            keys.extend(tags.map(|tag| (format!("oss:ExistingObjectTag/{}", tag.key), tag.value)));
        }
        Ok(Circumstances {
            source_ip: self.source_ip,
            secure: self.secure,
            user_agent: self.request.header("user-agent").unwrap_or_default().to_owned(),
            now: self.now,
            keys,
        })
    }
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
    let mut body = Intake::new(body, parts.headers.contains_key(header::EXPECT));
    let request = target::request_of(&parts, &world.hosts);
    let outcome = match &request {
        Ok(request) => {
            decision.path = described(request);
            let peer = Peer { ip: peer.ip(), secure: secure.0 };
            serve((&world, &request_id), request, (&host, peer), now, &mut body, &mut decision).await
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
    decision.status = response.status().as_u16();
    decision.bytes_in = body.received;
    decision.bytes_out = if head { 0 } else { content_length(&response) };
    decision.duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    world.recorder.record(decision);
    response
}

async fn serve(
    (world, request_id): (&Arc<World>, &str),
    request: &Request,
    (host, peer): (&str, Peer),
    now: OffsetDateTime,
    body: &mut Intake,
    decision: &mut Decision,
) -> Result<Response<Body>, Failure> {
    let operation = Operation::recognise(request);
    if let Ok(operation) = &operation {
        operation.name().clone_into(&mut decision.operation);
        operation.action().clone_into(&mut decision.action);
        decision.part_number = request.param("partNumber").and_then(|number| number.parse().ok());
    }
    let mut findings = Findings::default();
    let accounts = world.accounts.snapshot();
    let (sealer, region) = (&world.sealer, &world.region);
    let authority = Authority { accounts: &accounts, sealer, region, refuse_v1: world.refuse_v1, now };
    let nobody = Caller::Anonymous;
    let (source_ip, secure) = (peer.ip, peer.secure);
    let call = Call { world, accounts: &accounts, caller: &nobody, request, host, source_ip, secure, now, request_id };
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
    let call = Call { caller, ..call };
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
        decision.layers = ruling.layers;
        if let Some(refusal) = ruling.refusal {
            return Err(refusal.into());
        }
        call.require_tagging(question).await?;
    }
    if let Some(name) = &request.bucket
        && let Some(bucket) = world.store.index.bucket(name)
    {
        ops::check_referer(caller, request, &bucket)?;
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

type Pieces = BoxStream<'static, Result<bytes::Bytes, OssError>>;

/// The body of a request, counted as it is read.
pub struct Intake {
    stream: Option<Pieces>,
    /// The client waits for a word before it sends; to read would be that word.
    expects: bool,
    /// Bytes read so far.
    pub received: u64,
    /// How fast they may come.
    pub pace: Option<Pace>,
}

/// How much of a refused request's body is still read, so that a client that sends first and reads later sees why.
const DRAINED: u64 = 16 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(5);

impl Intake {
    /// The body of a request; whether its client waits for a word before it sends.
    pub fn new(body: Body, expects: bool) -> Self {
        let broken = |_| OssError::new(OssCode::RequestTimeout, "The request body ended before its announced length.");
        let stream = body.into_data_stream().map_err(broken).boxed();
        Self { stream: Some(stream), expects, received: 0, pace: None }
    }

    /// What is still to come, for a reader that gives back what it leaves.
    pub fn take(&mut self) -> Pieces {
        self.stream.take().unwrap_or_else(|| futures_util::stream::empty().boxed())
    }

    /// From here on, the body is this.
    pub fn give(&mut self, stream: impl Stream<Item = Result<bytes::Bytes, OssError>> + Send + 'static) {
        self.stream = Some(stream.boxed());
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
                if let Some(pace) = &mut self.pace {
                    pace.take(piece.len() as u64).await;
                }
                Ok(Some(piece))
            }
            Some(Err(error)) => {
                self.stream = None;
                Err(error)
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
        self.pace = None;
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
