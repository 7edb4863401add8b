//! How the state changes: by what the person asks for, and by what jobs report.

use std::num::NonZeroU64;
use std::path::PathBuf;

use time::OffsetDateTime;

use super::{Connection, LEAST_ZOOM, MOST_ZOOM, Processing, Selection, State};
use crate::action::{Action, Step};
use crate::command::{
    Command, Event, Failure, Hop, HopOutcome, JobId, Picture, Processed, Reach, Receipt, TokenView, WireEvent,
};
use crate::conditions::ConditionsAction;
use crate::memory::Entry;
use crate::naming;
use crate::objects::{Objects, ObjectsAction};
use crate::problem::{Help, Problem};
use crate::queue::{QueueAction, Upload};
use crate::screen::Screen;
use crate::settings::LEAST_LIMIT;
use crate::words::tr;

/// Lines that the activity list keeps.
const ACTIVITY_LINES: usize = 200;
/// One press of Larger text.
const ZOOM_STEP: f32 = 0.125;

impl State {
    /// Carries out `action`; `now` is the time. Dialogs, the clipboard and the theme are the app's business, not the state's.
    pub fn act(&mut self, action: Action, now: OffsetDateTime) -> Vec<Command> {
        match action {
            Action::GoTo(step) => {
                self.step = step;
                self.show(Screen::Upload);
            }
            Action::Show(screen) => {
                self.show(screen);
                if screen == Screen::Conditions {
                    return self.act_on_conditions(ConditionsAction::Look, now);
                }
            }
            Action::Open(sheet) => self.sheet = Some(sheet),
            Action::CloseSheet => self.sheet = None,
            Action::DismissToast(id) => self.toasts.dismiss(id),
            Action::Configure => return self.connect(Reach::Token, true),
            Action::Test => return self.connect(Reach::Oss, false),
            Action::NewToken => return self.connect(Reach::Token, false),
            Action::Queue(action) => {
                self.selected_at = now;
                return self.act_on_queue(action, now);
            }
            Action::Upload => return self.start_upload(now),
            Action::UploadAgain => self.queue.put_aside(),
            Action::Cancel => return self.cancel(now),
            Action::GoOn => return self.go_on(),
            Action::DismissOffer => self.memory.offers = false,
            Action::ShowEntry(entry) => self.memory.shown = entry,
            Action::ClearHistory => self.clear_history(),
            Action::Resume(checkpoint) => return self.resume(&checkpoint, now),
            Action::Limit(limit) => return self.limit(limit),
            Action::Discard(checkpoint) => {
                return vec![Command::Discard { place: self.place.clone(), checkpoint }];
            }
            Action::Help(help) => return self.help(help, now),
            Action::Theme(choice) => self.settings.theme = choice,
            Action::Language(choice) => self.settings.language = choice,
            Action::Zoom(steps) => {
                let zoom = self.settings.zoom + f32::from(steps) * ZOOM_STEP;
                self.settings.zoom = zoom.clamp(LEAST_ZOOM, MOST_ZOOM);
            }
            Action::DismissNotice => self.notice = None,
            Action::Lab(action) => {
                let job = self.next_job();
                return self.lab.act(action, job, &self.place);
            }
            Action::Profile(action) => return self.act_on_profile(action),
            Action::Objects(action) => {
                let job = self.next_job();
                return self.objects.act(action, job, &self.place).into_iter().collect();
            }
            Action::Wire(action) => return self.act_on_wire(&action),
            Action::Conditions(action) => return self.act_on_conditions(action, now),
            Action::WhyDenied(action) => return self.why_denied(action),
            Action::Playground(action) => return self.act_on_playground(action),
            Action::Copy(_) => self.toasts.good(tr("Copied")),
            Action::PickImage | Action::PickFolder => {}
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
            Event::Progress { job, progress } => self.queue.progressed(job, progress),
            Event::Parts { job, parts } => self.queue.parts(job, parts),
            Event::Memory(event) => return self.receive_memory(event),
            Event::Queue(event) => return self.receive_for_queue(event),
            Event::Surveyed(unfinished) => self.unfinished = unfinished,
            Event::Uploaded { job, outcome } => return self.uploaded(job, outcome),
            Event::Processed { job, outcome } => self.took_processed(job, outcome),
            Event::Noted(line) => {
                if self.activity.len() == ACTIVITY_LINES {
                    self.activity.pop_front();
                }
                self.activity.push_back(line);
            }
            Event::NotLimited(problem) | Event::NotCleared(problem) => self.notice = Some(problem),
            Event::Picture(event) => self.clipboard = self.playground.receive(event, &mut self.toasts),
            Event::Profile(event) => self.receive_profile(event),
            Event::Lab(event) => self.lab.receive(event),
            Event::Objects(event) => {
                if self.objects.receive(event, &self.place, &mut self.toasts) {
                    return self.act(Action::Objects(ObjectsAction::Refresh), self.selected_at);
                }
            }
            Event::Conditions(event) => self.conditions.receive(event),
            Event::Wire(WireEvent::Heard { at, event }) => self.wire.hear(at, event),
            Event::Wire(WireEvent::Presigned(Ok(curl))) => {
                self.clipboard = Some(curl);
                self.toasts
                    .good(tr("Copied. Whoever has this command can repeat the request, for 15 minutes at most."));
            }
            Event::Wire(WireEvent::Presigned(Err(problem))) => {
                self.toasts.bad(format!("{}: {}", problem.title, problem.why));
            }
            Event::Hop { .. } | Event::Connected { .. } => {}
        }
        Vec::new()
    }

    /// The commands that are due without anybody asking: uploads whose turn it is, the thumbnail once what it shows has
    /// changed and no request runs, and what is to be remembered.
    pub fn due(&mut self) -> Vec<Command> {
        let mut commands = if self.may_upload() { self.next_uploads() } else { Vec::new() };
        commands.extend(self.due_thumbnail());
        commands.extend(self.due_memory());
        commands.extend(self.due_look());
        commands
    }

    fn due_thumbnail(&mut self) -> Option<Command> {
        let (Upload::Done(receipt), None) = (self.upload(), self.processed.running) else { return None };
        let wanted = (receipt.key.clone(), self.settings.recipe.process());
        if self.processed.asked.as_ref() == Some(&wanted) {
            return None;
        }
        let job = self.next_job();
        self.processed.running = Some(job);
        self.processed.asked = Some(wanted.clone());
        let (key, process) = wanted;
        Some(Command::Process { job, place: self.place.clone(), key, process })
    }

    /// Shows a screen, with nothing over it.
    pub(crate) fn show(&mut self, screen: Screen) {
        self.screen = screen;
        self.sheet = None;
    }

    pub(crate) fn next_job(&mut self) -> JobId {
        self.last_job += 1;
        JobId(self.last_job)
    }

    fn is_trying(&self, job: JobId) -> bool {
        matches!(self.connection, Connection::Trying(running, _) if running == job)
    }

    pub(super) fn connect(&mut self, reach: Reach, go_on: bool) -> Vec<Command> {
        let place = self.wanted_place();
        let job = self.next_job();
        // A new token that cannot be had takes nothing from the one that works.
        self.holds = reach == Reach::Token && self.connection == Connection::Works && place == self.place;
        self.connection = Connection::Trying(job, go_on);
        self.hops.clear();
        self.filled.clear();
        if place != self.place {
            // The token and the object of another place say nothing about this one.
            self.token = None;
            self.processed = Processing::default();
            self.objects = Objects::default();
            self.unfinished.clear();
            self.queue.forget_done();
        }
        self.place = place.clone();
        vec![Command::Connect { job, place, reach }]
    }

    fn note_hop(&mut self, hop: Hop, outcome: HopOutcome) {
        self.reveal_hops = true;
        match self.hops.iter_mut().find(|(known, _)| *known == hop) {
            Some((_, known)) => *known = outcome,
            None => self.hops.push((hop, outcome)),
        }
    }

    fn connected(&mut self, ok: bool) -> Vec<Command> {
        let go_on = matches!(self.connection, Connection::Trying(_, true));
        self.connection = if ok || self.holds { Connection::Works } else { Connection::Fails };
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
            self.step = if self.is_done(Step::Select) { Step::Upload } else { Step::Select };
        }
        vec![Command::Survey { place: self.place.clone() }]
    }

    fn take_token(&mut self, mut token: TokenView) {
        if let Some(known) = &self.token
            && (&known.access_key_id, known.expiration) == (&token.access_key_id, token.expiration)
        {
            // A job tells of the token that is already here: it is no younger for that.
            token.obtained = known.obtained;
        }
        let filled = self.place.fill_from(&token.place);
        if !filled.is_empty() {
            self.settings.bucket.clone_from(&self.place.bucket);
            self.settings.region.clone_from(&self.place.region);
            self.settings.endpoint.clone_from(&self.place.endpoint);
            self.filled = filled;
        }
        self.conditions.note_token(&token);
        self.token = Some(token);
    }

    fn loaded(&mut self, job: JobId, outcome: Result<Picture, Problem>) {
        if !matches!(self.picture, Selection::Loading(running, _) if running == job) {
            return;
        }
        match outcome {
            Ok(picture) => {
                self.path_field = picture.path.display().to_string();
                self.picture = Selection::Ready(picture);
                if self.connection == Connection::Works && self.step == Step::Select && !self.queue.is_list() {
                    self.step = Step::Upload;
                }
            }
            Err(problem) => self.picture = Selection::Failed(problem),
        }
    }

    fn start_upload(&mut self, now: OffsetDateTime) -> Vec<Command> {
        // One file alone is asked for by itself, whatever became of it before.
        let action = match (self.queue.is_list(), self.queue.selected()) {
            (false, Some(item)) => QueueAction::Start(item.id),
            _ => QueueAction::StartAll,
        };
        self.act_on_queue(action, now)
    }

    fn limit(&mut self, limit: u32) -> Vec<Command> {
        self.settings.limit = if limit == 0 { 0 } else { limit.max(LEAST_LIMIT) };
        vec![self.limit_command()]
    }

    /// The limit of the settings, for the jobs.
    pub fn limit_command(&self) -> Command {
        Command::Limit(NonZeroU64::new(u64::from(self.settings.limit) * 1000))
    }

    fn uploaded(&mut self, job: JobId, outcome: Result<Receipt, Failure>) -> Vec<Command> {
        if self.screen != Screen::Upload {
            match &outcome {
                Ok(receipt) => self.toasts.good(tr!("{0} is uploaded", receipt.key)),
                Err(Failure::Problem(problem)) => self.toasts.bad(format!("{} ({})", problem.title, problem.code)),
                Err(Failure::Cancelled | Failure::Paused) => {}
            }
        }
        let item = self.queue.items.iter().find(|item| item.job() == Some(job));
        let entry = item.and_then(|item| Entry::of(item, &self.place.bucket, &outcome, self.now));
        self.note_end(entry);
        if self.queue.ended(job, outcome).is_none() || self.queue.running() > 0 {
            return Vec::new();
        }
        vec![Command::Survey { place: self.place.clone() }]
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

    fn cancel(&mut self, now: OffsetDateTime) -> Vec<Command> {
        if self.sheet.take().is_some() {
            return Vec::new();
        }
        if let Some(item) = self.queue.selected()
            && item.job().is_some()
        {
            return self.act_on_queue(QueueAction::Cancel(item.id), now);
        }
        self.notice = None;
        Vec::new()
    }

    fn help(&mut self, help: Help, now: OffsetDateTime) -> Vec<Command> {
        match help {
            Help::OpenConfigure => {
                self.step = Step::Configure;
                self.show(Screen::Upload);
            }
            Help::SelectAnother => {
                self.step = Step::Select;
                self.show(Screen::Upload);
            }
            Help::NewToken => return self.connect(Reach::Token, false),
            Help::UseTokenFolder => {
                self.settings.object_name = naming::DEFAULT_TEMPLATE.to_owned();
                self.queue.put_aside();
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
                if path.as_os_str().is_empty() {
                    Vec::new()
                } else {
                    self.act_on_queue(QueueAction::Take(vec![path]), now)
                }
            }
            Step::Upload => self.start_upload(now),
            Step::Thumbnail => {
                self.processed.asked = None;
                self.processed.failed = None;
                Vec::new()
            }
        }
    }
}
