//! The jobs of the objects' screen: folders, one object, small pictures, and what is done with them.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use shared::object_key::ObjectKey;
use transfer::{Client, TransferError};

use super::connect::tell_token;
use super::downloads;
use super::explain::explain;
use super::{Shared, picture};
use crate::command::{Event, ObjectsCommand, ObjectsEvent, ObjectsOutcome, ObjectsWish, Place};
use crate::problem::{Help, Problem};
use crate::words::{Text, said};

/// A small picture: as many pixels as a tile has on a sharp screen.
const THUMB: &str = "image/resize,m_lfit,w_256,h_256/format,webp";

/// Runs `Command::Objects`.
pub(super) async fn run(shared: Arc<Shared>, command: ObjectsCommand) {
    let ObjectsCommand { job, place, wish } = command;
    let title = title(&wish);
    let outcome = match shared.sessions.client(&place) {
        Ok(client) => grant(&client, &shared, &place, wish).await,
        Err(error) => Err(error),
    };
    tell_token(&shared, &place);
    let outcome = outcome.map_err(|error| Problem { help: Help::None, ..explain(&error, title) });
    shared.outbox.send(Event::Objects(ObjectsEvent { job, outcome }));
}

fn title(wish: &ObjectsWish) -> Text {
    match wish {
        ObjectsWish::Page { .. } => said("The folder cannot be listed"),
        ObjectsWish::Look(_) | ObjectsWish::Thumb(_) => said("The object cannot be looked at"),
        ObjectsWish::Download(_) => said("The object was not downloaded"),
        ObjectsWish::Copy { .. } => said("The object was not copied"),
        ObjectsWish::Delete(_) => said("The object was not deleted"),
        ObjectsWish::Share { .. } => said("There is no URL"),
        ObjectsWish::Leftovers(_) => said("Unfinished uploads cannot be listed"),
        ObjectsWish::Abort(_) => said("The upload was not given up"),
        ObjectsWish::Records { .. } => said("Upload records cannot be shown"),
    }
}

async fn grant(
    client: &Client,
    shared: &Shared,
    place: &Place,
    wish: ObjectsWish,
) -> Result<ObjectsOutcome, TransferError> {
    Ok(match wish {
        ObjectsWish::Page { prefix, after } => ObjectsOutcome::Page(client.folder(&prefix, after).await?),
        ObjectsWish::Look(key) => {
            let key = parsed(&key)?;
            let meta = client.head(&key).await?;
            // Reading tags is a right of its own.
            ObjectsOutcome::Looked(meta, client.tags(&key).await.ok())
        }
        ObjectsWish::Thumb(key) => {
            let body = client.get(&parsed(&key)?, Some(THUMB)).await?;
            let pixels = tokio::task::spawn_blocking(move || picture::preview(Cursor::new(body))).await;
            let pixels = pixels.ok().flatten().ok_or_else(|| config("object", "it is no picture"))?;
            ObjectsOutcome::Thumb(pixels)
        }
        ObjectsWish::Download(key) => {
            ObjectsOutcome::Downloaded(downloads::download(client, &parsed(&key)?, &shared.downloads).await?)
        }
        ObjectsWish::Copy { from, to } => {
            client.copy(&parsed(&from)?, &parsed(&to)?).await?;
            ObjectsOutcome::Copied(to)
        }
        ObjectsWish::Delete(key) => {
            client.delete(&parsed(&key)?).await?;
            ObjectsOutcome::Deleted
        }
        ObjectsWish::Share { key, life } => share(client, shared, place, &key, life).await?,
        ObjectsWish::Leftovers(prefix) => ObjectsOutcome::Leftovers(client.open_uploads(&prefix).await?),
        ObjectsWish::Abort(upload) => {
            client.abort_upload(&parsed(&upload.key)?, &upload.upload_id).await?;
            ObjectsOutcome::Aborted
        }
        ObjectsWish::Records { prefix, after } => records(shared, place, &prefix, after.as_deref()).await?,
    })
}

/// A URL lives no longer than the token that signed it.
async fn share(
    client: &Client,
    shared: &Shared,
    place: &Place,
    key: &str,
    life: Duration,
) -> Result<ObjectsOutcome, TransferError> {
    let url = client.presign("GET", &parsed(key)?, None, life).await?;
    let wanted = shared.outbox.now() + life;
    let until = shared.sessions.token_end(place).map_or(wanted, |end| end.min(wanted));
    Ok(ObjectsOutcome::Shared(url, until))
}

/// The app server shows a caller the records of its own folder, and knows one bucket.
async fn records(
    shared: &Shared,
    place: &Place,
    prefix: &str,
    after: Option<&str>,
) -> Result<ObjectsOutcome, TransferError> {
    let provider = shared.sessions.provider(place)?;
    let page = provider.upload_records(prefix, after).await?;
    let told = provider.current().map(|grant| grant.place);
    let told = told.filter(|told| told.bucket.as_ref().is_none_or(|bucket| *bucket == place.bucket));
    Ok(ObjectsOutcome::Records { page, covers: told.map(|told| told.object_prefix.unwrap_or_default()) })
}

fn parsed(key: &str) -> Result<ObjectKey, TransferError> {
    ObjectKey::parse(key).map_err(|error| config("object name", &error.to_string()))
}

fn config(setting: &'static str, problem: &str) -> TransferError {
    TransferError::Config { setting, problem: problem.to_owned() }
}
