//! How the queue changes: by what the person asks for, and by what is free to run.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use samples::Set;
use shared::timefmt;
use time::OffsetDateTime;

use super::{Item, ItemId, MOST_ITEMS, Upload, in_parts};
use crate::action::Step;
use crate::command::{Command, Found, Pixels, Progress, QueueCommand, QueueEvent, Unfinished};
use crate::memory::Left;
use crate::naming::{self, Filling};
use crate::problem::{Help, Problem};
use crate::screen::Screen;
use crate::settings::UploadMode;
use crate::state::{Connection, Processing, Selection, State};
use crate::words::{said, word};

/// Something that the person asked of the queue.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueAction {
    /// Take these files, and the pictures of these folders.
    Take(Vec<PathBuf>),
    /// Take test pictures.
    Samples(Set),
    /// Take a picture from the clipboard.
    Paste(Arc<Pixels>),
    /// Look at a file.
    Select(ItemId),
    /// Begin or go on with a file.
    Start(ItemId),
    /// Stop a file so that it can go on.
    Pause(ItemId),
    /// Stop a file.
    Cancel(ItemId),
    /// Take a file out of the list; it stays on this computer.
    Remove(ItemId),
    /// Choose how to upload a file.
    Mode(ItemId, Option<UploadMode>),
    /// Begin and go on with all that have not ended.
    StartAll,
    /// Stop all so that they can go on.
    PauseAll,
    /// Stop all.
    CancelAll,
    /// Begin all that failed or were cancelled anew.
    RetryAll,
    /// Take what OSS has out of the list.
    ClearDone,
}

impl State {
    /// Carries out an action of the queue; `now` is the time.
    pub(crate) fn act_on_queue(&mut self, action: QueueAction, now: OffsetDateTime) -> Vec<Command> {
        match action {
            QueueAction::Take(paths) => {
                return self.gather(word("Looking for pictures"), |job| QueueCommand::Gather { job, paths });
            }
            QueueAction::Samples(set) => {
                return self.gather(word("Painting test pictures"), |job| QueueCommand::Samples { job, set });
            }
            QueueAction::Paste(pixels) => {
                let name = format!("pasted-{}.png", timefmt::iso_basic(now));
                return self.gather(word("Taking the picture"), |job| QueueCommand::Paste { job, pixels, name });
            }
            QueueAction::Select(id) => return self.select(id),
            QueueAction::Start(id) => self.start(|item| item.id == id && item.can_start()),
            QueueAction::Pause(id) => return self.pause(|item| item.id == id),
            QueueAction::Cancel(id) => return self.stop(|item| item.id == id),
            QueueAction::Remove(id) => return self.remove(|item| item.id == id),
            QueueAction::Mode(id, mode) => {
                if let Some(item) = self.queue.get_mut(id) {
                    item.mode = mode;
                }
            }
            QueueAction::StartAll => self.start(|item| matches!(item.upload, Upload::Idle | Upload::Paused)),
            QueueAction::RetryAll => self.start(|item| matches!(item.upload, Upload::Failed(_) | Upload::Cancelled)),
            QueueAction::PauseAll => return self.pause(|_| true),
            QueueAction::CancelAll => return self.stop(|_| true),
            QueueAction::ClearDone => return self.remove(|item| matches!(item.upload, Upload::Done(_))),
        }
        Vec::new()
    }

    /// Takes in what a job of the queue reports.
    pub(crate) fn receive_for_queue(&mut self, event: QueueEvent) -> Vec<Command> {
        let QueueEvent::Gathered { job, found, problem } = event;
        if self.queue.gathering.is_some_and(|(running, _)| running == job) {
            self.queue.gathering = None;
        }
        let room = MOST_ITEMS.saturating_sub(self.queue.items.len());
        self.notice = match found.len().checked_sub(room) {
            Some(left_out) if left_out > 0 => {
                let (most, left_out) = (MOST_ITEMS.to_string(), left_out.to_string());
                let why = said!("A queue takes {0} files; {1} were left out.", most, left_out);
                Some(Problem::new("Full", said("Not all files were taken"), why, Help::None))
            }
            _ => problem,
        };
        match self.queue.add(found, self.selected_at) {
            Some(first) => self.select(first),
            None => Vec::new(),
        }
    }

    /// The uploads that may begin now: those whose turn it is, while fewer run than may run at once.
    pub(crate) fn next_uploads(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        let waits = |item: &Item| matches!(item.upload, Upload::Waiting);
        let mut free = usize::from(self.settings.parallel).saturating_sub(self.queue.running());
        while free > 0
            && let Some(index) = self.queue.items.iter().position(waits)
        {
            let key = self.key_of(&self.queue.items[index]);
            let item = &self.queue.items[index];
            let taken = self.queue.items.iter().find(|other| other.id != item.id && other.used_key() == Some(&key));
            if let Some(other) = taken {
                let problem = same_name(&key, &other.file);
                self.queue.items[index].upload = Upload::Failed(problem);
                continue;
            }
            let mode = if in_parts(item.mode.unwrap_or(self.settings.mode), item.file.bytes) {
                UploadMode::Resumable
            } else {
                UploadMode::Simple
            };
            let (path, total) = (item.file.path.clone(), item.file.bytes);
            let job = self.next_job();
            let running = Upload::Running {
                job,
                key: key.clone(),
                progress: Progress { total, ..Progress::default() },
                samples: VecDeque::new(),
                parts: Arc::from([]),
                stopping: false,
            };
            self.queue.items[index].upload = running;
            commands.push(Command::Upload { job, place: self.place().clone(), path, key, mode });
            free -= 1;
        }
        commands
    }

    /// The object's name that `item` gets, or that it has.
    pub fn key_of(&self, item: &Item) -> String {
        if let Some(pinned) = &item.pinned {
            return pinned.clone();
        }
        let filling = Filling {
            prefix: self.prefix().unwrap_or_default(),
            file_name: &item.file.name,
            relative: &item.file.relative,
            number: item.id.0,
            at: item.taken,
        };
        naming::object_name(&self.settings.object_name, &filling)
    }

    /// Goes on with the unfinished upload of this checkpoint.
    pub(crate) fn resume(&mut self, checkpoint: &Path, now: OffsetDateTime) -> Vec<Command> {
        let Some(found) = self.unfinished.iter().find(|unfinished| unfinished.checkpoint == checkpoint).cloned() else {
            return Vec::new();
        };
        let id = self.item_of(&found, now);
        let commands = self.select(id);
        self.step = Step::Upload;
        if let Some(item) = self.queue.get_mut(id)
            && item.can_start()
        {
            item.mode = Some(UploadMode::Resumable);
            item.pinned = Some(found.key);
            item.upload = Upload::Waiting;
        }
        commands
    }

    /// Puts what an earlier run has left back into the list.
    pub(crate) fn take_back(&mut self, left: Vec<Left>) -> Vec<Command> {
        let room = MOST_ITEMS.saturating_sub(self.queue.items.len());
        let mut first = None;
        for left in left.into_iter().take(room) {
            let taken = OffsetDateTime::from_unix_timestamp(left.taken).unwrap_or(self.now);
            let id = self.queue.push(left.found(), taken);
            first.get_or_insert(id);
            if let Some(item) = self.queue.get_mut(id) {
                (item.mode, item.pinned) = (left.mode, left.key);
                item.upload = if left.begun { Upload::Paused } else { Upload::Idle };
            }
        }
        match first {
            Some(first) if self.queue.selected.is_none() => self.select(first),
            _ => Vec::new(),
        }
    }

    /// The file of an unfinished upload, which comes into the queue if it is not there.
    fn item_of(&mut self, unfinished: &Unfinished, now: OffsetDateTime) -> ItemId {
        let same = |item: &&Item| item.file.path == unfinished.file && self.key_of(item) == unfinished.key;
        if let Some(item) = self.queue.items.iter().find(same) {
            return item.id;
        }
        let name = unfinished.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let relative = name.clone();
        self.queue.push(Found { path: unfinished.file.clone(), name, relative, bytes: unfinished.size }, now)
    }

    fn gather(
        &mut self,
        words: &'static str,
        command: impl FnOnce(crate::command::JobId) -> QueueCommand,
    ) -> Vec<Command> {
        let job = self.next_job();
        self.queue.gathering = Some((job, words));
        self.show(Screen::Upload);
        self.step = Step::Select;
        vec![Command::Queue(command(job))]
    }

    /// Shows a file: reads it for the preview.
    fn select(&mut self, id: ItemId) -> Vec<Command> {
        if self.queue.selected == Some(id) {
            return Vec::new();
        }
        let Some(item) = self.queue.get(id) else { return Vec::new() };
        let path = item.file.path.clone();
        self.queue.selected = Some(id);
        self.processed = Processing::default();
        let job = self.next_job();
        self.picture = Selection::Loading(job, path.clone());
        vec![Command::Load { job, path }]
    }

    fn start(&mut self, which: impl Fn(&Item) -> bool) {
        self.step = Step::Upload;
        if self.upload_hindrance().is_some() {
            return;
        }
        for item in self.queue.items.iter_mut().filter(|item| which(item)) {
            item.upload = Upload::Waiting;
        }
    }

    fn pause(&mut self, which: impl Fn(&Item) -> bool) -> Vec<Command> {
        let mut commands = Vec::new();
        for item in self.queue.items.iter_mut().filter(|item| which(item)) {
            match &mut item.upload {
                Upload::Running { job, stopping, .. } => {
                    *stopping = true;
                    commands.push(Command::Pause { job: *job });
                }
                Upload::Waiting => item.upload = Upload::Paused,
                _ => {}
            }
        }
        commands
    }

    fn stop(&mut self, which: impl Fn(&Item) -> bool) -> Vec<Command> {
        let mut commands = Vec::new();
        for item in self.queue.items.iter_mut().filter(|item| which(item)) {
            match &mut item.upload {
                Upload::Running { job, stopping, .. } => {
                    *stopping = true;
                    commands.push(Command::Cancel { job: *job });
                }
                Upload::Waiting => item.upload = Upload::Cancelled,
                Upload::Paused => {
                    item.upload = Upload::Cancelled;
                    // What OSS holds of it is of no use any more.
                    let path = &item.file.path;
                    let begun = self.unfinished.iter().find(|unfinished| unfinished.file == *path);
                    commands.extend(begun.map(|begun| Command::Discard {
                        place: self.place.clone(),
                        checkpoint: begun.checkpoint.clone(),
                    }));
                }
                _ => {}
            }
        }
        commands
    }

    /// Takes files out of the list, but for those that run.
    fn remove(&mut self, which: impl Fn(&Item) -> bool) -> Vec<Command> {
        let selected = self.queue.items.iter().position(|item| Some(item.id) == self.queue.selected);
        self.queue.items.retain(|item| item.job().is_some() || !which(item));
        if self.queue.selected().is_some() {
            return Vec::new();
        }
        self.queue.selected = None;
        self.picture = Selection::None;
        self.processed = Processing::default();
        let at = selected.unwrap_or(0).min(self.queue.items.len().saturating_sub(1));
        match self.queue.items.get(at).map(|item| item.id) {
            Some(id) => self.select(id),
            None => Vec::new(),
        }
    }

    /// Whether what the queue waits for can come: nothing begins before the settings work.
    pub(crate) fn may_upload(&self) -> bool {
        self.connection == Connection::Works && !self.is_edited()
    }
}

fn same_name(key: &str, other: &Found) -> Problem {
    let why = said!(
        "{0} goes to {1} as well, and one would replace the other. Put {path} or {n} into the object name, then try again.",
        other.path.display().to_string(),
        key.to_owned(),
    );
    Problem::new("SameName", said("Two files have one object name"), why, Help::None)
}
