//! The STS service: AssumeRole and GetCallerIdentity, both signature versions, GET and POST (`token-server.md` §3).

mod actions;
mod call;
mod nonces;
mod throttle;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::response::IntoResponse;
use shared::decision::{Decision, LayerOutcome};
use shared::fault::Service;
use shared::sts::StsError;
use shared::timefmt;
use time::OffsetDateTime;

use crate::faults::{Strike, Subject};
use crate::listen::Secure;
use crate::oss::World;
use crate::{reply, request_id, target};

use nonces::Nonces;
use throttle::Throttle;

/// What the STS service needs beside the world.
#[derive(Debug)]
pub struct Sts {
    world: Arc<World>,
    /// Nonces seen in the last half hour.
    nonces: Nonces,
    assume_role: Throttle,
    get_caller_identity: Throttle,
}

impl Sts {
    /// The service of `world`, which takes `rate` calls a second of each action; any number when it is `None`.
    pub fn new(world: Arc<World>, rate: Option<NonZeroU32>) -> Self {
        let (assume_role, get_caller_identity) = (Throttle::new(rate), Throttle::new(rate));
        Self { world, nonces: Nonces::default(), assume_role, get_caller_identity }
    }
}

/// One request as it came.
#[derive(Debug)]
pub struct Arrival<'a> {
    parts: &'a Parts,
    body: &'a [u8],
    source_ip: IpAddr,
    /// Whether it came by TLS.
    secure: bool,
    /// The emulator's time at arrival.
    now: OffsetDateTime,
    request_id: &'a str,
}

/// The longest request body, in bytes: a policy of 2,048 characters, encoded, and the rest.
const MAX_BODY: usize = 64 * 1024;

/// A reply in both formats that a client may ask for.
#[derive(Debug)]
pub struct Reply {
    json: String,
    xml: String,
}

/// What was found out on the way, for the record.
#[derive(Debug, Default)]
pub struct Trail {
    principal: shared::decision::Principal,
    signature: shared::decision::SignatureOutcome,
    action: String,
    resource: String,
    layers: Vec<LayerOutcome>,
    wants_xml: bool,
}

/// Answers one HTTP request.
pub async fn handle(
    State(sts): State<Arc<Sts>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(secure): Extension<Secure>,
    request: axum::extract::Request,
) -> Response<Body> {
    let started = Instant::now();
    let now = sts.world.clock.now();
    let id = uuid_like(&request_id());
    let (parts, body) = request.into_parts();
    let host = target::host_of(&parts);
    let mut trail = Trail::default();
    let mut strike = None;
    let (outcome, bytes_in) = match axum::body::to_bytes(body, MAX_BODY).await {
        Ok(body) => {
            let arrival =
                Arrival { parts: &parts, body: &body, source_ip: peer.ip(), secure: secure.0, now, request_id: &id };
            if sts.world.faults.are_set() {
                strike = strike_of(&sts, &arrival).await;
            }
            (serve(&sts, &arrival, strike.as_ref(), &mut trail), body.len())
        }
        Err(_) => (Err(StsError::new(400, "InvalidParameter", "The request body is too long or was cut off.")), 0),
    };
    let (status, error_code, text) = match outcome {
        Ok(reply) => (200, String::new(), if trail.wants_xml { reply.xml } else { reply.json }),
        Err(mut error) => {
            error.request_id.clone_from(&id);
            let text = if trail.wants_xml { error.to_xml(&host) } else { error.to_json(&host) };
            (error.status, error.code, text)
        }
    };
    let mut bytes_out = text.len() as u64;
    let mut response = reply::typed(
        if trail.wants_xml { "text/xml;charset=utf-8" } else { "application/json;charset=utf-8" },
        text.into(),
    );
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply::set(&mut response, header::DATE, &timefmt::http_date(now));
    reply::set(&mut response, header::CACHE_CONTROL, "no-store");
    reply::set_named(&mut response, "x-acs-request-id", &id);
    let mut status = status;
    if let Some(strike) = &strike {
        response = match strike.drops_before(&HeaderMap::new()).map_or_else(|| strike.answer(response), Err) {
            Ok(response) => response,
            Err(cut) => {
                (status, bytes_out) = (0, 0);
                cut.into_response()
            }
        };
    }
    sts.world.recorder.record(Decision {
        time: timefmt::iso8601_millis(now),
        service: "sts".to_owned(),
        request_id: id,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        principal: trail.principal,
        operation: trail.action.clone(),
        action: if trail.action.is_empty() { String::new() } else { format!("sts:{}", trail.action) },
        resource: trail.resource,
        signature: trail.signature,
        layers: trail.layers,
        status,
        error_code,
        faults: strike.map(|strike| strike.names()).unwrap_or_default(),
        bytes_in: bytes_in as u64,
        bytes_out,
        duration_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        ..Decision::default()
    });
    response
}

/// The faults that strike a call, once they have made it wait.
async fn strike_of(sts: &Sts, arrival: &Arrival<'_>) -> Option<Strike> {
    let operation = call::action(arrival);
    let subject = Subject {
        service: Service::Sts,
        operation: &operation,
        method: arrival.parts.method.as_str(),
        key: "",
        part: None,
        has_token: false,
        has_callback: false,
    };
    let strike = sts.world.faults.strike(subject)?;
    strike.wait().await;
    Some(strike)
}

fn serve(sts: &Sts, arrival: &Arrival<'_>, strike: Option<&Strike>, trail: &mut Trail) -> Result<Reply, StsError> {
    let before = strike.is_some_and(|strike| strike.drops_before(&HeaderMap::new()).is_some());
    match strike.and_then(Strike::sts_refusal) {
        None if !before => call::serve(sts, arrival, trail),
        refusal => {
            // A call that is not served is named all the same, and refused in the format that it asks for.
            trail.action = call::action(arrival);
            trail.wants_xml = call::wants_xml(arrival);
            Err(refusal.unwrap_or_else(|| StsError::new(500, "", "")))
        }
    }
}

/// STS's request ids look like UUIDs.
fn uuid_like(hex: &str) -> String {
    let padded = format!("{hex:0<32}");
    let piece = |from: usize, to: usize| padded.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", piece(0, 8), piece(8, 12), piece(12, 16), piece(16, 20), piece(20, 32))
}
