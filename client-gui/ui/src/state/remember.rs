//! What of the state outlives the app: taken in at the start, and handed out whenever it has changed.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::mem::discriminant;

use super::State;
use crate::action::Step;
use crate::command::{Command, Kept, MemoryCommand, MemoryEvent, Reach};
use crate::memory::{Entry, Left, MOST_ENTRIES};
use crate::queue::{Item, Upload};
use crate::screen::Screen;
use crate::settings::Settings;

/// The memory, and how far it is on disk.
#[derive(Debug, Default)]
pub struct Memory {
    /// Uploads that ended, newest first.
    pub history: VecDeque<Entry>,
    /// What an entry must have in it to be listed.
    pub filter: String,
    /// The entry that is looked at, by its place in the history.
    pub shown: Option<usize>,
    /// Whether uploads of the last run wait, and the person has not decided on them.
    pub offers: bool,
    /// How many files were taken back from the last run.
    pub taken_back: usize,
    settings_file: Copy,
    history_file: Copy,
    queue_file: Copy,
    /// The settings as they were read or last handed out.
    settings: Settings,
    /// What was last handed out of the queue.
    queue: u64,
}

impl Memory {
    /// A memory that has read `settings` and nothing else.
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }
}

/// A file that is written one time after the other.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Copy {
    /// It was not read yet, or cannot be: it must not be written over.
    #[default]
    Closed,
    /// It is as the state.
    Fresh,
    /// It is not.
    Stale,
    /// It is being written.
    Writing,
    /// It is being written, and old by now.
    WritingStale,
}

impl Copy {
    fn is_open(self) -> bool {
        self != Self::Closed
    }

    fn touch(&mut self) {
        *self = match *self {
            Self::Closed => Self::Closed,
            Self::Fresh | Self::Stale => Self::Stale,
            Self::Writing | Self::WritingStale => Self::WritingStale,
        };
    }

    /// Whether to write now; it then counts as being written.
    fn begin(&mut self) -> bool {
        let begins = *self == Self::Stale;
        if begins {
            *self = Self::Writing;
        }
        begins
    }

    fn written(&mut self) {
        *self = match *self {
            Self::WritingStale => Self::Stale,
            Self::Writing => Self::Fresh,
            other => other,
        };
    }
}

impl State {
    /// Takes in what the keeper of the memory reports.
    pub(super) fn receive_memory(&mut self, event: MemoryEvent) -> Vec<Command> {
        match event {
            MemoryEvent::Recalled { history, queue, problem } => {
                if problem.is_some() {
                    self.notice = problem;
                }
                self.recalled(history, queue)
            }
            MemoryEvent::Saved { what, problem } => {
                match what {
                    Kept::Settings => self.memory.settings_file.written(),
                    Kept::History => self.memory.history_file.written(),
                    Kept::Queue => self.memory.queue_file.written(),
                }
                if problem.is_some() {
                    self.notice = problem;
                }
                Vec::new()
            }
        }
    }

    fn recalled(&mut self, history: Option<Vec<Entry>>, queue: Option<Vec<Left>>) -> Vec<Command> {
        self.memory.settings_file = Copy::Fresh;
        if let Some(entries) = history {
            // What has ended already is newer, and not on disk yet.
            self.memory.history_file = if self.memory.history.is_empty() { Copy::Fresh } else { Copy::Stale };
            self.memory.history.extend(entries.into_iter().rev());
            self.memory.history.truncate(MOST_ENTRIES);
        }
        let Some(left) = queue else { return Vec::new() };
        self.memory.queue_file = Copy::Fresh;
        self.memory.offers = left.iter().any(|left| left.begun);
        self.memory.taken_back = left.len();
        self.take_back(left)
    }

    /// Goes on with every upload that is paused, those of the last run included.
    pub(super) fn go_on(&mut self) -> Vec<Command> {
        self.memory.offers = false;
        for item in self.queue.items.iter_mut().filter(|item| matches!(item.upload, Upload::Paused)) {
            item.upload = Upload::Waiting;
        }
        self.step = Step::Upload;
        self.show(Screen::Upload);
        if self.may_upload() { Vec::new() } else { self.connect(Reach::Token, false) }
    }

    /// Keeps how an upload ended.
    pub(super) fn note_end(&mut self, entry: Option<Entry>) {
        let Some(entry) = entry else { return };
        self.memory.history.push_front(entry);
        self.memory.history.truncate(MOST_ENTRIES);
        self.memory.shown = self.memory.shown.map(|shown| shown + 1).filter(|shown| *shown < MOST_ENTRIES);
        self.memory.history_file.touch();
    }

    /// Forgets every upload that ended.
    pub(super) fn clear_history(&mut self) {
        self.memory.history.clear();
        self.memory.shown = None;
        self.memory.history_file.touch();
    }

    /// What has changed since it was last written.
    pub(crate) fn due_memory(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut save = |what| commands.push(Command::Memory(what));
        if self.memory.queue_file.is_open() {
            let print = print(&self.queue.items);
            if std::mem::replace(&mut self.memory.queue, print) != print {
                self.memory.queue_file.touch();
            }
        }
        if self.memory.queue_file.begin() {
            save(MemoryCommand::SaveQueue(self.queue.items.iter().filter_map(Left::of).collect()));
        }
        if self.memory.history_file.begin() {
            save(MemoryCommand::SaveHistory(self.memory.history.iter().rev().cloned().collect()));
        }
        if self.memory.settings_file.is_open() && self.memory.settings != self.settings {
            self.memory.settings = self.settings.clone();
            self.memory.settings_file.touch();
        }
        if self.memory.settings_file.begin() {
            save(MemoryCommand::SaveSettings(Box::new(self.settings.clone())));
        }
        commands
    }
}

/// A number that changes with what is remembered of the queue: cheaper than the memory itself, which would be built each frame.
fn print(items: &[Item]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for item in items {
        (item.id, discriminant(&item.upload), item.mode.map(|mode| discriminant(&mode))).hash(&mut hasher);
    }
    hasher.finish()
}
