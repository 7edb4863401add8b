//! The work behind the window: network, files and pictures, off the UI thread. No egui in here.

mod conditions;
mod connect;
mod downloads;
mod explain;
mod gather;
mod lab;
mod memory;
mod objects;
mod outbox;
mod picture;
mod profile;
mod session;
mod share;
mod told;
mod unfinished;
mod upload;
mod wire;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use shared::clock::Clock;
use tokio::runtime::Handle;
use transfer::CancelToken;

use crate::command::{Command, Event, JobId, MemoryCommand};
use crate::words::said;
use outbox::Outbox;
use session::Sessions;

/// Runs commands and hands over what becomes of them. Neither call blocks.
pub trait Jobs {
    /// Starts `command`.
    fn run(&mut self, command: Command);
    /// The next event, if there is one.
    fn poll(&mut self) -> Option<Event>;
    /// Whether nothing runs. Events may still wait to be polled.
    fn is_idle(&self) -> bool;
    /// Stops uploads before the program ends, so that resumable ones can go on at the next start, and lets what is being kept reach the
    /// disk; waits a moment for both, and is the one call that may. What became of them can be polled afterwards.
    fn close(&mut self);
}

/// How long [`Jobs::close`] waits.
const CLOSING: Duration = Duration::from_secs(3);

/// Called from any thread when an event waits and when a job has ended; must return at once.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The real jobs, on a tokio runtime that somebody else owns.
pub struct TokioJobs {
    runtime: Handle,
    shared: Arc<Shared>,
    events: Receiver<Event>,
    uploads: HashMap<JobId, CancelToken>,
    /// Commands of the memory that have not ended.
    keeping: usize,
    /// Events that `close` has heard.
    late: VecDeque<Event>,
}

/// What every job has at hand.
struct Shared {
    outbox: Arc<Outbox>,
    sessions: Sessions,
    running: AtomicUsize,
    /// Where the settings are kept, and beside them the rest of the memory; `None` keeps nothing.
    settings_file: Option<PathBuf>,
    /// Where the checkpoints of uploads are kept.
    checkpoints: PathBuf,
    /// Where pictures of our own are kept: test pictures, and those that were pasted.
    pictures: PathBuf,
    /// Where objects are downloaded to.
    downloads: PathBuf,
}

impl TokioJobs {
    /// Jobs on `runtime`, with time from `clock`. `settings_file` is where settings are kept, and beside it are history, queue
    /// and the folder of checkpoints; `None` keeps none of them, and checkpoints in the system's temporary folder.
    ///
    /// Objects are downloaded into the folder that systems call Downloads.
    ///
    /// To wait until all is done: after `wake` was called, poll until `None`, and stop once [`Jobs::is_idle`].
    pub fn new(runtime: Handle, clock: Arc<dyn Clock>, wake: Wake, settings_file: Option<PathBuf>) -> Self {
        let (sender, events) = channel();
        let outbox = Arc::new(Outbox::new(sender, Arc::clone(&clock), wake));
        let sessions = Sessions::new(clock, outbox.observer());
        let beside = settings_file.as_deref().and_then(Path::parent).map(Path::to_owned);
        let folder = |name: &str| match &beside {
            Some(beside) => beside.join(name),
            None => std::env::temp_dir().join(format!("direct-transfer-{name}")),
        };
        let (checkpoints, pictures) = (folder("uploads"), folder("pictures"));
        let downloads = downloads::usual_folder();
        let running = AtomicUsize::new(0);
        let shared = Arc::new(Shared { outbox, sessions, running, settings_file, checkpoints, pictures, downloads });
        Self { runtime, shared, events, uploads: HashMap::new(), keeping: 0, late: VecDeque::new() }
    }

    /// With objects downloaded into `folder` instead.
    #[must_use]
    pub fn downloading_into(mut self, folder: PathBuf) -> Self {
        // No job runs yet that could hold it as well.
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.downloads = folder;
        }
        self
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, work: impl FnOnce(Arc<Shared>) -> F) {
        let running = Running::new(&self.shared);
        let work = work(Arc::clone(&self.shared));
        self.runtime.spawn(async move {
            work.await;
            drop(running);
        });
    }

    fn keep(&mut self, command: MemoryCommand) {
        self.keeping += 1;
        let running = Running::new(&self.shared);
        self.runtime.spawn_blocking(move || memory::run(&running.0, command));
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Uploaded { job, .. } => {
                self.uploads.remove(job);
            }
            Event::Memory(_) => self.keeping = self.keeping.saturating_sub(1),
            _ => {}
        }
    }
}

impl Jobs for TokioJobs {
    fn run(&mut self, command: Command) {
        match command {
            Command::Connect { job, place, reach } => {
                self.spawn(|shared| connect::connect(shared, job, place, reach));
            }
            Command::Load { job, path } => self.spawn(|shared| async move {
                let outcome = picture::load(path).await;
                shared.outbox.send(Event::Loaded { job, outcome });
            }),
            Command::Upload { job, place, path, key, mode } => {
                let cancel = CancelToken::new();
                self.uploads.insert(job, cancel.clone());
                self.spawn(|shared| async move {
                    let outcome = upload::upload(&shared, job, place, path, key, mode, cancel).await;
                    shared.outbox.send(Event::Uploaded { job, outcome });
                });
            }
            Command::Cancel { job } => {
                if let Some(cancel) = self.uploads.get(&job) {
                    cancel.cancel();
                }
            }
            Command::Pause { job } => {
                if let Some(cancel) = self.uploads.get(&job) {
                    cancel.pause();
                }
            }
            Command::Survey { place } => self.spawn(|shared| async move {
                unfinished::survey(&shared, &place).await;
            }),
            Command::Discard { place, checkpoint } => self.spawn(|shared| async move {
                unfinished::discard(&shared, &place, checkpoint).await;
            }),
            Command::Process { job, place, key, process } => self.spawn(|shared| async move {
                let outcome = picture::process(&shared, place, key, process).await;
                shared.outbox.send(Event::Processed { job, outcome });
            }),
            Command::Picture(command) => self.spawn(|shared| share::run(shared, command)),
            Command::Limit(limit) => {
                if let Err(error) = self.shared.sessions.limit(limit) {
                    self.shared
                        .outbox
                        .send(Event::NotLimited(explain::explain(&error, said("The speed limit is not in force"))));
                }
            }
            Command::Memory(command) => self.keep(command),
            Command::Profile(command) => self.spawn(|shared| profile::run(shared, command)),
            Command::Queue(command) => self.spawn(|shared| gather::run(shared, command)),
            Command::Lab(command) => self.spawn(|shared| lab::run(shared, command)),
            Command::Objects(command) => self.spawn(|shared| objects::run(shared, command)),
            Command::Conditions(command) => self.spawn(|shared| conditions::run(shared, command)),
            Command::Wire(command) => self.spawn(|shared| wire::run(shared, command)),
        }
    }

    fn poll(&mut self) -> Option<Event> {
        if let Some(event) = self.late.pop_front() {
            return Some(event);
        }
        let event = self.events.try_recv().ok()?;
        self.note(&event);
        Some(event)
    }

    fn is_idle(&self) -> bool {
        self.shared.running.load(Ordering::SeqCst) == 0
    }

    fn close(&mut self) {
        self.uploads.values().for_each(CancelToken::pause);
        let end = Instant::now() + CLOSING;
        while !self.uploads.is_empty() || self.keeping > 0 {
            let Ok(event) = self.events.recv_timeout(end.saturating_duration_since(Instant::now())) else { return };
            self.note(&event);
            self.late.push_back(event);
        }
    }
}

/// Counts a job as running until it is dropped, however the job ends.
struct Running(Arc<Shared>);

impl Running {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.running.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.outbox.wake();
    }
}
