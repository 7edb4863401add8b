//! What the app knows, and how it changes: actions and events in, commands out. No egui, no threads, no files: plain to test.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use crate::action::{Action, Step};
use crate::command::{
    Activity, Command, Event, Failure, Hop, HopOutcome, JobId, Picture, Place, Processed, Progress, Reach, Receipt,
    TokenView,
};
use crate::naming::{self, Filling};
use crate::problem::{Help, Problem};
use crate::recipe;
use crate::settings::Settings;

/// Lines that the activity list keeps.
const ACTIVITY_LINES: usize = 200;
/// The speed shown is that of this long a past.
const SPEED_WINDOW: Duration = Duration::from_secs(3);
/// Bounds and step of the size of text and controls.
const ZOOM: (f32, f32, f32) = (0.75, 2.0, 0.125);

/// All that the views draw.
#[derive(Debug)]
pub struct State {
    /// The settings, as they stand in the fields.
    pub settings: Settings,
    /// The step that is shown.
    pub step: Step,
    /// The state of the settings.
    pub connection: Connection,
    /// The hops of the last Configure or Test.
    pub hops: Vec<(Hop, HopOutcome)>,
    /// The token in use.
    pub token: Option<TokenView>,
    /// Labels of the fields that the app server's reply filled.
    pub filled: Vec<&'static str>,
    /// The picture.
    pub picture: Selection,
    /// The text of the path field.
    pub path_field: String,
    /// The upload.
    pub upload: Upload,
    /// What IMG made.
    pub processed: Processing,
    /// Something that must be said above the page.
    pub notice: Option<Problem>,
    /// What happened, newest last.
    pub activity: VecDeque<Activity>,
    /// Where the settings were last known to work.
    place: Place,
    selected_at: OffsetDateTime,
    last_job: u64,
}

/// The state of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Nobody has tried them.
    Untried,
    /// They are being tried; whether to go on to Select Image when they work.
    Trying(JobId, bool),
    /// They work.
    Works,
    /// They do not; the hops say why.
    Fails,
}

/// The state of the picture.
#[derive(Debug)]
pub enum Selection {
    /// There is none.
    None,
    /// It is being read.
    Loading(JobId, PathBuf),
    /// It is there.
    Ready(Picture),
    /// It cannot be read.
    Failed(Problem),
}

/// The state of the upload.
#[derive(Debug)]
pub enum Upload {
    /// There is none.
    Idle,
    /// It is running.
    Running {
        /// Its job.
        job: JobId,
        /// How far it is.
        progress: Progress,
        /// The recent past, oldest first.
        samples: VecDeque<Progress>,
        /// Whether it was told to stop.
        stopping: bool,
    },
    /// OSS has it.
    Done(Receipt),
    /// The person stopped it.
    Cancelled,
    /// It failed.
    Failed(Problem),
}

/// The state of what IMG makes: one request at a time, and the newest wish wins.
#[derive(Debug, Default)]
pub struct Processing {
    /// The request that is running.
    pub running: Option<JobId>,
    /// The last picture.
    pub ready: Option<Processed>,
    /// Why the last request failed.
    pub failed: Option<Problem>,
    /// What was last asked for, and of which object.
    asked: Option<(String, String)>,
}

impl State {
    /// The state at the start. `now` is when.
    pub fn new(settings: Settings, now: OffsetDateTime) -> Self {
        Self {
            place: settings.place(),
            settings,
            step: Step::Configure,
            connection: Connection::Untried,
            hops: Vec::new(),
            token: None,
            filled: Vec::new(),
            picture: Selection::None,
            path_field: String::new(),
            upload: Upload::Idle,
            processed: Processing::default(),
            notice: None,
            activity: VecDeque::new(),
            selected_at: now,
            last_job: 0,
        }
    }

    /// Carries out `action`; `now` is the time. Dialogs, the clipboard and the theme are the app's business, not the state's.
    pub fn act(&mut self, action: Action, now: OffsetDateTime) -> Vec<Command> {
        match action {
            Action::GoTo(step) => self.step = step,
            Action::Configure => return self.connect(Reach::Token, true),
            Action::Test => return self.connect(Reach::Oss, false),
            Action::NewToken => return self.connect(Reach::Token, false),
            Action::TakeImage(path) => return self.take(path, now),
            Action::Upload => return self.start_upload(),
            Action::Cancel => return self.cancel(),
            Action::Help(help) => return self.help(help, now),
            Action::Theme(choice) => {
                self.settings.theme = choice;
                return vec![Command::Save(self.settings.clone())];
            }
            Action::Zoom(steps) => {
                let (least, most, step) = ZOOM;
                self.settings.zoom = (self.settings.zoom + f32::from(steps) * step).clamp(least, most);
                return vec![Command::Save(self.settings.clone())];
            }
            Action::DismissNotice => self.notice = None,
            Action::PickImage | Action::Copy(_) => {}
        }
        Vec::new()
    }

    /// Takes in what a job reports.
    pub fn receive(&mut self, event: Event) -> Vec<Command> {
        match event {
            Event::Hop { job, hop, outcome } if self.is_trying(job) => self.note_hop(hop, outcome),
            Event::Connected { job, ok } if self.is_trying(job) => return self.connected(ok),
            Event::Token(token) => self.take_token(token),
            Event::Loaded { job, outcome } => self.loaded(job, outcome),
            Event::Progress { job, progress } => self.progressed(job, progress),
            Event::Uploaded { job, outcome } => self.uploaded(job, outcome),
            Event::Processed { job, outcome } => self.took_processed(job, outcome),
            Event::Noted(line) => {
                if self.activity.len() == ACTIVITY_LINES {
                    self.activity.pop_front();
                }
                self.activity.push_back(line);
            }
            Event::NotSaved(problem) => self.notice = Some(problem),
            Event::Hop { .. } | Event::Connected { .. } => {}
        }
        Vec::new()
    }

    /// The commands that are due without anybody asking: the thumbnail, once what it shows has changed and no request runs.
    pub fn due(&mut self) -> Vec<Command> {
        let (Upload::Done(receipt), None) = (&self.upload, self.processed.running) else { return Vec::new() };
        let wanted = (receipt.key.clone(), recipe::process(&self.settings.thumbnail));
        if self.processed.asked.as_ref() == Some(&wanted) {
            return Vec::new();
        }
        let job = self.next_job();
        self.processed.running = Some(job);
        self.processed.asked = Some(wanted.clone());
        let (key, process) = wanted;
        vec![Command::Process { job, place: self.place.clone(), key, process }]
    }

    /// The object's name as the template, the token and the picture make it; without a picture, of an example.
    pub fn key(&self) -> String {
        let file_name = self.selected().map_or("photo.jpg", |picture| &picture.name);
        let prefix = self.prefix().unwrap_or_default();
        naming::object_name(&self.settings.object_name, &Filling { prefix, file_name, at: self.selected_at })
    }

    /// The prefix that the token covers, if the app server told it.
    pub fn prefix(&self) -> Option<&str> {
        self.token.as_ref()?.place.object_prefix.as_deref()
    }

    /// The picture, once it is there.
    pub fn selected(&self) -> Option<&Picture> {
        match &self.picture {
            Selection::Ready(picture) => Some(picture),
            _ => None,
        }
    }

    /// Where uploads go: the settings that were last tried, filled from the token.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Why Upload cannot be pressed now; `None` when it can.
    pub fn upload_hindrance(&self) -> Option<&'static str> {
        if matches!(self.upload, Upload::Running { .. }) {
            Some("An upload is running.")
        } else if self.connection != Connection::Works {
            Some("First fill in step 1 and press Configure.")
        } else if self.is_edited() {
            Some("The settings were changed: first press Configure in step 1.")
        } else if self.selected().is_none() {
            Some("First select an image in step 2.")
        } else if matches!(naming::doubt(&self.key(), None), Some(naming::Doubt::Invalid(_))) {
            Some("First correct the object name.")
        } else {
            None
        }
    }

    /// Whether a step has been done.
    pub fn is_done(&self, step: Step) -> bool {
        match step {
            Step::Configure => self.connection == Connection::Works && !self.is_edited(),
            Step::Select => self.selected().is_some(),
            Step::Upload => matches!(self.upload, Upload::Done(_)),
            Step::Thumbnail => self.is_done(Step::Upload) && self.processed.ready.is_some(),
        }
    }

    fn is_edited(&self) -> bool {
        self.settings.place() != self.place
    }

    fn next_job(&mut self) -> JobId {
        self.last_job += 1;
        JobId(self.last_job)
    }

    fn is_trying(&self, job: JobId) -> bool {
        matches!(self.connection, Connection::Trying(running, _) if running == job)
    }

    fn connect(&mut self, reach: Reach, go_on: bool) -> Vec<Command> {
        let place = self.settings.place();
        let job = self.next_job();
        self.connection = Connection::Trying(job, go_on);
        self.hops.clear();
        self.filled.clear();
        if place != self.place {
            // The token of another app server says nothing about this one.
            self.token = None;
        }
        self.place = place.clone();
        vec![Command::Connect { job, place, reach }]
    }

    fn note_hop(&mut self, hop: Hop, outcome: HopOutcome) {
        match self.hops.iter_mut().find(|(known, _)| *known == hop) {
            Some((_, known)) => *known = outcome,
            None => self.hops.push((hop, outcome)),
        }
    }

    fn connected(&mut self, ok: bool) -> Vec<Command> {
        let go_on = matches!(self.connection, Connection::Trying(_, true));
        self.connection = if ok { Connection::Works } else { Connection::Fails };
        if !ok {
            let failed = self.hops.iter().find_map(|(_, outcome)| match outcome {
                HopOutcome::Failed(problem) => Some(Problem { help: Help::OpenConfigure, ..problem.as_ref().clone() }),
                HopOutcome::Trying | HopOutcome::Passed(_) => None,
            });
            // The hops stand on the first step; on another the person would see nothing.
            if self.step != Step::Configure {
                self.notice = failed;
            }
            return Vec::new();
        }
        if go_on {
            self.step = if self.selected().is_some() { Step::Upload } else { Step::Select };
        }
        vec![Command::Save(self.settings.clone())]
    }

    fn take_token(&mut self, token: TokenView) {
        let filled = self.place.fill_from(&token.place);
        if !filled.is_empty() {
            self.settings.bucket.clone_from(&self.place.bucket);
            self.settings.region.clone_from(&self.place.region);
            self.settings.endpoint.clone_from(&self.place.endpoint);
            self.filled = filled;
        }
        self.token = Some(token);
    }

    fn take(&mut self, path: PathBuf, now: OffsetDateTime) -> Vec<Command> {
        if matches!(self.upload, Upload::Running { .. }) {
            self.notice = Some(Problem::new(
                "Busy",
                "An upload is running",
                "Wait until it has ended, or cancel it; then select another image.",
                Help::None,
            ));
            return Vec::new();
        }
        let job = self.next_job();
        self.selected_at = now;
        self.picture = Selection::Loading(job, path.clone());
        self.upload = Upload::Idle;
        self.processed = Processing::default();
        self.step = Step::Select;
        vec![Command::Load { job, path }]
    }

    fn loaded(&mut self, job: JobId, outcome: Result<Picture, Problem>) {
        if !matches!(self.picture, Selection::Loading(running, _) if running == job) {
            return;
        }
        match outcome {
            Ok(picture) => {
                self.path_field = picture.path.display().to_string();
                self.picture = Selection::Ready(picture);
                if self.connection == Connection::Works && self.step == Step::Select {
                    self.step = Step::Upload;
                }
            }
            Err(problem) => self.picture = Selection::Failed(problem),
        }
    }

    fn start_upload(&mut self) -> Vec<Command> {
        self.step = Step::Upload;
        let (None, Some(picture)) = (self.upload_hindrance(), self.selected()) else { return Vec::new() };
        let (path, total) = (picture.path.clone(), picture.bytes);
        let (key, mode) = (self.key(), self.settings.mode);
        let job = self.next_job();
        let progress = Progress { total, ..Progress::default() };
        self.upload = Upload::Running { job, progress, samples: VecDeque::new(), stopping: false };
        self.processed = Processing::default();
        vec![Command::Upload { job, place: self.place.clone(), path, key, mode }, Command::Save(self.settings.clone())]
    }

    fn progressed(&mut self, job: JobId, now: Progress) {
        let Upload::Running { job: running, progress, samples, .. } = &mut self.upload else { return };
        if *running != job {
            return;
        }
        *progress = now;
        samples.push_back(now);
        while samples.front().is_some_and(|oldest| now.elapsed.saturating_sub(oldest.elapsed) > SPEED_WINDOW) {
            samples.pop_front();
        }
    }

    fn uploaded(&mut self, job: JobId, outcome: Result<Receipt, Failure>) {
        if !matches!(self.upload, Upload::Running { job: running, .. } if running == job) {
            return;
        }
        self.upload = match outcome {
            Ok(receipt) => Upload::Done(receipt),
            Err(Failure::Cancelled) => Upload::Cancelled,
            Err(Failure::Problem(problem)) => Upload::Failed(problem),
        };
    }

    fn took_processed(&mut self, job: JobId, outcome: Result<Processed, Problem>) {
        if self.processed.running != Some(job) {
            return;
        }
        self.processed.running = None;
        match outcome {
            Ok(picture) => {
                self.processed.ready = Some(picture);
                self.processed.failed = None;
            }
            Err(problem) => self.processed.failed = Some(problem),
        }
    }

    fn cancel(&mut self) -> Vec<Command> {
        if let Upload::Running { job, stopping, .. } = &mut self.upload {
            *stopping = true;
            return vec![Command::Cancel { job: *job }];
        }
        self.notice = None;
        Vec::new()
    }

    fn help(&mut self, help: Help, now: OffsetDateTime) -> Vec<Command> {
        match help {
            Help::OpenConfigure => self.step = Step::Configure,
            Help::SelectAnother => self.step = Step::Select,
            Help::NewToken => return self.connect(Reach::Token, false),
            Help::UseTokenFolder => {
                self.settings.object_name = naming::DEFAULT_TEMPLATE.to_owned();
                self.upload = Upload::Idle;
            }
            Help::Retry => return self.retry(now),
            Help::None => {}
        }
        Vec::new()
    }

    fn retry(&mut self, now: OffsetDateTime) -> Vec<Command> {
        match self.step {
            Step::Configure => self.connect(Reach::Oss, false),
            Step::Select => {
                let path = PathBuf::from(self.path_field.trim());
                if path.as_os_str().is_empty() { Vec::new() } else { self.take(path, now) }
            }
            Step::Upload => self.start_upload(),
            Step::Thumbnail => {
                self.processed.asked = None;
                self.processed.failed = None;
                Vec::new()
            }
        }
    }
}

/// Bytes per second over the recent past, and the time that is left; `None` while nothing can be said.
pub fn pace(progress: &Progress, samples: &VecDeque<Progress>) -> Option<(f64, Duration)> {
    let oldest = samples.front()?;
    let seconds = progress.elapsed.checked_sub(oldest.elapsed)?.as_secs_f64();
    let bytes = progress.sent.checked_sub(oldest.sent)?;
    if seconds < 0.2 || bytes == 0 {
        return None;
    }
    let speed = bytes as f64 / seconds;
    let left = progress.total.saturating_sub(progress.sent) as f64 / speed;
    Some((speed, Duration::try_from_secs_f64(left).ok()?))
}
