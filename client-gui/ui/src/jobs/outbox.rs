//! The way from jobs to the app: sends events, wakes the window, and turns the transfer's own events into ours.

use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shared::clock::Clock;
use shared::timefmt;
use time::OffsetDateTime;
use transfer::{Observer, Peer};

use super::told::reason;
use super::{Wake, wire};
use crate::command::{Activity, Event, Hop, JobId, PartState, Progress, WireEvent};
use crate::format;
use crate::words::Text;

/// Progress reaches the window at most this often: each event costs a repaint.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(66);

/// Sends events and wakes the window.
pub(super) struct Outbox {
    sender: Sender<Event>,
    clock: Arc<dyn Clock>,
    wake: Wake,
    /// By the object's name: the queue never uploads two files under one.
    meters: Mutex<HashMap<String, Meter>>,
}

/// Measures one upload.
struct Meter {
    job: JobId,
    progress: Progress,
    parts: Vec<PartState>,
    started: Instant,
    last_sent: Option<Instant>,
}

impl Meter {
    fn hear(&mut self, event: &transfer::Event) {
        use transfer::Event as T;
        match event {
            T::UploadStarted { size, parts, .. } => {
                self.progress.total = *size;
                self.progress.parts = *parts;
                self.parts = vec![PartState::Waiting; *parts as usize];
            }
            T::UploadResumed { parts, .. } => {
                self.progress.parts_done = u32::try_from(parts.len()).unwrap_or(u32::MAX);
                parts.iter().for_each(|number| self.mark(*number, PartState::Held));
            }
            T::CheckpointSaved { parts, .. } => self.progress.saved = Some(*parts),
            T::PartStarted { number, .. } => self.mark(*number, PartState::Sending),
            T::PartDone { number, .. } => {
                self.progress.parts_done += 1;
                self.mark(*number, PartState::Done);
            }
            T::Progress { sent, total, .. } => {
                self.progress.sent = *sent;
                self.progress.total = *total;
            }
            _ => {}
        }
    }

    fn mark(&mut self, number: u32, state: PartState) {
        if let Some(part) = (number as usize).checked_sub(1).and_then(|index| self.parts.get_mut(index)) {
            *part = state;
        }
    }
}

impl Outbox {
    pub(super) fn new(sender: Sender<Event>, clock: Arc<dyn Clock>, wake: Wake) -> Self {
        Self { sender, clock, wake, meters: Mutex::default() }
    }

    /// Sends `event` and wakes the window. When the app is gone, nobody is left to tell.
    pub(super) fn send(&self, event: Event) {
        if self.sender.send(event).is_ok() {
            self.wake();
        }
    }

    /// Wakes the window.
    pub(super) fn wake(&self) {
        (self.wake)();
    }

    /// The time.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Begins to measure the upload of `key` by `job`.
    pub(super) fn start_meter(&self, job: JobId, key: &str) {
        let (progress, parts) = (Progress::default(), Vec::new());
        let meter = Meter { job, progress, parts, started: Instant::now(), last_sent: None };
        self.meters().insert(key.to_owned(), meter);
    }

    /// Ends the measuring of `job`.
    pub(super) fn stop_meter(&self, job: JobId) {
        self.meters().retain(|_, meter| meter.job != job);
    }

    /// An observer for the transfer crate that sends what it hears on to the app.
    pub(super) fn observer(self: &Arc<Self>) -> Observer {
        let outbox = Arc::clone(self);
        Observer::new(move |event| outbox.hear(event))
    }

    fn meters(&self) -> MutexGuard<'_, HashMap<String, Meter>> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: &transfer::Event) {
        if let Some((job, progress, parts)) = self.measure(event) {
            self.send(Event::Progress { job, progress });
            if parts.len() > 1 {
                self.send(Event::Parts { job, parts });
            }
        }
        if wire::concerns(event) {
            self.send(Event::Wire(WireEvent::Heard { at: self.now(), event: event.clone() }));
        }
        if let Some((with, text, failed)) = describe(event) {
            self.send(Event::Noted(Activity { at: self.now(), with, text, failed }));
        }
    }

    fn measure(&self, event: &transfer::Event) -> Option<(JobId, Progress, Arc<[PartState]>)> {
        use transfer::Event as T;
        let mut meters = self.meters();
        let meter = match event {
            T::UploadStarted { key, .. }
            | T::UploadResumed { key, .. }
            | T::CheckpointSaved { key, .. }
            | T::PartStarted { key, .. }
            | T::PartDone { key, .. }
            | T::Progress { key, .. } => meters.get_mut(key)?,
            _ => return None,
        };
        meter.hear(event);
        meter.progress.elapsed = meter.started.elapsed();
        let complete = meter.progress.sent == meter.progress.total;
        if !complete && meter.last_sent.is_some_and(|last| last.elapsed() < PROGRESS_INTERVAL) {
            return None;
        }
        meter.last_sent = Some(Instant::now());
        Some((meter.job, meter.progress, meter.parts.as_slice().into()))
    }
}

/// An event as a line of the activity list. Parts and bytes have the progress bar; only their failures are listed.
fn describe(event: &transfer::Event) -> Option<(Hop, Text, bool)> {
    use transfer::Event as T;
    Some(match event {
        T::TokenRequested { url } => (Hop::AppServer, format!("GET {url}").into(), false),
        T::TokenRefreshed { expiration, access_key_id } => {
            let until = expiration.map(timefmt::iso8601).unwrap_or_default();
            (Hop::AppServer, said!("Token {0}, valid until {1}", access_key_id.clone(), until), false)
        }
        T::TokenRefused { code, message } => {
            (Hop::AppServer, said!("No token: {0}: {1}", code.clone(), message.clone()), true)
        }
        T::ClockCorrected { offset_seconds } => {
            let text = said!("This computer's clock is {0} s behind OSS; corrected", offset_seconds.to_string());
            (Hop::Oss, text, false)
        }
        T::ResponseReceived { peer: Peer::Oss, operation, status, elapsed, .. } => {
            // Asking for what need not exist, or need not be readable, is no failure.
            let failed = *status >= 400 && *operation != "HeadObject";
            if *operation == "UploadPart" && !failed {
                return None;
            }
            let (operation, status) = ((*operation).to_owned(), status.to_string());
            (Hop::Oss, said!("{0} answered {1} in {2}", operation, status, format::elapsed(*elapsed)), failed)
        }
        T::UploadResumed { key, parts, bytes } => {
            let (parts, bytes) = (parts.len().to_string(), format::bytes(*bytes));
            (Hop::Oss, said!("{0}: goes on; OSS holds {1} parts, {2}", key.clone(), parts, bytes), false)
        }
        T::CheckpointRejected { key, reason: why } => {
            (Hop::Oss, said!("{0}: begins anew, because {1}", key.clone(), reason(why)), false)
        }
        T::Retrying { operation, attempt, reason: why, .. } => {
            let (operation, attempt) = ((*operation).to_owned(), attempt.to_string());
            (Hop::Oss, said!("{0}: repetition {1}, because {2}", operation, attempt, reason(why)), true)
        }
        T::UploadDone { key, size, elapsed, .. } => {
            (Hop::Oss, said!("{0}: {1} in {2}", key.clone(), format::bytes(*size), format::elapsed(*elapsed)), false)
        }
        T::UploadFailed { key, code, .. } => {
            (Hop::Oss, said!("{0}: not uploaded: {1}", key.clone(), code.to_string()), true)
        }
        _ => return None,
    })
}
