//! What the same seed and clock give again: nothing here depends on ports, ids that are drawn, or how long things took.

use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};
use shared::crc64::crc64;
use shared::decision::{Decision, LayerOutcome};
use shared::ram::template::fill_in;
use shared::ram::{Observed, minimal, prove};
use shared::timefmt;

use super::log::Span;
use super::matrix::Matrix;
use super::requests::{Asked, signature};
use crate::flow::{FlowError, MULTIPART, measure};
use crate::report::{Outcome, Report};
use crate::world::{PREFIX, TOKEN_SECONDS, World};

/// What a step may tell that is the same in each run.
const STABLE: [&str; 14] = [
    "prefix",
    "object",
    "bytes",
    "parts",
    "CRC64",
    "MD5",
    "process",
    "pixels",
    "HTTP",
    "code",
    "EC",
    "apps",
    "calls of STS",
    "tokens",
];

/// See the module.
#[derive(Debug, Serialize)]
pub struct Facts {
    /// Name and version of what ran.
    pub program: String,
    /// Where the chance in the picture began.
    pub seed: u64,
    /// What the world's clock read at first, to the second.
    pub clock: String,
    /// Whether every step did what it must.
    pub ok: bool,
    /// Where the tokens led.
    pub bucket: String,
    pub region: String,
    pub prefix: String,
    /// The role that tokens were issued for.
    pub role: String,
    /// How long they live.
    pub token_seconds: u32,
    /// The picture that was uploaded.
    pub picture: File,
    pub steps: Vec<Step>,
    pub requests: Vec<RequestFacts>,
    /// Of the multipart upload.
    pub parts: Vec<Part>,
    /// What OSS made of the picture.
    pub results: Vec<Picture>,
    /// The session policy, filled in.
    pub policy: Value,
    pub matrix: Matrix,
    /// The smallest policy for this run; absent when nothing was allowed.
    pub minimal: Option<Minimal>,
}

/// A file.
#[derive(Debug, Serialize)]
pub struct File {
    pub bytes: u64,
    /// In decimal, as OSS writes it.
    pub crc64: String,
    pub md5: String,
}

/// A step of the flow.
#[derive(Debug, Serialize)]
pub struct Step {
    pub number: usize,
    pub name: &'static str,
    pub outcome: Outcome,
    /// How often an app asked the app server for a token.
    pub token_requests: u32,
    pub detail: Map<String, Value>,
}

/// A request to OSS or STS, and what was decided.
#[derive(Debug, Serialize)]
pub struct RequestFacts {
    /// The number of its step.
    pub step: usize,
    pub service: String,
    pub method: String,
    pub operation: String,
    pub action: String,
    pub path: String,
    pub resource: String,
    /// `anonymous`, `root`, `user` or `role`.
    pub principal: String,
    pub signature: String,
    pub layers: Vec<LayerOutcome>,
    /// 0 when it was left without an answer.
    pub status: u16,
    pub error_code: String,
    pub ec: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// Of its body, where it went to OSS and was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_in: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// A part of the multipart upload.
#[derive(Debug, Serialize)]
pub struct Part {
    pub number: u32,
    /// Where it begins in the file.
    pub offset: u64,
    pub bytes: u64,
    /// Of the file's bytes there; OSS's was compared when the part was sent.
    pub crc64: String,
    /// How often it was sent.
    pub sent: usize,
}

/// A picture that came from OSS.
#[derive(Debug, Serialize)]
pub struct Picture {
    pub name: String,
    pub process: String,
    pub pixels: String,
    pub bytes: u64,
    pub crc64: String,
}

/// The smallest policy for the run, and the proof.
#[derive(Debug, Serialize)]
pub struct Minimal {
    pub policy: Value,
    /// Requests that were replayed under it.
    pub replayed: usize,
    /// Whether all came out as they did, and no action of the policy could go.
    pub holds: bool,
    /// What taking each action out would do.
    pub removals: Vec<Removal>,
}

/// One action taken out.
#[derive(Debug, Serialize)]
pub struct Removal {
    pub action: String,
    /// How many requests would be refused then.
    pub refused: usize,
}

/// Puts them together.
///
/// # Errors
/// [`FlowError`] when the picture cannot be read, or the policy not filled in.
pub fn of(
    world: &World,
    report: &Report,
    (spans, requests): (&[Span], &[Asked]),
    matrix: Matrix,
    (image, seed): (&Path, u64),
) -> Result<Facts, FlowError> {
    let local = measure(image)?;
    let ready = &world.emulator;
    let fail = |error: &dyn std::fmt::Display| FlowError::Unexpected(error.to_string());
    let policy = fill_in(&world.policy, &[("$BUCKET_NAME", &ready.bucket), ("$OBJECT_PREFIX", PREFIX)]);
    Ok(Facts {
        program: format!("Direct Transfer {}", env!("CARGO_PKG_VERSION")),
        seed,
        clock: timefmt::iso8601(world.first_time),
        ok: report.ok,
        bucket: ready.bucket.clone(),
        region: ready.region.clone(),
        prefix: PREFIX.to_owned(),
        role: ready.role_arn.clone(),
        token_seconds: TOKEN_SECONDS,
        picture: File { bytes: local.size, crc64: local.crc64.to_string(), md5: local.md5 },
        steps: report.steps.iter().zip(spans).map(|(step, span)| step_of(step, span)).collect(),
        requests: requests.iter().map(request_of).collect(),
        parts: parts_of(requests, image)?,
        results: report
            .steps
            .iter()
            .filter_map(|step| result_of(&step.detail).transpose())
            .collect::<Result<_, _>>()?,
        policy: policy.map_err(|error| fail(&error))?,
        matrix,
        minimal: minimal_of(requests, &format!("{}/{PREFIX}", ready.bucket)).map_err(|error| fail(&error))?,
    })
}

fn step_of(step: &crate::report::Step, span: &Span) -> Step {
    let stable = step.detail.iter().filter(|(name, _)| STABLE.contains(&name.as_str()));
    Step {
        number: step.number,
        name: step.name,
        outcome: step.outcome,
        token_requests: span.token_requests,
        detail: stable.map(|(name, value)| (name.clone(), value.clone())).collect(),
    }
}

fn request_of(asked: &Asked) -> RequestFacts {
    let Decision { service, method, operation, action, path, resource, .. } = &*asked.decision;
    let decision = &asked.decision;
    RequestFacts {
        step: asked.step + 1,
        service: service.clone(),
        method: method.clone(),
        operation: operation.clone(),
        action: action.clone(),
        path: path.clone(),
        resource: resource.clone(),
        principal: decision.principal.kind.clone(),
        signature: signature(&decision.signature),
        layers: decision.layers.clone(),
        status: decision.status,
        error_code: decision.error_code.clone(),
        ec: decision.ec.clone(),
        part: decision.part_number,
        bytes_in: (service == "oss" && decision.status != 0).then_some(decision.bytes_in),
        faults: decision.faults.clone(),
    }
}

/// The parts that OSS took, in the order of the file.
fn parts_of(requests: &[Asked], image: &Path) -> Result<Vec<Part>, FlowError> {
    let bytes = read(image)?;
    let sent: Vec<&Decision> = requests
        .iter()
        .map(|asked| &*asked.decision)
        .filter(|decision| decision.operation == "UploadPart" && decision.path.ends_with(MULTIPART))
        .collect();
    let mut parts: Vec<Part> = Vec::new();
    let mut offset = 0;
    for decision in sent.iter().filter(|decision| decision.status == 200) {
        let number = decision.part_number.unwrap_or_default();
        if parts.last().is_some_and(|last| last.number == number) {
            continue;
        }
        let (from, to) = (offset as usize, (offset + decision.bytes_in) as usize);
        parts.push(Part {
            number,
            offset,
            bytes: decision.bytes_in,
            crc64: crc64(bytes.get(from..to).unwrap_or_default()).to_string(),
            sent: sent.iter().filter(|other| other.part_number == decision.part_number).count(),
        });
        offset += decision.bytes_in;
    }
    Ok(parts)
}

fn result_of(detail: &Map<String, Value>) -> Result<Option<Picture>, FlowError> {
    let text = |name: &str| detail.get(name).and_then(Value::as_str);
    let (Some(process), Some(pixels), Some(saved)) = (text("process"), text("pixels"), text("saved")) else {
        return Ok(None);
    };
    let path = Path::new(saved);
    let bytes = read(path)?;
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    Ok(Some(Picture {
        name: name.to_owned(),
        process: process.to_owned(),
        pixels: pixels.to_owned(),
        bytes: bytes.len() as u64,
        crc64: crc64(&bytes).to_string(),
    }))
}

/// What the picture became: name, media type, bytes.
///
/// # Errors
/// [`FlowError::File`].
pub fn pictures_of(report: &Report) -> Result<Vec<(String, String, Vec<u8>)>, FlowError> {
    let saved = report.steps.iter().filter_map(|step| step.detail.get("saved").and_then(Value::as_str));
    saved
        .map(|saved| {
            let bytes = read(Path::new(saved))?;
            let kind = image::guess_format(&bytes).map_or("application/octet-stream", |format| format.to_mime_type());
            let name = Path::new(saved).file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            Ok((name.to_owned(), kind.to_owned(), bytes))
        })
        .collect()
}

/// The smallest policy for what OSS allowed, held against what it refused by policy.
fn minimal_of(requests: &[Asked], folder: &str) -> Result<Option<Minimal>, shared::ram::PolicyError> {
    let run: Vec<Observed> = requests.iter().filter_map(|asked| Observed::of(&asked.decision)).collect();
    let Some(policy) = minimal(&run, folder) else { return Ok(None) };
    let proof = prove(&policy, &run)?;
    let removals = proof.removals.iter();
    let removals = removals.map(|removal| Removal { action: removal.action.clone(), refused: removal.lost.len() });
    Ok(Some(Minimal { policy, replayed: run.len(), holds: proof.holds(), removals: removals.collect() }))
}

fn read(path: &Path) -> Result<Vec<u8>, FlowError> {
    std::fs::read(path).map_err(|source| FlowError::File { path: path.to_owned(), source })
}
