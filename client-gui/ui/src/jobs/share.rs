//! Processed pictures for others: a URL to send, or an object of their own at OSS.

use std::sync::Arc;
use std::time::Duration;

use shared::object_key::ObjectKey;

use super::Shared;
use super::connect::tell_token;
use super::explain::{explain, explain_for_key};
use super::told::refused;
use crate::command::{Event, PictureCommand, PictureEvent, PictureOutcome, PictureWish, Presigned};
use crate::problem::{Help, Problem};
use crate::words::{Text, said};

/// How long a URL is good for, if the token lives so long.
const PRESIGNED: Duration = Duration::from_secs(3600);

/// Runs `Command::Picture`.
pub(super) async fn run(shared: Arc<Shared>, command: PictureCommand) {
    let job = command.job;
    let outcome = match &command.wish {
        PictureWish::Presign(how) => presign(&shared, &command, *how).await,
        PictureWish::SaveAs(target) => save_as(&shared, &command, target).await,
    };
    tell_token(&shared, &command.place);
    shared.outbox.send(Event::Picture(PictureEvent { job, outcome }));
}

async fn presign(shared: &Shared, command: &PictureCommand, how: Presigned) -> Result<PictureOutcome, Problem> {
    let title = || said("There is no URL");
    let key = parsed(&command.key, title)?;
    let client = shared.sessions.client(&command.place).map_err(|error| explain(&error, title()))?;
    let process = Some(command.process.as_str()).filter(|process| !process.is_empty());
    let url = client.presign("GET", &key, process, PRESIGNED).await.map_err(|error| explain(&error, title()))?;
    Ok(PictureOutcome::Presigned(match how {
        Presigned::Url => url,
        // A URL that was made here has no apostrophe: it is percent-encoded.
        Presigned::Curl => format!("curl --fail --output picture '{url}'"),
    }))
}

async fn save_as(shared: &Shared, command: &PictureCommand, target: &str) -> Result<PictureOutcome, Problem> {
    let title = || said("The picture was not kept");
    let (key, target) = (parsed(&command.key, title)?, parsed(target, title)?);
    let client = shared.sessions.client(&command.place).map_err(|error| explain(&error, title()))?;
    let prefix = shared.sessions.prefix(&command.place);
    let outcome = client.save_as(&key, &command.process, &target).await;
    let size = outcome.map_err(|error| explain_for_key(&error, title(), target.as_str(), prefix.as_deref()))?;
    Ok(PictureOutcome::Saved { key: target.as_str().to_owned(), size })
}

fn parsed(key: &str, title: impl FnOnce() -> Text) -> Result<ObjectKey, Problem> {
    ObjectKey::parse(key).map_err(|error| Problem::new("Config", title(), refused(&error), Help::None))
}
