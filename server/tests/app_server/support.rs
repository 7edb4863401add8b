//! What the stories share: an STS that verifies and remembers, a running app server, and plain requests to it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use server::App;
use server::config::Config;
use shared::clock::{Clock, ManualClock};
use shared::credentials::Credentials;
use shared::region::Endpoint;
use shared::secret::Secret;
use shared::sign::rpc;
use shared::timefmt;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

pub const KEY_ID: &str = "LTAI5tExampleKeyId00";
pub const KEY_SECRET: &str = "ExampleLongTermSecret";
pub const ROLE_ARN: &str = "acs:ram::1234567890123456:role/app-upload";
pub const TOKEN_SECRET: &str = "rpnwO9ExampleTokenSecret";
pub const SECURITY_TOKEN: &str = "CAES+wMIARKAAZhjH0EU/OIhJMQBMjRywXq7==";

/// What STS says when all is well, for a token that ends at `expiration`.
pub fn assumed_role(expiration: &str) -> String {
    format!(
        r#"{{"RequestId":"6894B13B","AssumedRoleUser":{{"AssumedRoleId":"1:direct-transfer","Arn":"{ROLE_ARN}/direct-transfer"}},"Credentials":{{"SecurityToken":"{SECURITY_TOKEN}","Expiration":"{expiration}","AccessKeySecret":"{TOKEN_SECRET}","AccessKeyId":"STS.NSExampleTokenKey"}}}}"#
    )
}

pub type Parameters = Vec<(String, String)>;

/// One question to the STS.
pub struct Call<'a> {
    /// From 0.
    pub number: usize,
    pub parameters: &'a Parameters,
}

impl Call<'_> {
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// When the sender says that it asks.
    pub fn time(&self) -> OffsetDateTime {
        timefmt::parse_iso8601(self.parameter("Timestamp")).unwrap()
    }
}

/// What the STS says to it.
pub struct Said {
    pub status: u16,
    pub body: String,
    /// By its clock.
    pub date: OffsetDateTime,
}

type Script = dyn Fn(&Call<'_>) -> Said + Send + Sync;

/// An STS on loopback: refuses a wrong signature as the real one does, and otherwise follows its script.
pub struct FakeSts {
    pub endpoint: Endpoint,
    /// Taken before each answer; there are very many places unless a story takes them away.
    pub gate: Arc<Semaphore>,
    seen: Arc<Seen>,
}

struct Seen {
    script: Box<Script>,
    gate: Arc<Semaphore>,
    calls: Mutex<Vec<Parameters>>,
}

impl FakeSts {
    /// The answer to the n-th call, from 0; its clock agrees with the caller's.
    pub async fn start(script: impl Fn(usize) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self::told(move |call| {
            let (status, body) = script(call.number);
            Said { status, body, date: call.time() }
        })
        .await
    }

    /// An STS whose every word is told.
    pub async fn told(script: impl Fn(&Call<'_>) -> Said + Send + Sync + 'static) -> Self {
        let gate = Arc::new(Semaphore::new(1_000_000));
        let seen = Arc::new(Seen { script: Box::new(script), gate: Arc::clone(&gate), calls: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
        let address = spawn(router).await;
        Self { endpoint: Endpoint::parse(&format!("http://{address}")).unwrap(), gate, seen }
    }

    /// An STS that always gives a token.
    pub async fn granting() -> Self {
        Self::start(|_| (200, assumed_role("2017-12-12T07:49:09Z"))).await
    }

    /// An STS whose tokens live as long as they are asked for.
    pub async fn granting_for_a_while() -> Self {
        Self::told(|call| {
            let life = call.parameter("DurationSeconds").parse().unwrap_or_default();
            let expires = timefmt::iso8601(call.time() + time::Duration::seconds(life));
            Said { status: 200, body: assumed_role(&expires), date: call.time() }
        })
        .await
    }

    /// The decoded parameters of every call so far.
    pub fn calls(&self) -> Vec<Parameters> {
        self.seen.calls.lock().unwrap().clone()
    }
}

async fn answer(State(seen): State<Arc<Seen>>, method: Method, uri: Uri, headers: HeaderMap, body: String) -> Response {
    assert_eq!((method.as_str(), uri.to_string().as_str()), ("POST", "/"));
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    let as_query: Uri = format!("/?{body}").parse().unwrap();
    let Query(parameters) = Query::<Parameters>::try_from_uri(&as_query).unwrap();
    let signed = rpc::verify(&Secret::new(KEY_SECRET), "POST", &parameters);
    let number = {
        let mut calls = seen.calls.lock().unwrap();
        calls.push(parameters.clone());
        calls.len() - 1
    };
    let _place = seen.gate.acquire().await.unwrap();
    let call = Call { number, parameters: &parameters };
    let said = match signed || call.parameter("Action") == "AssumeRoleWithOIDC" {
        true => (seen.script)(&call),
        false => {
            let body = r#"{"Code":"SignatureDoesNotMatch","Message":"fake"}"#.to_owned();
            Said { status: 400, body, date: call.time() }
        }
    };
    let headers = [("location", "http://127.0.0.1:1/elsewhere".to_owned()), ("date", timefmt::http_date(said.date))];
    (StatusCode::from_u16(said.status).unwrap(), headers, said.body).into_response()
}

/// Serves these routes on a free port until the test ends.
pub async fn spawn(routes: impl server::Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::serve(listener, routes, std::future::pending()));
    address
}

/// The five keys of the document, whole role, at this STS.
pub fn config(sts: &Endpoint) -> Config {
    Config::new(Credentials::long_term(KEY_ID, Secret::new(KEY_SECRET)), ROLE_ARN, sts.clone())
}

/// The app that these settings make; its clock stands at 2017-12-12T07:34:09Z.
pub fn app(config: Config) -> Arc<App> {
    app_and_clock(config).0
}

/// The same, with the clock in hand.
pub fn app_and_clock(config: Config) -> (Arc<App>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(datetime!(2017-12-12 07:34:09 UTC)));
    (App::new(config, Arc::clone(&clock) as Arc<dyn Clock>).unwrap(), clock)
}

/// Serves an app; returns its root URL, without a slash at the end.
pub async fn serving(app: &Arc<App>) -> String {
    format!("http://{}", spawn(server::router(Arc::clone(app))).await)
}

/// Runs an app server; returns its root URL, without a slash at the end.
pub async fn app_server(config: Config) -> String {
    serving(&app(config)).await
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The value of a header; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub async fn ask(method: &str, url: &str, body: Vec<u8>) -> Answer {
    ask_with(method, url, &[], body).await
}

/// A request with headers.
pub async fn ask_with(method: &str, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let request = client.request(method.parse().unwrap(), url).body(body);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.text().await.unwrap() }
}

pub async fn get(url: &str) -> Answer {
    ask("GET", url, Vec::new()).await
}

/// The settings of a server with sections, at this STS; relative paths are in `folder`.
pub fn settings(sts: &Endpoint, sections: &serde_json::Value) -> String {
    let mut settings = serde_json::json!({
        "AccessKeyID": KEY_ID, "AccessKeySecret": KEY_SECRET, "RoleArn": ROLE_ARN, "TokenExpireTime": "3600",
        "PolicyFile": "", "StsEndpoint": sts.to_string(), "Bucket": "photos", "Region": "cn-hangzhou",
    });
    for (key, value) in sections.as_object().unwrap() {
        settings[key] = value.clone();
    }
    settings.to_string()
}

/// A running app server whose clock the test moves; it stands at 2017-12-12T07:34:09Z.
pub struct World {
    pub url: String,
    pub app: Arc<App>,
    pub clock: Arc<ManualClock>,
    pub sts: FakeSts,
    pub folder: tempfile::TempDir,
}

impl World {
    /// With these sections; `files` are written beside the configuration first.
    pub async fn open(sections: &serde_json::Value, files: &[(&str, &str)]) -> Self {
        let (sts, folder) = (FakeSts::granting().await, tempfile::tempdir().unwrap());
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let config = Config::parse(&settings(&sts.endpoint, sections), &folder.path().join("config.json")).unwrap();
        let clock = Arc::new(ManualClock::new(datetime!(2017-12-12 07:34:09 UTC)));
        let app = App::new(config, Arc::clone(&clock) as Arc<dyn shared::clock::Clock>).unwrap();
        let url = format!("http://{}", spawn(server::router(Arc::clone(&app))).await);
        Self { url, app, clock, sts, folder }
    }

    /// What the settings with these sections are refused for.
    pub fn refused(sections: &serde_json::Value, files: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let endpoint = Endpoint::parse("http://127.0.0.1:1").unwrap();
        match Config::parse(&settings(&endpoint, sections), &folder.path().join("config.json")) {
            Err(error) => error.to_string(),
            Ok(config) => match App::new(config, Arc::new(shared::clock::SystemClock)) {
                Err(error) => error.to_string(),
                Ok(_) => String::new(),
            },
        }
    }

    /// The time of its clock, as JWTs and URLs write it.
    pub fn now(&self) -> i64 {
        shared::clock::Clock::now(&*self.clock).unix_timestamp()
    }

    /// Asks both routes with this query and bearer, which must agree: the folder of the token, or `status code`.
    pub async fn outcome(&self, query: &str, bearer: Option<&str>) -> String {
        let authorization = bearer.map(|bearer| format!("Bearer {bearer}"));
        let headers: Vec<(&str, &str)> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        self.outcome_of(query, &headers).await
    }

    /// As [`World::outcome`], with any headers.
    pub async fn outcome_of(&self, query: &str, headers: &[(&str, &str)]) -> String {
        let sdk = ask_with("GET", &format!("{}/sts?{query}", self.url), headers, Vec::new()).await;
        let rest = ask_with("GET", &format!("{}/v1/token?{query}", self.url), headers, Vec::new()).await;
        let (of_sdk, of_rest) = (sdk.json(), rest.json());
        assert_eq!(sdk.status, 200, "Android reads no body of an HTTP error: {}", sdk.body);
        assert_eq!(rest.header("cache-control"), "no-store");
        if rest.status == 200 {
            assert_eq!(of_sdk["StatusCode"], 200, "{}", sdk.body);
            assert_eq!(of_sdk["ObjectPrefix"], of_rest["ObjectPrefix"]);
            return of_rest["ObjectPrefix"].as_str().unwrap_or("-").to_owned();
        }
        assert_eq!((&of_sdk["StatusCode"], &of_sdk["ErrorCode"]), (&serde_json::json!(500), &of_rest["ErrorCode"]));
        assert_eq!(of_rest["StatusCode"], rest.status);
        assert_eq!(rest.header("www-authenticate"), if rest.status == 401 { "Bearer" } else { "" });
        assert_eq!(rest.header("retry-after").is_empty(), rest.status != 503, "{}", rest.body);
        format!("{} {}", rest.status, of_rest["ErrorCode"].as_str().unwrap())
    }

    /// Asks `/v1/token` alone: the folder of the token, or `status code`.
    pub async fn outcome_once(&self, query: &str, bearer: &str) -> String {
        let bearer = format!("Bearer {bearer}");
        let url = format!("{}/v1/token?{query}", self.url);
        let answer = ask_with("GET", &url, &[("authorization", &bearer)], Vec::new()).await;
        let body = answer.json();
        match answer.status {
            200 => body["ObjectPrefix"].as_str().unwrap_or("-").to_owned(),
            status => format!("{status} {}", body["ErrorCode"].as_str().unwrap()),
        }
    }

    /// The parameters of the last call of STS.
    pub fn asked(&self, name: &str) -> String {
        let last = self.sts.calls().pop().unwrap();
        last.into_iter().find(|(known, _)| known == name).map(|(_, value)| value).unwrap_or_default()
    }
}

/// Runs another service on loopback, such as an issuer of keys or a login; its root URL.
pub async fn service(router: Router) -> String {
    format!("http://{}", spawn(router).await)
}
