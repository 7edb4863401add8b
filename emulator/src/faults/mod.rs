//! The fault lab: which faults strike a request, drawn from the plan's seed (`shared::fault`).
//!
//! A draw hangs on the seed, the rule, the request (operation, key, part) and how often that has been seen; not on the order in which
//! requests arrive, which no client repeats. Only `count` gives its strikes to those who come first.

mod link;
mod strike;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use shared::fault::{Fault, FaultPlan, FaultRule, Service, happens, request_number};
use shared::ram::pattern::{Case, Pattern};

use link::Link;
pub use strike::Strike;

/// How many requests are told apart; beyond, their counts begin anew.
const REMEMBERED: usize = 100_000;

/// The faults in force. Without any, a request costs one look at a flag.
#[derive(Debug, Default)]
pub struct Faults {
    armed: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    plan: FaultPlan,
    rules: Vec<Armed>,
    /// How often a rule has seen a request.
    seen: HashMap<(usize, u64), u32>,
}

/// A rule that is ready to strike.
#[derive(Debug)]
struct Armed {
    operation: Pattern,
    key: Pattern,
    link: Option<Arc<Link>>,
    applied: u64,
}

/// A request, as far as faults look at it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Where it came.
    pub service: Service,
    /// The operation; empty when there is none.
    pub operation: &'a str,
    /// The HTTP method.
    pub method: &'a str,
    /// The object; empty when there is none.
    pub key: &'a str,
    /// The part's number.
    pub part: Option<u32>,
    /// Whether it carries a security token.
    pub has_token: bool,
    /// Whether it asks for a callback.
    pub has_callback: bool,
}

/// A rule, and how many requests it has struck.
#[derive(Debug, Serialize)]
pub struct Tally {
    #[serde(flatten)]
    rule: FaultRule,
    applied: u64,
}

impl Faults {
    /// From now on `plan` is in force; counts begin anew.
    pub fn set(&self, plan: FaultPlan) {
        let mut state = self.state();
        let armed = |rule: &FaultRule| Armed {
            operation: Pattern::new(&rule.operation, Case::Insensitive),
            key: Pattern::new(&rule.key, Case::Sensitive),
            link: match rule.fault {
                Fault::Bandwidth { bytes_per_second } => Some(Arc::new(Link::new(bytes_per_second))),
                _ => None,
            },
            applied: 0,
        };
        self.armed.store(!plan.rules.is_empty(), Ordering::Relaxed);
        *state = State { rules: plan.rules.iter().map(armed).collect(), plan, seen: HashMap::new() };
    }

    /// The plan in force, and each of its rules with how often it struck.
    pub fn tally(&self) -> (FaultPlan, Vec<Tally>) {
        let state = self.state();
        let rules = state.plan.rules.iter().zip(&state.rules);
        let tallies = rules.map(|(rule, armed)| Tally { rule: rule.clone(), applied: armed.applied }).collect();
        (state.plan.clone(), tallies)
    }

    /// The plan's title; `None` when nothing goes wrong on purpose.
    pub fn title(&self) -> Option<String> {
        self.armed.load(Ordering::Relaxed).then(|| self.state().plan.title())
    }

    /// Whether there are any: one look at a flag.
    pub fn are_set(&self) -> bool {
        self.armed.load(Ordering::Relaxed)
    }

    /// What strikes a request.
    pub fn strike(&self, subject: Subject<'_>) -> Option<Strike> {
        let mut state = self.state();
        let State { plan, rules, seen } = &mut *state;
        let number = request_number(subject.operation, subject.key, subject.part);
        let mut strike = Strike::default();
        for (at, (rule, armed)) in plan.rules.iter().zip(rules).enumerate() {
            if !armed.concerns(rule, subject) {
                continue;
            }
            if seen.len() >= REMEMBERED {
                seen.clear();
            }
            let time = seen.entry((at, number)).or_default();
            let chance = plan.chance(at, number, *time);
            *time = time.saturating_add(1);
            let spent = rule.count.is_some_and(|count| armed.applied >= count);
            if spent || !happens(rule.probability, chance) || !strike.takes(&rule.fault) {
                continue;
            }
            armed.applied += 1;
            // The same chance, stirred: what happens and how long it takes are not to go together.
            strike.add(&rule.fault, armed.link.as_ref(), chance.rotate_left(32));
        }
        strike.is_any().then_some(strike)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn concerns(&self, rule: &FaultRule, subject: Subject<'_>) -> bool {
        const HASHED: [&str; 8] = [
            "PutObject",
            "UploadPart",
            "AppendObject",
            "CompleteMultipartUpload",
            "PostObject",
            "CopyObject",
            "GetObject",
            "HeadObject",
        ];
        let possible = match rule.fault {
            Fault::ExpiredToken => subject.has_token,
            Fault::CallbackFailure => subject.has_callback,
            Fault::Truncate { .. } => matches!(subject.method, "GET" | "POST"),
            Fault::WrongEtag | Fault::WrongCrc => HASHED.contains(&subject.operation),
            _ => true,
        };
        possible
            && rule.service == subject.service
            && self.operation.matches(subject.operation)
            && self.key.matches(subject.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Subject<'_> = Subject {
        service: Service::Oss,
        operation: "UploadPart",
        method: "PUT",
        key: "users/a/p",
        part: Some(1),
        has_token: true,
        has_callback: false,
    };

    fn faults(seed: u64, rules: &str) -> Faults {
        let faults = Faults::default();
        faults.set(FaultPlan::parse(&format!(r#"{{"seed":{seed},"rules":[{rules}]}}"#)).unwrap());
        faults
    }

    #[test]
    fn the_order_of_requests_changes_nothing() {
        let rule = r#"{"operation":"uploadpart","probability":0.5,"fault":{"kind":"drop_before"}}"#;
        let struck = |seed, parts: &mut dyn Iterator<Item = u32>| {
            let faults = faults(seed, rule);
            let mut hit: Vec<u32> =
                parts.filter(|n| faults.strike(Subject { part: Some(*n), ..PART }).is_some()).collect();
            hit.sort_unstable();
            hit
        };
        let forth = struck(1, &mut (1..=200));
        assert!((60..140).contains(&forth.len()), "{}", forth.len());
        assert_eq!(forth, struck(1, &mut (1..=200).rev()));
        assert_ne!(forth, struck(2, &mut (1..=200)));
    }

    #[test]
    fn a_rule_strikes_whom_it_names_as_often_as_it_says() {
        let rules = r#"{"operation":"*Part","key":"users/a/*","count":2,"fault":{"kind":"drop_after"}}"#;
        for (subject, struck) in [
            (PART, 2),
            (Subject { key: "users/b/p", ..PART }, 0),
            (Subject { operation: "PutObject", ..PART }, 0),
            (Subject { service: Service::Sts, ..PART }, 0),
        ] {
            let faults = faults(1, rules);
            assert_eq!((0..5).filter(|_| faults.strike(subject).is_some()).count(), struck, "{subject:?}");
            assert_eq!(faults.tally().1[0].applied, struck as u64);
        }
    }

    #[test]
    fn of_several_faults_one_decides_and_the_slow_ones_add_up() {
        let rules = r#"{"fault":{"kind":"latency","ms":5}},{"fault":{"kind":"wrong_crc"}},{"fault":{"kind":"drop_after"}},
            {"fault":{"kind":"bandwidth","bytes_per_second":2000}}"#;
        let strike = faults(1, rules).strike(PART).unwrap();
        assert_eq!(strike.names(), ["latency 5 ms", "wrong CRC64", "bandwidth 2 KB/s"]);
    }

    #[test]
    fn what_cannot_happen_to_a_request_does_not() {
        for (fault, subject) in [
            ("expired_token", Subject { has_token: false, ..PART }),
            ("callback_failure", PART),
            ("truncate", PART),
            ("wrong_etag", Subject { operation: "DeleteObject", method: "DELETE", ..PART }),
        ] {
            let faults = faults(1, &format!(r#"{{"fault":{{"kind":"{fault}"}}}}"#));
            assert!(faults.strike(subject).is_none(), "{fault}");
        }
    }
}
