//! An emulator of one's own, and keys to it.

use std::sync::{Arc, Once};
use std::time::Duration;

use emulator::{Options, Ready, Running};
use shared::clock::{Clock, ShiftedClock};
use shared::credentials::Credentials;
use shared::decision::Decision;
use shared::secret::Secret;
use shared::sign::{SignVersion, Signer, rpc};
use shared::sts::{AssumeRole, AssumedRole, StsError};
use shared::timefmt;

use crate::raw::{Answer, Ask};

/// How long a story waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running emulator with a client that trusts nobody to sign for it.
#[derive(Debug)]
pub struct Stage {
    /// Where everything is.
    pub ready: Ready,
    /// The emulator's clock.
    pub clock: Arc<ShiftedClock>,
    /// Sends requests; uses no proxy, and over HTTPS trusts the emulator alone.
    pub http: reqwest::Client,
    running: Running,
}

/// Installs the TLS provider that reqwest asks for, once.
fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

impl Stage {
    /// An emulator with a temporary data folder.
    pub async fn open() -> Self {
        Self::with(Options::default()).await
    }

    /// An emulator with these options.
    pub async fn with(options: Options) -> Self {
        install_tls();
        let clock = Arc::new(ShiftedClock::new());
        let running = emulator::start(options, Arc::clone(&clock)).await.expect("the emulator starts");
        let client = || reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let mut http = client().build().expect("an HTTP client");
        if running.ready.oss_endpoint.starts_with("https:") {
            let url = format!("{}/ca.pem", running.ready.control_endpoint);
            let pem = http.get(url).send().await.expect("the control port answers").bytes().await.expect("a body");
            let authority = reqwest::Certificate::from_pem(&pem).expect("a certificate");
            http = client().tls_certs_only([authority]).build().expect("an HTTP client");
        }
        Self { ready: running.ready.clone(), clock, http, running }
    }

    /// Ends it and frees its folder.
    pub async fn close(self) {
        self.running.shutdown().await;
    }

    /// The RAM user's long-term key.
    pub fn user(&self) -> Credentials {
        Credentials::long_term(&self.ready.access_key_id, Secret::new(&self.ready.access_key_secret))
    }

    /// A temporary key for the role, narrowed by `policy`; 900 s.
    pub async fn assume(&self, policy: Option<&str>) -> Credentials {
        self.assume_as(&self.user(), policy).await.expect("the role is assumed").credentials
    }

    /// AssumeRole by `caller`, as STS answers it.
    pub async fn assume_as(&self, caller: &Credentials, policy: Option<&str>) -> Result<AssumedRole, StsError> {
        let ask = AssumeRole {
            role_arn: self.ready.role_arn.clone(),
            role_session_name: "story".to_owned(),
            duration_seconds: 900,
            policy: policy.map(str::to_owned),
            external_id: None,
        };
        let (status, body) = self.sts(caller, ask.parameters()).await;
        match status {
            200 => Ok(AssumedRole::from_json(&body).expect("a reply of STS")),
            _ => Err(StsError::from_json(status, &body).expect("an error of STS")),
        }
    }

    /// A call to STS with any parameters, rightly signed (RPC); status and body.
    pub async fn sts(&self, caller: &Credentials, parameters: Vec<(String, String)>) -> (u16, String) {
        let mut all = parameters;
        for (name, value) in [
            ("Format", "JSON".to_owned()),
            ("AccessKeyId", caller.access_key_id.clone()),
            ("SignatureMethod", "HMAC-SHA1".to_owned()),
            ("SignatureVersion", "1.0".to_owned()),
            ("SignatureNonce", nonce()),
            ("Timestamp", timefmt::iso8601(self.clock.now())),
        ] {
            if !all.iter().any(|(known, _)| known == name) {
                all.push((name.to_owned(), value));
            }
        }
        if let Some(token) = &caller.security_token {
            all.push(("SecurityToken".to_owned(), token.expose().to_owned()));
        }
        let signature = rpc::sign(&caller.access_key_secret, "POST", &all);
        all.push(("Signature".to_owned(), signature));
        let pairs = all.iter().map(|(k, v)| format!("{}={}", shared::sign::encode(k), shared::sign::encode(v)));
        let form = pairs.collect::<Vec<_>>().join("&");
        let request = self.http.post(format!("{}/", self.ready.sts_endpoint));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.expect("STS answers");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    /// A request to OSS, V4-signed in its headers by `key`.
    pub async fn ask(&self, key: &Credentials, ask: Ask) -> Answer {
        self.ask_signed(key, SignVersion::V4, ask).await
    }

    /// A request to OSS, signed in its headers by `key`.
    pub async fn ask_signed(&self, key: &Credentials, version: SignVersion, ask: Ask) -> Answer {
        let mut request = ask.request.clone();
        self.signer(key, version).sign_headers(&mut request);
        self.send(&request, ask.body).await
    }

    /// Signs at the emulator's time, for its region.
    pub fn signer<'a>(&'a self, key: &'a Credentials, version: SignVersion) -> Signer<'a> {
        Signer { credentials: key, region: &self.ready.region, version, now: self.clock.now() }
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: &shared::sign::Request, body: Vec<u8>) -> Answer {
        Answer::of(&self.http, &self.ready.oss_endpoint, request, body).await
    }

    /// The decisions so far, as the control port pages them.
    pub async fn decisions(&self) -> Vec<Decision> {
        let url = format!("{}/decisions", self.ready.control_endpoint);
        let text = self.http.get(url).send().await.expect("the control port answers").text().await.expect("a body");
        let page: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        serde_json::from_value(page["decisions"].clone()).expect("decisions")
    }

    /// Follows the decisions, those made before included, until `enough` says so; half a minute at most.
    pub async fn follow(&self, mut enough: impl FnMut(Decision) -> bool) {
        let url = format!("{}/decisions", self.ready.control_endpoint);
        let request = self.http.get(url).header("accept", "text/event-stream");
        let following = async {
            let (mut stream, mut text) = (request.send().await.expect("the control port answers"), Vec::new());
            while let Some(chunk) = stream.chunk().await.expect("the stream goes on") {
                text.extend_from_slice(&chunk);
                while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = text.drain(..=end).collect();
                    let Some(json) = line.strip_prefix(b"data: ") else { continue };
                    if enough(serde_json::from_slice(json).expect("a decision")) {
                        return true;
                    }
                }
            }
            false
        };
        let seen = tokio::time::timeout(PATIENCE, following).await.expect("what is waited for happens");
        assert!(seen, "the stream of decisions ended before");
    }
}

/// The policy that the app server's tokens carry by default, for a prefix.
pub fn token_policy(bucket: &str, prefix: &str) -> String {
    let template = include_str!("../../policy/bucket_read_write_policy.txt");
    let values = [("$BUCKET_NAME", bucket), ("$OBJECT_PREFIX", prefix)];
    shared::ram::template::substitute(template, &values).expect("the policy is filled in")
}

fn nonce() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("story-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
