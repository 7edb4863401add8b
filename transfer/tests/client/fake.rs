//! A scripted OSS with a token route, on an ephemeral port of this machine: verifies signatures, keeps objects, and misbehaves on demand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response};
use percent_encoding::percent_decode_str;
use shared::bucket::BucketName;
use shared::clock::{Clock, ManualClock};
use shared::credentials::Credentials;
use shared::error::{OssCode, OssError};
use shared::object_key::ObjectKey;
use shared::region::{Endpoint, Region};
use shared::secret::Secret;
use shared::sign::{self, presented};
use shared::timefmt;
use shared::token::{Grant, GrantPlace, TokenReply};
use time::macros::datetime;
use tokio::sync::watch;
use transfer::{Client, ClientConfig, CredentialsSource, Event, Observer, Provider};

use crate::store::{Stored, operation, perform};

pub const BUCKET: &str = "photos";
pub const REGION: &str = "cn-hangzhou";
/// Tokens of the fake live as long as the shortest that STS gives.
pub const TOKEN_LIFE: time::Duration = time::Duration::minutes(15);

/// How one request is mistreated.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Refused with this status and code.
    Refuse(u16, &'static str),
    /// Done, and answered with a wrong CRC64.
    WrongCrc,
    /// Done, but the answer breaks off.
    Truncate,
    /// Never answered.
    Silence,
    /// Answered with a body that claims this many bytes.
    Claim(u64),
}

#[derive(Default)]
pub struct World {
    pub objects: BTreeMap<String, Stored>,
    pub uploads: BTreeMap<String, BTreeMap<u32, Bytes>>,
    /// Every request that was done or mistreated, by its operation: `UploadPart 2`.
    pub log: Vec<String>,
    pub tokens_issued: u32,
    /// Tokens up to this one have expired at OSS.
    pub tokens_expired: u32,
    /// What the token route answers instead of a token.
    pub token_answer: Option<(u16, String)>,
    /// The Authorization that the token route was shown, each time.
    pub token_shown: Vec<Option<String>>,
    /// What the route of upload records answers.
    pub records_answer: (u16, String),
    /// What that route was asked: the path with its query, and the Authorization.
    pub records_asked: Vec<(String, Option<String>)>,
    faults: VecDeque<(String, Fault)>,
    pub running: usize,
    pub most_running: usize,
    pub uploads_begun: u32,
}

#[derive(Clone)]
pub struct Fake {
    pub address: String,
    /// OSS's own clock.
    pub clock: Arc<ManualClock>,
    world: Arc<Mutex<World>>,
    log_length: Arc<watch::Sender<usize>>,
}

impl Fake {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            address: listener.local_addr().unwrap().to_string(),
            clock: Arc::new(ManualClock::new(datetime!(2024-06-01 12:00:00 UTC))),
            world: Arc::default(),
            log_length: Arc::new(watch::Sender::new(0)),
        };
        let router = Router::new().fallback(serve).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Mistreats the next requests whose log entry begins with `operation`, one fault each.
    pub fn mistreat(&self, operation: &str, faults: &[Fault]) {
        self.world().faults.extend(faults.iter().map(|fault| (operation.to_owned(), fault.clone())));
    }

    /// Log entries that begin with `operation`.
    pub fn count(&self, operation: &str) -> usize {
        self.world().log.iter().filter(|entry| entry.starts_with(operation)).count()
    }

    /// Waits for a log entry that begins with `operation`.
    pub async fn wait_for(&self, operation: &str) {
        self.wait_for_count(operation, 1).await;
    }

    /// Waits until as many log entries begin with `operation`.
    pub async fn wait_for_count(&self, operation: &str, count: usize) {
        let mut length = self.log_length.subscribe();
        let seen = length.wait_for(|_| self.count(operation) >= count);
        tokio::time::timeout(Duration::from_secs(10), seen).await.expect(operation).unwrap();
    }

    pub fn token_url(&self) -> String {
        format!("http://{}/token?user=alice", self.address)
    }

    /// Settings for this OSS, without waits between repetitions.
    pub fn config(&self) -> ClientConfig {
        let endpoint = Endpoint::parse(&format!("http://{}", self.address)).unwrap();
        let mut config =
            ClientConfig::new(endpoint, Region::parse(REGION).unwrap(), BucketName::parse(BUCKET).unwrap());
        config.retry_base_wait = Duration::ZERO;
        config.part_size = transfer::config::MIN_PART_SIZE;
        config
    }

    pub fn provider(&self, clock: &Arc<ManualClock>) -> Arc<Provider> {
        let source = CredentialsSource::AppServer { url: self.token_url(), bearer: None };
        Arc::new(Provider::new(source, clock.clone(), Observer::silent()).unwrap())
    }

    /// A client with tokens of this world, whose clock is right.
    pub fn client(&self, config: ClientConfig, observer: Observer) -> Client {
        Client::new(config, self.provider(&self.clock), self.clock.clone(), observer).unwrap()
    }

    /// A client with the usual settings that nobody observes.
    pub fn plain_client(&self) -> Client {
        self.client(self.config(), Observer::silent())
    }

    fn note(&self, entry: String) -> Option<Fault> {
        let mut world = self.world();
        let position = world.faults.iter().position(|(operation, _)| entry.starts_with(operation.as_str()));
        let fault = position.and_then(|position| world.faults.remove(position)).map(|(_, fault)| fault);
        world.log.push(entry);
        let length = world.log.len();
        drop(world);
        self.log_length.send_replace(length);
        fault
    }

    fn issue(&self) -> (u16, String) {
        let mut world = self.world();
        world.tokens_issued += 1;
        if let Some(answer) = &world.token_answer {
            return answer.clone();
        }
        let mut credentials = credentials(world.tokens_issued);
        credentials.expiration = Some(self.clock.now() + TOKEN_LIFE);
        (200, TokenReply::Granted(Grant { credentials, place: GrantPlace::default() }).to_json())
    }

    fn authenticate(&self, request: &sign::Request) -> Result<(), OssError> {
        let refuse = |code: &str| OssError::new(OssCode::from_wire(code), code);
        let shown = presented(request)?.ok_or_else(|| refuse("AccessDenied"))?;
        shown.check_time(self.clock.now(), REGION)?;
        let number = shown.access_key_id.strip_prefix("STS.").and_then(|number| number.parse::<u32>().ok());
        let known = credentials(number.ok_or_else(|| refuse("InvalidAccessKeyId"))?);
        if shown.security_token != known.security_token {
            return Err(refuse("InvalidSecurityToken"));
        }
        shown.verify(request, &known.access_key_secret).map_err(|_| refuse("SignatureDoesNotMatch"))?;
        if number <= Some(self.world().tokens_expired) {
            return Err(refuse("SecurityTokenExpired"));
        }
        Ok(())
    }
}

fn credentials(number: u32) -> Credentials {
    let mut credentials = Credentials::long_term(format!("STS.{number}"), Secret::new(format!("secret-{number}")));
    credentials.security_token = Some(Secret::new(format!("token+/={number}")));
    credentials
}

pub fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

/// A list that an observer fills.
pub fn recorder() -> (Observer, Arc<Mutex<Vec<Event>>>) {
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let heard = Arc::clone(&events);
    (Observer::new(move |event| heard.lock().unwrap().push(event.clone())), events)
}

async fn serve(State(fake): State<Fake>, request: Request) -> Response<Body> {
    if request.uri().path() == "/token" {
        fake.world().token_shown.push(shown(&request));
        let (status, body) = fake.issue();
        return Response::builder().status(status).body(Body::from(body)).unwrap();
    }
    if request.uri().path() == "/v1/uploads" {
        let mut world = fake.world();
        world.records_asked.push((request.uri().to_string(), shown(&request)));
        let (status, body) = world.records_answer.clone();
        return Response::builder().status(status).body(Body::from(body)).unwrap();
    }
    let (head, body) = request.into_parts();
    let signed = understand(&head);
    // Of a body that breaks off nothing is kept; nobody hears this answer.
    let Ok(body) = to_bytes(body, usize::MAX).await else { return stamped(&fake, 400, Vec::new(), Body::empty()) };
    let running = Running::begin(&fake);
    // Requests that the client runs at once shall be seen running at once.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let entry = operation(&signed);
    let operation = entry.split(' ').next().unwrap_or_default().to_owned();
    if let Err(error) = fake.authenticate(&signed) {
        fake.note(format!("refused {entry}"));
        return refusal(&fake, &signed, &error);
    }
    let fault = fake.note(entry);
    match fault {
        Some(Fault::Refuse(status, code)) => {
            let mut error = OssError::new(OssCode::from_wire(code), code);
            error.status = status;
            return refusal(&fake, &signed, &error);
        }
        Some(Fault::Silence) => {
            drop(running);
            std::future::pending::<()>().await;
        }
        Some(Fault::Claim(size)) => {
            let endless = futures_util::stream::pending::<std::io::Result<Bytes>>();
            return stamped(&fake, 200, vec![("content-length", size.to_string())], Body::from_stream(endless));
        }
        _ => {}
    }
    let outcome = perform(&mut fake.world(), &operation, &signed, body);
    let (mut headers, body) = match outcome {
        Ok(done) => done,
        Err(error) => return refusal(&fake, &signed, &error),
    };
    match fault {
        Some(Fault::WrongCrc) => {
            headers.retain(|(name, _)| *name != "x-oss-hash-crc64ecma");
            headers.push(("x-oss-hash-crc64ecma", "1".to_owned()));
        }
        Some(Fault::Truncate) => {
            headers.push(("content-length", (body.len() + 1).to_string()));
            let pieces = [Ok(body), Err(std::io::Error::other("torn"))];
            return stamped(&fake, 200, headers, Body::from_stream(futures_util::stream::iter(pieces)));
        }
        _ => {}
    }
    stamped(&fake, if signed.method == "DELETE" { 204 } else { 200 }, headers, Body::from(body))
}

fn shown(request: &Request) -> Option<String> {
    request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned())
}

/// Counts the requests that run at once.
struct Running(Fake);

impl Running {
    fn begin(fake: &Fake) -> Self {
        let mut world = fake.world();
        world.running += 1;
        world.most_running = world.most_running.max(world.running);
        Self(fake.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.world().running -= 1;
    }
}

fn understand(head: &Parts) -> sign::Request {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    // The bucket ends at the first literal slash; slashes within the key may be encoded.
    let (bucket, key) = head.uri.path().trim_start_matches('/').split_once('/').unwrap_or_default();
    let key = Some(decode(key)).filter(|key| !key.is_empty());
    let mut signed = sign::Request::new(head.method.as_str(), Some(bucket), key.as_deref());
    for pair in head.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        signed.query.push((decode(name), decode(value)));
    }
    for (name, value) in &head.headers {
        signed.headers.push((name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    }
    signed
}

fn refusal(fake: &Fake, request: &sign::Request, error: &OssError) -> Response<Body> {
    use base64::Engine;
    if request.method == "HEAD" {
        let carried = base64::engine::general_purpose::STANDARD.encode(error.to_xml());
        return stamped(fake, error.status, vec![("x-oss-err", carried)], Body::empty());
    }
    stamped(fake, error.status, Vec::new(), Body::from(error.to_xml()))
}

fn stamped(fake: &Fake, status: u16, headers: Vec<(&'static str, String)>, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status.try_into().unwrap();
    let out: &mut HeaderMap = response.headers_mut();
    for (name, value) in headers {
        out.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    out.insert("date", HeaderValue::from_str(&timefmt::http_date(fake.clock.now())).unwrap());
    out.insert("x-oss-request-id", HeaderValue::from_static("5C3D9175B6FC201293AD4890"));
    response
}
