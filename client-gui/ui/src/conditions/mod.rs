//! The conditions under which the app works, where an emulator lets them be chosen: time, faults, many apps at once.

mod said;
mod tokens;

use std::collections::VecDeque;

use shared::fault::{Fault, FaultPlan, FaultRule, MAX_RULES, Service};
use time::{Duration, OffsetDateTime};
use transfer::{ClockChange, ClockReading, FaultReading};

use crate::command::{
    Command, ConditionsCommand, ConditionsEvent, ConditionsOutcome, ConditionsWish, Crowd, JobId, Place, TokenView,
};
use crate::problem::Problem;

pub use said::{KINDS, kind, preset};
pub use tokens::{Life, Milestone};

/// Clocks that differ by less are said to agree: the way there takes time, too.
const AGREE: Duration = Duration::milliseconds(1500);
/// The apps of a stampede at first, and the most.
const USUAL_CROWD: u16 = 50;
pub const MOST_APPS: u16 = 500;
/// Tokens whose lives are remembered.
const LIVES: usize = 4;

/// Something that the person asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum ConditionsAction {
    /// See what they are.
    Look,
    /// Change the emulator's clock.
    Clock(ClockChange),
    /// Move the emulator's clock to just behind a moment.
    JumpTo(OffsetDateTime),
    /// Let the faults of a preset happen.
    Preset(&'static str),
    /// Let the faults of the rules happen.
    Apply,
    /// Take the rules of the plan in force, to change them.
    Edit,
    /// One more rule.
    AddRule,
    /// One rule less.
    RemoveRule(usize),
    /// No faults any more.
    Clear,
    /// No faults any more, and OSS's clock as this app's.
    BackToNormal,
    /// Let many apps ask for a token at the moment at which theirs ends.
    Stampede,
}

/// What was seen of the emulator.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// When, by the app's clock.
    pub at: OffsetDateTime,
    /// Its clock then.
    pub clock: ClockReading,
    /// Its faults.
    pub faults: FaultReading,
}

impl Seen {
    /// The time of OSS and STS when the app's clock reads `now`.
    pub fn server_time(&self, now: OffsetDateTime) -> OffsetDateTime {
        let ahead = if self.clock.frozen { Duration::ZERO } else { now - self.at };
        self.clock.now.saturating_add(ahead)
    }

    /// How far that is ahead of the app's clock, in whole seconds; 0 where they agree.
    pub fn ahead(&self, now: OffsetDateTime) -> Duration {
        let ahead = self.server_time(now) - now;
        if ahead.abs() < AGREE { Duration::ZERO } else { Duration::seconds(ahead.as_seconds_f64().round() as i64) }
    }

    /// Whether anything is other than in the world outside.
    pub fn is_unusual(&self, now: OffsetDateTime) -> bool {
        !self.faults.plan.rules.is_empty() || self.clock.frozen || !self.ahead(now).is_zero()
    }
}

/// All that the screen draws.
#[derive(Debug)]
pub struct Conditions {
    /// What was seen last; `None` until an emulator has answered.
    pub seen: Option<Seen>,
    /// Why the last wish was not granted.
    pub failed: Option<Problem>,
    /// The seed of the next plan.
    pub seed: u64,
    /// Rules of one's own.
    pub rules: Vec<FaultRule>,
    /// How many apps a stampede has.
    pub apps: u16,
    /// What came of the last stampede.
    pub crowd: Option<Crowd>,
    /// The lives of the last tokens, oldest first.
    pub lives: VecDeque<Life>,
    running: Option<(JobId, ConditionsWish)>,
    /// How many messages had passed at the last look.
    looked: u64,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            seen: None,
            failed: None,
            seed: 1,
            rules: Vec::new(),
            apps: USUAL_CROWD,
            crowd: None,
            lives: VecDeque::new(),
            running: None,
            looked: 0,
        }
    }
}

impl Conditions {
    /// Whether something is under way.
    pub fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    /// Whether a stampede is under way.
    pub fn is_crowded(&self) -> bool {
        matches!(self.running, Some((_, ConditionsWish::Stampede { .. })))
    }

    /// The plan that the rules make, or where they are wrong.
    pub fn plan(&self) -> Result<FaultPlan, shared::fault::FaultPlanError> {
        let plan = FaultPlan { preset: String::new(), seed: self.seed, rules: self.rules.clone() };
        FaultPlan::parse(&serde_json::to_string(&plan).unwrap_or_default())
    }

    /// Carries out `action` at the emulator whose control port is `control`; `now` is the time.
    pub(crate) fn act(
        &mut self,
        action: ConditionsAction,
        job: JobId,
        (control, place): (&str, &Place),
        now: OffsetDateTime,
    ) -> Option<Command> {
        let wish = match action {
            ConditionsAction::Look => ConditionsWish::Look,
            ConditionsAction::Clock(change) => ConditionsWish::Clock(change),
            ConditionsAction::JumpTo(moment) => {
                let there = self.seen.as_ref().map_or(now, |seen| seen.server_time(now));
                let step = (moment - there).whole_seconds() + 1;
                ConditionsWish::Clock(ClockChange { advance_seconds: Some(step), ..ClockChange::default() })
            }
            ConditionsAction::Preset(name) => ConditionsWish::Faults(FaultPlan::preset(name, self.seed)?),
            ConditionsAction::Apply => ConditionsWish::Faults(self.plan().ok()?),
            ConditionsAction::Clear => ConditionsWish::Faults(FaultPlan::default()),
            ConditionsAction::BackToNormal => ConditionsWish::BackToNormal,
            ConditionsAction::Stampede => ConditionsWish::Stampede { apps: self.apps.clamp(1, MOST_APPS) },
            ConditionsAction::Edit => {
                let plan = self.seen.as_ref().map(|seen| &seen.faults.plan)?;
                (self.rules, self.seed) = (plan.rules.clone(), plan.seed);
                return None;
            }
            ConditionsAction::AddRule => {
                if self.rules.len() < MAX_RULES {
                    self.rules.push(new_rule());
                }
                return None;
            }
            ConditionsAction::RemoveRule(at) => {
                if at < self.rules.len() {
                    self.rules.remove(at);
                }
                return None;
            }
        };
        if control.trim().is_empty() || self.is_crowded() {
            return None;
        }
        self.running = Some((job, wish.clone()));
        let control = control.trim().to_owned();
        Some(Command::Conditions(ConditionsCommand { job, control, place: place.clone(), wish }))
    }

    /// Looks again when messages have passed since the last time: each may have been struck.
    pub(crate) fn due(&mut self, messages: u64) -> Option<ConditionsAction> {
        let due = self.seen.is_some() && self.running.is_none() && self.looked != messages;
        self.looked = messages;
        due.then_some(ConditionsAction::Look)
    }

    /// Takes in what a job reports.
    pub(crate) fn receive(&mut self, event: ConditionsEvent) {
        if self.running.as_ref().is_none_or(|(job, _)| *job != event.job) {
            return;
        }
        self.running = None;
        self.failed = None;
        match event.outcome {
            Ok(ConditionsOutcome::Seen(seen)) => self.seen = Some(*seen),
            Ok(ConditionsOutcome::Crowd { crowd, seen }) => {
                self.crowd = Some(crowd);
                self.seen = Some(*seen);
            }
            Err(problem) => {
                // Who does not answer any more may have changed meanwhile.
                self.seen = self.seen.take().filter(|_| problem.code == "Config");
                self.failed = Some(problem);
            }
        }
    }

    /// Notes that a token came.
    pub(crate) fn note_token(&mut self, token: &TokenView) {
        let Some(life) = Life::of(token) else { return };
        if self.lives.back().is_some_and(|known| known.is_of(token)) {
            return;
        }
        if self.lives.len() == LIVES {
            self.lives.pop_front();
        }
        self.lives.push_back(life);
    }
}

/// A rule that strikes one part of an upload.
fn new_rule() -> FaultRule {
    FaultRule {
        service: Service::Oss,
        operation: "UploadPart".to_owned(),
        key: "*".to_owned(),
        probability: 1.0,
        count: Some(1),
        fault: Fault::DropAfter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2017-12-12 07:34:09 UTC);

    fn seen(ahead: i64, frozen: bool) -> Seen {
        let now = NOW.saturating_add(Duration::milliseconds(ahead));
        let clock = ClockReading { now, frozen, skew_seconds: 0 };
        Seen { at: NOW, clock, faults: FaultReading::default() }
    }

    #[test]
    fn the_time_over_there_goes_on_with_ours_unless_it_stands() {
        let later = NOW + Duration::MINUTE;
        for (ahead_ms, frozen, ahead_later, unusual) in
            [(300, false, 0, false), (-1_200_100, false, -1200, true), (0, true, -60, true), (61_000, false, 61, true)]
        {
            let seen = seen(ahead_ms, frozen);
            assert_eq!(seen.ahead(later), Duration::seconds(ahead_later), "{ahead_ms} {frozen}");
            assert_eq!(seen.is_unusual(later), unusual, "{ahead_ms} {frozen}");
        }
    }

    #[test]
    fn a_jump_ends_just_behind_the_moment_by_the_clock_over_there() {
        let mut conditions = Conditions { seen: Some(seen(-100_000, false)), ..Conditions::default() };
        let jump = ConditionsAction::JumpTo(NOW + Duration::seconds(600));
        let place = Place::default();
        let command = conditions.act(jump, JobId(1), ("http://127.0.0.1:1", &place), NOW);
        let Some(Command::Conditions(ConditionsCommand { wish: ConditionsWish::Clock(change), .. })) = command else {
            panic!("{command:?}")
        };
        assert_eq!(change.advance_seconds, Some(701));
    }

    #[test]
    fn rules_are_checked_before_they_are_sent() {
        let mut conditions = Conditions::default();
        let place = Place::default();
        let act = |conditions: &mut Conditions, action| conditions.act(action, JobId(1), ("http://h", &place), NOW);
        assert_eq!(act(&mut conditions, ConditionsAction::AddRule), None);
        conditions.rules[0].fault = Fault::ServerError { status: 501 };
        assert_eq!(act(&mut conditions, ConditionsAction::Apply), None);
        assert_eq!(conditions.plan().unwrap_err().path, "rules[0].fault.status");
        conditions.rules[0].fault = Fault::ServerError { status: 503 };
        assert!(act(&mut conditions, ConditionsAction::Apply).is_some());
        assert_eq!(act(&mut conditions, ConditionsAction::RemoveRule(7)), None);
        assert_eq!(conditions.rules.len(), 1);
    }
}
