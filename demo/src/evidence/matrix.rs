//! The policy matrix of the run's tokens: what the lab predicts for each cell, and what OSS answers.

use client_ui::command::Place;
use client_ui::lab::analysis::{Cell as Predicted, Leak};
use client_ui::lab::grid::{ROWS, Spot};
use client_ui::lab::{Lab, Sheet};
use serde::Serialize;
use shared::clock::Clock;
use shared::error::OssCode;
use shared::object_key::ObjectKey;
use shared::ram::{LayerVerdict, Outcome};
use transfer::probe::Subject;
use transfer::{Client, Probe, TransferError};

use crate::flow::FlowError;
use crate::world::{PREFIX, World};

/// See the module.
#[derive(Debug, Serialize)]
pub struct Matrix {
    /// Whether the session policy is proven to stay in its folder.
    pub confined: bool,
    /// The heads of the columns: what kind of place, and which.
    pub columns: Vec<(&'static str, String)>,
    /// The cells that there are, row by row.
    pub cells: Vec<Cell>,
}

/// One request.
#[derive(Debug, Serialize)]
pub struct Cell {
    pub operation: &'static str,
    /// The place of its column.
    pub column: usize,
    /// What it is about.
    pub subject: String,
    pub role: &'static str,
    pub session: &'static str,
    /// Role and session together.
    pub allowed: bool,
    /// What OSS said; absent for a bucket that is not there to be asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<bool>,
}

impl Cell {
    /// Whether OSS said otherwise.
    pub fn drifts(&self) -> bool {
        self.observed.is_some_and(|observed| observed != self.allowed)
    }
}

/// Evaluates each cell, and asks OSS about it with the run's own token, in a form that changes nothing.
///
/// # Errors
/// [`FlowError`] when OSS cannot be asked.
pub async fn of(world: &World) -> Result<Matrix, FlowError> {
    let mut lab = Lab::default();
    lab.editors[Sheet::Session.index()].text.clone_from(&world.policy);
    let place = Place {
        app_server: world.token_url.clone(),
        bucket: world.emulator.bucket.clone(),
        region: world.emulator.region.clone(),
        endpoint: world.emulator.oss_endpoint.clone(),
        ..Place::default()
    };
    lab.refresh(&place, Some(PREFIX), world.clock.now());
    let client = world.client(world.app_provider()?)?;
    let mut cells = Vec::new();
    for ((row, spot), predicted) in lab.analysis.cells() {
        let Some(row) = ROWS.get(*row) else { continue };
        let verdict = &predicted.verdict;
        cells.push(Cell {
            operation: row.operation,
            column: Spot::ALL.iter().position(|other| other == spot).unwrap_or_default(),
            subject: predicted.question.subject(),
            role: word(&verdict.identity),
            session: verdict.session.as_ref().map_or("none", word),
            allowed: verdict.is_allow(),
            observed: ask(&client, row.probe, predicted, &place.bucket).await?,
        });
    }
    let columns = Spot::ALL.iter().map(|spot| (spot.title(), spot.place(&lab.scene))).collect();
    Ok(Matrix { confined: lab.analysis.leak == Some(Leak::Confined), columns, cells })
}

fn word(verdict: &LayerVerdict) -> &'static str {
    match verdict.effect {
        Outcome::Allow => "Allow",
        Outcome::ExplicitDeny => "ExplicitDeny",
        Outcome::ImplicitDeny => "ImplicitDeny",
    }
}

/// Whether OSS's policies let the request pass; `None` for another bucket, which the demo does not have.
async fn ask(client: &Client, probe: Probe, cell: &Predicted, own: &str) -> Result<Option<bool>, FlowError> {
    let question = &cell.question;
    if question.bucket.as_deref().is_some_and(|bucket| bucket != own) {
        return Ok(None);
    }
    let key = question.key.as_deref().map(ObjectKey::parse).transpose();
    let key = key.map_err(|error| FlowError::Unexpected(error.to_string()))?;
    let prefix = question.prefix.as_deref();
    match client.probe(probe, key.as_ref().map_or(Subject::Bucket { prefix }, Subject::Object)).await {
        Ok(()) => Ok(Some(true)),
        // Whatever else OSS finds wrong with a probe, it asks its policies first.
        Err(TransferError::Oss(error)) => Ok(Some(error.code != OssCode::AccessDenied)),
        Err(error) => Err(error.into()),
    }
}
