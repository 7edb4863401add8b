//! What is counted, in Prometheus's text form; no name, address or key ever becomes a label.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// From a cached token to the deadline of STS, in seconds.
const REQUEST_BUCKETS: [f64; 9] = [0.000_5, 0.001, 0.002, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0];
const STS_BUCKETS: [f64; 8] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 2.0, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: &'static str,
    status: u16,
}

/// A token, or a refusal in the token contract.
const TOKEN_WELL: Request = Request { route: "token", status: 200 };

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct By {
    by: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct From {
    from: &'static str,
}

/// The counters of one app server.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    request_seconds: Histogram,
    /// By far the most of them.
    requests_well: Counter,
    tokens_cached: Counter,
    tokens_asked: Counter,
    refusals: Family<Code, Counter>,
    limited: Family<By, Counter>,
    sts_calls: Family<Code, Counter>,
    sts_seconds: Histogram,
    connections: Gauge,
    cache_tokens: Gauge,
    cache_bytes: Gauge<u64, AtomicU64>,
    reloads: Family<Code, Counter>,
    uploads_waiting: Gauge,
    uploads_database_away: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("direct_transfer"),
            requests: Family::default(),
            request_seconds: Histogram::new(REQUEST_BUCKETS),
            requests_well: Counter::default(),
            tokens_cached: Counter::default(),
            tokens_asked: Counter::default(),
            refusals: Family::default(),
            limited: Family::default(),
            sts_calls: Family::default(),
            sts_seconds: Histogram::new(STS_BUCKETS),
            connections: Gauge::default(),
            cache_tokens: Gauge::default(),
            cache_bytes: Gauge::default(),
            reloads: Family::default(),
            uploads_waiting: Gauge::default(),
            uploads_database_away: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let tokens = Family::<From, Counter>::new_with_constructor(Counter::default);
        self.tokens_cached = tokens.get_or_create_owned(&From { from: "cache" });
        self.tokens_asked = tokens.get_or_create_owned(&From { from: "sts" });
        self.requests_well = self.requests.get_or_create_owned(&TOKEN_WELL);
        let registry = &mut self.registry;
        registry.register("requests", "Requests by route and HTTP status", self.requests.clone());
        registry.register("request_seconds", "Time from a request's head to its answer", self.request_seconds.clone());
        registry.register("tokens", "Tokens handed out, from the cache or from STS", tokens);
        registry.register("refusals", "Tokens refused, by code", self.refusals.clone());
        registry.register("limited", "Requests and connections held off by a limit", self.limited.clone());
        registry.register("sts_calls", "Calls of STS by their outcome", self.sts_calls.clone());
        registry.register("sts_call_seconds", "Time of one call of STS", self.sts_seconds.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register("cache_tokens", "Tokens in the cache", self.cache_tokens.clone());
        registry.register("cache_bytes", "Bytes that the cached tokens take", self.cache_bytes.clone());
        registry.register("reloads", "Reloads of the configuration by their outcome", self.reloads.clone());
        let waiting = self.uploads_waiting.clone();
        registry.register("uploads_waiting", "Uploads that wait on this server's disk for their database", waiting);
        let away = self.uploads_database_away.clone();
        registry.register("uploads_database_away", "1 while the database of uploads is away", away);
    }

    /// A request was answered.
    pub fn answered(&self, route: &'static str, status: u16, after: Duration) {
        match (Request { route, status }) {
            TOKEN_WELL => self.requests_well.inc(),
            other => self.requests.get_or_create(&other).inc(),
        };
        self.request_seconds.observe(after.as_secs_f64());
    }

    /// A token was handed out.
    pub fn vended(&self, from_cache: bool) {
        if from_cache {
            self.tokens_cached.inc()
        } else {
            self.tokens_asked.inc()
        };
    }

    /// A token was refused.
    pub fn refused(&self, code: &str) {
        count(&self.refusals, code);
    }

    /// A limit held a request off (`identity`, `address`, `failures` or `sts`), or a connection (`connections`).
    pub fn limited(&self, by: &'static str) {
        self.limited.get_or_create(&By { by }).inc();
    }

    /// STS was asked; `code` is `OK` or why not.
    pub fn sts_called(&self, code: &str, took: Duration) {
        count(&self.sts_calls, code);
        self.sts_seconds.observe(took.as_secs_f64());
    }

    /// The configuration was read again; `code` is `OK` or `refused`.
    pub fn reloaded(&self, code: &str) {
        count(&self.reloads, code);
    }

    /// Connections are counted while what this returns is held.
    pub fn connection(&self) -> Connection {
        self.connections.inc();
        Connection(self.connections.clone())
    }

    /// Everything as text; `cache` is how many tokens are held, and their bytes; `uploads` whether their database is away, and
    /// how many wait for it.
    pub fn text(&self, cache: (usize, u64), uploads: (bool, usize)) -> String {
        self.uploads_database_away.set(i64::from(uploads.0));
        self.uploads_waiting.set(i64::try_from(uploads.1).unwrap_or(i64::MAX));
        self.cache_tokens.set(i64::try_from(cache.0).unwrap_or(i64::MAX));
        self.cache_bytes.set(cache.1);
        let mut out = String::new();
        // A String takes everything.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

/// Codes are STS's and ours, never a caller's invention.
fn count(family: &Family<Code, Counter>, code: &str) {
    family.get_or_create(&Code { code: code.to_owned() }).inc();
}

/// An open connection.
#[derive(Debug)]
pub struct Connection(Gauge);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
