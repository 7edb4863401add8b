//! Keeps settings, history and queue on disk, beside each other.

use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::Shared;
use crate::command::{Event, Kept, MemoryCommand, MemoryEvent};
use crate::memory::{load, save};
use crate::problem::{Help, Problem};
use crate::words::{Text, said};

const HISTORY: &str = "history.json";
const QUEUE: &str = "queue.json";

/// Runs a command of the memory; without a settings file nothing is kept. Blocking.
pub(super) fn run(shared: &Arc<Shared>, command: MemoryCommand) {
    let event = match shared.settings_file.as_deref() {
        Some(settings) => carry_out(settings, command),
        None => nothing(&command),
    };
    shared.outbox.send(Event::Memory(event));
}

fn nothing(command: &MemoryCommand) -> MemoryEvent {
    match command {
        MemoryCommand::Recall => {
            MemoryEvent::Recalled { history: Some(Vec::new()), queue: Some(Vec::new()), problem: None }
        }
        MemoryCommand::SaveSettings(_) => MemoryEvent::Saved { what: Kept::Settings, problem: None },
        MemoryCommand::SaveHistory(_) => MemoryEvent::Saved { what: Kept::History, problem: None },
        MemoryCommand::SaveQueue(_) => MemoryEvent::Saved { what: Kept::Queue, problem: None },
    }
}

fn carry_out(settings_file: &Path, command: MemoryCommand) -> MemoryEvent {
    let beside = |name: &str| settings_file.with_file_name(name);
    let saved = |what, title: Text, outcome: Result<(), Text>| {
        let problem = outcome.err().map(|why| Problem::new("Memory", title, why, Help::None));
        MemoryEvent::Saved { what, problem }
    };
    match command {
        MemoryCommand::Recall => {
            let mut problem = None;
            let history = recall(&beside(HISTORY), said("The history cannot be read"), &mut problem);
            let queue = recall(&beside(QUEUE), said("The queue of the last time cannot be read"), &mut problem);
            MemoryEvent::Recalled { history, queue, problem }
        }
        MemoryCommand::SaveSettings(settings) => {
            let outcome = settings.save(settings_file).map_err(|error| error.told());
            saved(Kept::Settings, said("The settings were not saved"), outcome)
        }
        MemoryCommand::SaveHistory(entries) => {
            saved(Kept::History, said("The history was not saved"), save(&beside(HISTORY), &entries))
        }
        MemoryCommand::SaveQueue(left) => {
            saved(Kept::Queue, said("The queue was not saved"), save(&beside(QUEUE), &left))
        }
    }
}

/// What `path` remembers. A file that is broken is set aside, so that its owner can look at it and the app goes on with a new one.
fn recall<T: DeserializeOwned>(path: &Path, title: Text, problem: &mut Option<Problem>) -> Option<Vec<T>> {
    let lost = load(path);
    if let Err(loss) = &lost {
        *problem = Some(Problem::new("Memory", title, loss.what.clone(), Help::None));
    }
    lost.or_else(|loss| if loss.is_aside { Ok(Vec::new()) } else { Err(loss) }).ok()
}
