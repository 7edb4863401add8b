//! Uploads that an earlier run of the app, or a pause, has left unfinished.

use std::path::PathBuf;

use transfer::{Checkpoint, Client, MappedPart, SavedCheckpoint, TransferError};

use super::Shared;
use super::explain::explain;
use super::told::told;
use crate::command::{Event, Place, Unfinished};
use crate::words::said;

/// Runs `Command::Survey`.
pub(super) async fn survey(shared: &Shared, place: &Place) {
    match look(shared, place).await {
        Ok(unfinished) => shared.outbox.send(Event::Surveyed(unfinished)),
        Err(error) => {
            shared.outbox.send(Event::NotCleared(explain(&error, said("Unfinished uploads cannot be looked for"))))
        }
    }
}

/// Runs `Command::Discard`.
pub(super) async fn discard(shared: &Shared, place: &Place, checkpoint: PathBuf) {
    let found = Checkpoint::list(&shared.checkpoints).await.unwrap_or_default();
    if let Some(saved) = found.into_iter().find(|saved| saved.path == checkpoint) {
        let outcome = match shared.sessions.client(place) {
            Ok(client) => client.discard(&saved).await,
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            shared.outbox.send(Event::NotCleared(explain(&error, said("The unfinished upload was not given up"))));
        }
    }
    survey(shared, place).await;
}

async fn look(shared: &Shared, place: &Place) -> Result<Vec<Unfinished>, TransferError> {
    let mut unfinished = Vec::new();
    // Where there is no place yet, nothing was begun.
    let Ok(client) = shared.sessions.client(place) else { return Ok(unfinished) };
    for saved in Checkpoint::list(&shared.checkpoints).await? {
        if client.is_of(&saved.checkpoint) {
            unfinished.push(describe(&client, saved).await);
        }
    }
    Ok(unfinished)
}

async fn describe(client: &Client, SavedCheckpoint { path, checkpoint }: SavedCheckpoint) -> Unfinished {
    let size_now = tokio::fs::metadata(&checkpoint.file).await.ok().map(|metadata| metadata.len());
    let (parts, mut doubt) = match client.part_map(&checkpoint).await {
        Ok(map) if map.known => (map.parts, None),
        Ok(map) => (map.parts, Some(said("OSS does not know it any more: it begins anew."))),
        Err(error) => (by_checkpoint(&checkpoint), Some(said!("What OSS holds is not known. {0}", told(&error)))),
    };
    match size_now {
        None => doubt = Some(said!("The file {0} is not there any more.", checkpoint.file.display().to_string())),
        Some(now) if now != checkpoint.size => doubt = Some(said("The file has changed: it begins anew.")),
        Some(_) => {}
    }
    Unfinished {
        checkpoint: path,
        held: parts.iter().filter(|part| part.at_oss).map(|part| part.size).sum(),
        parts: parts.iter().map(|part| (part.here, part.at_oss)).collect(),
        file: checkpoint.file,
        key: checkpoint.key,
        size: checkpoint.size,
        doubt,
    }
}

/// The part map without OSS's half.
fn by_checkpoint(checkpoint: &Checkpoint) -> Vec<MappedPart> {
    let numbers = 1..=u32::try_from(checkpoint.part_count()).unwrap_or(u32::MAX);
    let here = |number: u32| checkpoint.parts.contains_key(&number);
    numbers.map(|number| MappedPart { here: here(number), ..MappedPart::default() }).collect()
}
