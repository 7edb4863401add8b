//! The files to upload, in order: how far each one is, and which ones may run now. Plain data, as the state that holds it.

mod changes;
mod overall;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::command::{Failure, Found, JobId, PartState, Progress, Receipt};
use crate::problem::Problem;
use crate::settings::UploadMode;

pub use changes::QueueAction;
pub use overall::{Overall, pace};

/// The most files that a queue takes.
pub const MOST_ITEMS: usize = 10_000;
/// Files of this many bytes and more go up in parts when nobody says how: below that, an upload that is cut off is quickly begun anew.
pub const AUTO_IN_PARTS: u64 = 5 * 1024 * 1024;
/// The speed shown is that of this long a past.
const SPEED_WINDOW: Duration = Duration::from_secs(3);

/// Names one file of the queue for as long as the app runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId(pub u64);

/// The state of an upload.
#[derive(Debug)]
pub enum Upload {
    /// Nobody has begun it.
    Idle,
    /// It begins when another one ends.
    Waiting,
    /// It is running.
    Running {
        /// Its job.
        job: JobId,
        /// The object's name.
        key: String,
        /// How far it is.
        progress: Progress,
        /// The recent past, oldest first.
        samples: VecDeque<Progress>,
        /// How far each part is; empty for a simple upload.
        parts: Arc<[PartState]>,
        /// Whether it was told to stop.
        stopping: bool,
    },
    /// OSS has it.
    Done(Receipt),
    /// The person stopped it.
    Cancelled,
    /// The person stopped it for now.
    Paused,
    /// It failed.
    Failed(Problem),
}

/// One file.
#[derive(Debug)]
pub struct Item {
    /// Its name in here.
    pub id: ItemId,
    /// The file, with its size when it was taken.
    pub file: Found,
    /// When it was taken.
    pub taken: OffsetDateTime,
    /// How to upload it; `None` is as the settings say.
    pub mode: Option<UploadMode>,
    /// The object's name, where the template has no say: that of an upload which goes on.
    pub pinned: Option<String>,
    /// How far it is.
    pub upload: Upload,
}

impl Item {
    /// The job that uploads it.
    pub fn job(&self) -> Option<JobId> {
        match &self.upload {
            Upload::Running { job, .. } => Some(*job),
            _ => None,
        }
    }

    /// The object's name under which it went or goes to OSS.
    pub fn used_key(&self) -> Option<&str> {
        match &self.upload {
            Upload::Running { key, .. } => Some(key),
            Upload::Done(receipt) => Some(&receipt.key),
            _ => None,
        }
    }

    /// Whether the person can still begin it.
    pub fn can_start(&self) -> bool {
        matches!(self.upload, Upload::Idle | Upload::Paused | Upload::Cancelled | Upload::Failed(_))
    }
}

/// In one request or in parts, for a file of this size.
pub fn in_parts(mode: UploadMode, bytes: u64) -> bool {
    match mode {
        UploadMode::Simple => false,
        UploadMode::Resumable => true,
        UploadMode::Auto => bytes >= AUTO_IN_PARTS,
    }
}

/// The files, in the order in which they were taken.
#[derive(Debug, Default)]
pub struct Queue {
    /// The files.
    pub items: Vec<Item>,
    /// The job that looks for files, and what it does in words.
    pub gathering: Option<(JobId, &'static str)>,
    selected: Option<ItemId>,
    last: u64,
}

impl Queue {
    /// Whether there are enough files for a list.
    pub fn is_list(&self) -> bool {
        self.items.len() > 1
    }

    /// The file that is looked at.
    pub fn selected(&self) -> Option<&Item> {
        self.get(self.selected?)
    }

    /// A file by its name.
    pub fn get(&self, id: ItemId) -> Option<&Item> {
        // They are in the order of their ids.
        self.items.binary_search_by_key(&id, |item| item.id).ok().map(|index| &self.items[index])
    }

    fn get_mut(&mut self, id: ItemId) -> Option<&mut Item> {
        self.items.binary_search_by_key(&id, |item| item.id).ok().map(|index| &mut self.items[index])
    }

    fn of_job(&mut self, job: JobId) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.job() == Some(job))
    }

    /// How many run.
    pub fn running(&self) -> usize {
        self.items.iter().filter(|item| item.job().is_some()).count()
    }

    /// Appends files; returns the first new one. Finished ones make room once nothing runs: they are in the history.
    fn add(&mut self, found: Vec<Found>, now: OffsetDateTime) -> Option<ItemId> {
        let under_way = |item: &Item| matches!(item.upload, Upload::Running { .. } | Upload::Waiting);
        if !found.is_empty() && !self.items.iter().any(under_way) {
            self.items.retain(|item| !matches!(item.upload, Upload::Done(_)));
        }
        let mut first = None;
        for file in found.into_iter().take(MOST_ITEMS.saturating_sub(self.items.len())) {
            first.get_or_insert(ItemId(self.last + 1));
            self.push(file, now);
        }
        first
    }

    fn push(&mut self, file: Found, taken: OffsetDateTime) -> ItemId {
        self.last += 1;
        let id = ItemId(self.last);
        self.items.push(Item { id, file, taken, mode: None, pinned: None, upload: Upload::Idle });
        id
    }

    /// Puts what became of the selected file aside, so that it can be uploaded under another name or in another way.
    pub(crate) fn put_aside(&mut self) {
        if let Some(id) = self.selected
            && let Some(item) = self.get_mut(id)
            && item.job().is_none()
        {
            item.upload = Upload::Idle;
            item.pinned = None;
        }
    }

    /// What was uploaded elsewhere says nothing about another place.
    pub(crate) fn forget_done(&mut self) {
        for item in self.items.iter_mut().filter(|item| matches!(item.upload, Upload::Done(_))) {
            item.upload = Upload::Idle;
        }
    }

    /// Takes in how far a job is.
    pub(crate) fn progressed(&mut self, job: JobId, now: Progress) {
        let Some(Item { upload: Upload::Running { progress, samples, .. }, .. }) = self.of_job(job) else { return };
        *progress = now;
        samples.push_back(now);
        while samples.front().is_some_and(|oldest| now.elapsed.saturating_sub(oldest.elapsed) > SPEED_WINDOW) {
            samples.pop_front();
        }
    }

    /// Takes in how far the parts of a job are.
    pub(crate) fn parts(&mut self, job: JobId, now: Arc<[PartState]>) {
        if let Some(Item { upload: Upload::Running { parts, .. }, .. }) = self.of_job(job) {
            *parts = now;
        }
    }

    /// Takes in how a job ended; `None` when it is of no file here.
    pub(crate) fn ended(&mut self, job: JobId, outcome: Result<Receipt, Failure>) -> Option<&Item> {
        let item = self.of_job(job)?;
        if matches!(outcome, Err(Failure::Paused)) {
            // What OSS holds of it has this name, whatever the template comes to say.
            item.pinned = item.used_key().map(str::to_owned);
        }
        item.upload = match outcome {
            Ok(receipt) => Upload::Done(receipt),
            Err(Failure::Cancelled) => Upload::Cancelled,
            Err(Failure::Paused) => Upload::Paused,
            Err(Failure::Problem(problem)) => Upload::Failed(problem),
        };
        Some(item)
    }
}
