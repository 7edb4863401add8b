//! What the app knows. Actions and events come in, commands go out; no egui, no threads, no files: plain to test.

mod changes;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::action::Step;
use crate::command::{
    Activity, Hop, HopOutcome, JobId, PartState, Picture, Place, Processed, Progress, Receipt, TokenView, Unfinished,
};
use crate::lab::Lab;
use crate::naming::{self, Filling};
use crate::problem::Problem;
use crate::settings::Settings;

/// Bounds of the size of text and controls.
const LEAST_ZOOM: f32 = 0.75;
const MOST_ZOOM: f32 = 2.0;

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
    /// The upload.
    pub upload: Upload,
    /// Uploads that were begun and not ended.
    pub unfinished: Vec<Unfinished>,
    /// What IMG made.
    pub processed: Processing,
    /// Something that must be said above the page.
    pub notice: Option<Problem>,
    /// What happened, newest last.
    pub activity: VecDeque<Activity>,
    /// The policy lab.
    pub lab: Lab,
    /// Where the settings were last known to work.
    place: Place,
    /// Whether the settings work even if what is being tried fails.
    holds: bool,
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
        Self {
            place: settings.place(),
            settings,
            step: Step::Configure,
            connection: Connection::Untried,
            hops: Vec::new(),
            reveal_hops: false,
            token: None,
            filled: Vec::new(),
            picture: Selection::None,
            path_field: String::new(),
            upload: Upload::Idle,
            unfinished: Vec::new(),
            processed: Processing::default(),
            notice: None,
            activity: VecDeque::new(),
            lab: Lab::default(),
            holds: false,
            selected_at: now,
            last_job: 0,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::command::Event;
    use time::macros::datetime;

    #[test]
    fn pace_is_that_of_the_recent_past() {
        let at = |sent, ms| Progress { sent, total: 1000, elapsed: Duration::from_millis(ms), ..Progress::default() };
        for (samples, now, expected) in [
            (vec![], at(0, 0), None),
            (vec![at(0, 0)], at(100, 100), None),
            (vec![at(0, 0)], at(0, 5000), None),
            (vec![at(100, 1000)], at(500, 2000), Some((400.0, Duration::from_millis(1250)))),
            (vec![at(500, 1000)], at(400, 2000), None),
        ] {
            assert_eq!(pace(&now, &VecDeque::from(samples.clone())), expected, "{samples:?}");
        }
    }

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
