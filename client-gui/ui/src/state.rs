//! What the app knows. Actions and events come in, commands go out; no egui, no threads, no files: plain to test.

mod changes;
mod playground;
mod remember;
mod screens;

use std::collections::VecDeque;
use std::path::PathBuf;

use shared::secret::Secret;
use time::OffsetDateTime;

use crate::action::Step;
use crate::command::{Activity, Hop, HopOutcome, JobId, Picture, Place, Processed, TokenView, Unfinished};
use crate::conditions::Conditions;
use crate::lab::Lab;
use crate::naming::{self, Filling};
use crate::objects::Objects;
use crate::playground::Playground;
use crate::problem::Problem;
use crate::profiles::Profiles;
use crate::queue::{Queue, Upload};
use crate::screen::{Screen, Sheet};
use crate::settings::{MOST_PARALLEL, Settings};
use crate::toasts::Toasts;
use crate::wire::Wire;
use crate::words::word;

pub use remember::Memory;

/// Bounds of the size of text and controls.
const LEAST_ZOOM: f32 = 0.75;
const MOST_ZOOM: f32 = 2.0;

/// All that the views draw.
#[derive(Debug)]
pub struct State {
    /// The settings, as they stand in the fields.
    pub settings: Settings,
    /// The screen that is shown.
    pub screen: Screen,
    /// The sheet that lies over it.
    pub sheet: Option<Sheet>,
    /// What has just come about.
    pub toasts: Toasts,
    /// The sheet of profiles.
    pub profiles: Profiles,
    /// What the app server is shown of who asks; it lives as long as the app.
    pub key: Option<Secret>,
    /// The step that is shown.
    pub step: Step,
    /// The state of the settings.
    pub connection: Connection,
    /// The hops of the last Configure or Test.
    pub hops: Vec<(Hop, HopOutcome)>,
    /// Whether the hops have changed since they were last drawn: a small window must scroll to them.
    pub reveal_hops: bool,
    /// The token in use.
    pub token: Option<TokenView>,
    /// Labels of the fields that the app server's reply filled.
    pub filled: Vec<&'static str>,
    /// The picture.
    pub picture: Selection,
    /// The text of the path field.
    pub path_field: String,
    /// The files to upload.
    pub queue: Queue,
    /// What outlives the app.
    pub memory: Memory,
    /// Uploads that were begun and not ended.
    pub unfinished: Vec<Unfinished>,
    /// What IMG made.
    pub processed: Processing,
    /// The playground of step 4.
    pub playground: Playground,
    /// Text for the clipboard; the app takes it.
    pub clipboard: Option<String>,
    /// Something that must be said above the page.
    pub notice: Option<Problem>,
    /// What happened, newest last.
    pub activity: VecDeque<Activity>,
    /// The policy lab.
    pub lab: Lab,
    /// What is in the bucket.
    pub objects: Objects,
    /// What was said to the app server and to OSS.
    pub wire: Wire,
    /// What an emulator lets one choose.
    pub conditions: Conditions,
    /// Where the settings were last known to work.
    pub(crate) place: Place,
    /// Whether the settings work even if what is being tried fails.
    holds: bool,
    /// The time of the frame.
    pub(crate) now: OffsetDateTime,
    pub(crate) selected_at: OffsetDateTime,
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
    pub fn new(mut settings: Settings, now: OffsetDateTime) -> Self {
        // A settings file edited by hand must not make the window unusable.
        settings.zoom = settings.zoom.clamp(LEAST_ZOOM, MOST_ZOOM);
        settings.parallel = settings.parallel.clamp(1, MOST_PARALLEL);
        Self {
            place: settings.place(),
            memory: Memory::new(settings.clone()),
            settings,
            screen: Screen::Upload,
            sheet: None,
            toasts: Toasts::default(),
            profiles: Profiles::default(),
            key: None,
            step: Step::Configure,
            connection: Connection::Untried,
            hops: Vec::new(),
            reveal_hops: false,
            token: None,
            filled: Vec::new(),
            picture: Selection::None,
            path_field: String::new(),
            queue: Queue::default(),
            unfinished: Vec::new(),
            processed: Processing::default(),
            playground: Playground::default(),
            clipboard: None,
            notice: None,
            activity: VecDeque::new(),
            lab: Lab::default(),
            objects: Objects::default(),
            wire: Wire::default(),
            conditions: Conditions::default(),
            holds: false,
            now,
            selected_at: now,
            last_job: 0,
        }
    }

    /// The object's name as the template, the token and the selected file make it; without a file, of an example.
    pub fn key(&self) -> String {
        if let Some(item) = self.queue.selected() {
            return self.key_of(item);
        }
        let prefix = self.prefix().unwrap_or_default();
        let filling =
            Filling { prefix, file_name: "photo.jpg", relative: "photo.jpg", number: 1, at: self.selected_at };
        naming::object_name(&self.settings.object_name, &filling)
    }

    /// How far the selected file is.
    pub fn upload(&self) -> &Upload {
        self.queue.selected().map_or(&Upload::Idle, |item| &item.upload)
    }

    /// The prefix that the token covers, if the app server told it.
    pub fn prefix(&self) -> Option<&str> {
        self.token.as_ref()?.place.object_prefix.as_deref()
    }

    /// Brings the policy lab up to date with the place and the token; `now` is the time.
    pub fn refresh_lab(&mut self, now: OffsetDateTime) {
        let prefix = self.token.as_ref().and_then(|token| token.place.object_prefix.as_deref());
        self.lab.refresh(&self.place, prefix, now);
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
        if self.connection != Connection::Works {
            Some(word("First fill in step 1 and press Configure."))
        } else if self.is_edited() {
            Some(word("The settings were changed: first press Configure in step 1."))
        } else if self.queue.items.is_empty() {
            Some(word("First select an image in step 2."))
        } else if matches!(naming::doubt(&self.key(), None), Some(naming::Doubt::Invalid(_))) {
            Some(word("First correct the object name."))
        } else {
            None
        }
    }

    /// Whether a step has been done.
    pub fn is_done(&self, step: Step) -> bool {
        match step {
            Step::Configure => self.connection == Connection::Works && !self.is_edited(),
            Step::Select => !self.queue.items.is_empty(),
            Step::Upload => matches!(self.upload(), Upload::Done(_)),
            Step::Thumbnail => self.is_done(Step::Upload) && self.processed.ready.is_some(),
        }
    }

    pub(crate) fn is_edited(&self) -> bool {
        self.wanted_place() != self.place
    }

    /// The place in the fields, with the key if one is wanted.
    pub(crate) fn wanted_place(&self) -> Place {
        let key = self.key.clone().filter(|_| self.settings.identity.has_key());
        Place { key, ..self.settings.place() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::command::Event;
    use time::macros::datetime;

    #[test]
    fn another_place_forgets_the_token_and_the_object() {
        let now = datetime!(2017-12-12 07:34:09 UTC);
        let mut state = State::new(Settings::default(), now);
        let token = TokenView {
            access_key_id: "STS.NS…3fQ".to_owned(),
            obtained: now,
            expiration: None,
            place: shared::token::GrantPlace::default(),
        };
        state.receive(Event::Token(token));
        state.act(Action::Test, now);
        assert!(state.token.is_some(), "the same place keeps it");
        state.settings.app_server = "http://other".to_owned();
        state.act(Action::Test, now);
        assert!(state.token.is_none());
    }
}
