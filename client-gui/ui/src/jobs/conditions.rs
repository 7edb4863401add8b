//! The jobs of the conditions' screen: they talk to an emulator's control port.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use shared::fault::FaultPlan;
use tokio::task::JoinSet;
use transfer::{ClockChange, Control, TransferError};

use super::Shared;
use super::explain::explain;
use crate::command::{ConditionsCommand, ConditionsEvent, ConditionsOutcome, ConditionsWish, Crowd, Event, Place};
use crate::conditions::Seen;
use crate::problem::{Help, Problem};
use crate::words::said;

/// Runs `Command::Conditions`.
pub(super) async fn run(shared: Arc<Shared>, command: ConditionsCommand) {
    let ConditionsCommand { job, control, place, wish } = command;
    let outcome = match Control::new(&control) {
        Ok(control) => grant(&shared, &control, &place, wish).await,
        Err(error) => Err(error),
    };
    let outcome =
        outcome.map_err(|error| Problem { help: Help::None, ..explain(&error, said("The emulator does not do that")) });
    shared.outbox.send(Event::Conditions(ConditionsEvent { job, outcome }));
}

async fn grant(
    shared: &Shared,
    control: &Control,
    place: &Place,
    wish: ConditionsWish,
) -> Result<ConditionsOutcome, TransferError> {
    let crowd = match wish {
        ConditionsWish::Look => None,
        ConditionsWish::Clock(change) => {
            control.set_clock(change).await?;
            None
        }
        ConditionsWish::Faults(plan) => {
            control.set_faults(&plan).await?;
            None
        }
        ConditionsWish::BackToNormal => {
            back_to_normal(shared, control).await?;
            None
        }
        ConditionsWish::Stampede { apps } => Some(stampede(shared, control, place, apps).await?),
    };
    let seen = Box::new(look(shared, control).await?);
    Ok(match crowd {
        Some(crowd) => ConditionsOutcome::Crowd { crowd, seen },
        None => ConditionsOutcome::Seen(seen),
    })
}

async fn look(shared: &Shared, control: &Control) -> Result<Seen, TransferError> {
    let faults = control.faults().await?;
    let clock = control.clock().await?;
    Ok(Seen { at: shared.outbox.now(), clock, faults })
}

async fn back_to_normal(shared: &Shared, control: &Control) -> Result<(), TransferError> {
    control.set_faults(&FaultPlan::default()).await?;
    let change = ClockChange { freeze: Some(false), skew_seconds: Some(0), ..ClockChange::default() };
    control.set_clock(change).await?;
    // An emulator that shares the app's clock is right by now; another one may have been moved.
    let ahead = look(shared, control).await?.ahead(shared.outbox.now()).whole_seconds();
    if ahead != 0 {
        control.set_clock(ClockChange { advance_seconds: Some(-ahead), ..ClockChange::default() }).await?;
    }
    Ok(())
}

/// Every app finds its token ended at the same moment, and none of them holds what another was given.
async fn stampede(shared: &Shared, control: &Control, place: &Place, apps: u16) -> Result<Crowd, TransferError> {
    let before = control.decisions(0).await?.last().map_or(0, |decision| decision.sequence);
    if let Some(end) = shared.sessions.token_end(place) {
        let left = (end - control.clock().await?.now).whole_seconds() + 1;
        if left > 0 {
            control.set_clock(ClockChange { advance_seconds: Some(left), ..ClockChange::default() }).await?;
        }
    }
    let began = Instant::now();
    let mut asking = JoinSet::new();
    for _ in 0..apps {
        let app = shared.sessions.another_app(place)?;
        asking.spawn(async move { app.credentials().await });
    }
    let (mut granted, mut refused, mut keys) = (0, None, BTreeSet::new());
    while let Some(answer) = asking.join_next().await {
        match answer.unwrap_or(Err(TransferError::Cancelled)) {
            Ok(credentials) => {
                granted += 1;
                keys.insert(credentials.access_key_id);
            }
            Err(error) => refused = refused.or(Some(error.to_string())),
        }
    }
    let elapsed = began.elapsed();
    let decisions = control.decisions(before).await?;
    let calls = decisions.iter().filter(|decision| decision.operation == "AssumeRole").count() as u64;
    Ok(Crowd { apps, granted, tokens: u16::try_from(keys.len()).unwrap_or(u16::MAX), calls, refused, elapsed })
}
