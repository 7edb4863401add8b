//! Faults that the emulator commits when it is told to: rules, and what each does; the same words on the wire, in decisions and on screens.

mod preset;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use preset::{PRESETS, Preset};

/// The most rules of a plan.
pub const MAX_RULES: usize = 64;
/// The longest wait, in milliseconds.
const MAX_WAIT_MS: u64 = 60_000;
/// The least rate, in bytes a second: with less, nothing would ever end.
const MIN_RATE: u64 = 1024;
/// The longest pattern, in characters; a key has at most 1023 bytes.
const MAX_PATTERN: usize = 1024;

/// What may go wrong, and the seed of all chance in it: the same plan does the same to the same requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// The preset that the rules come from; empty for rules of one's own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub preset: String,
    /// Where chance begins.
    pub seed: u64,
    /// The rules; of those that strike one request, the first decides what becomes of it, and all slow it.
    pub rules: Vec<FaultRule>,
}

/// Which requests a fault strikes, and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The service whose requests it strikes.
    #[serde(default)]
    pub service: Service,
    /// The operation (`UploadPart`), `*` and `?` as in RAM policies.
    #[serde(default = "any")]
    pub operation: String,
    /// The object's key, likewise; `*` for requests without one, too.
    #[serde(default = "any")]
    pub key: String,
    /// From 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// The most requests that it strikes; without a limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// What happens to them.
    pub fault: Fault,
}

fn any() -> String {
    "*".to_owned()
}

fn always() -> f64 {
    1.0
}

/// A service of the emulator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Object storage.
    #[default]
    Oss,
    /// The token service.
    Sts,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// It waits before it is served.
    Latency {
        /// At least so many milliseconds.
        ms: u64,
        /// And up to so many more.
        #[serde(default)]
        jitter_ms: u64,
    },
    /// All requests that the rule strikes share a link, each way.
    Bandwidth {
        /// What it carries.
        bytes_per_second: u64,
    },
    /// Its body and its answer's pass slowly, whatever others do.
    SlowBody {
        /// How fast.
        bytes_per_second: u64,
    },
    /// The connection closes before anything is done.
    DropBefore,
    /// All is done, then the connection closes without an answer.
    DropAfter,
    /// The connection is reset in the middle of the request's body, before anything is done.
    Reset {
        /// After so many bytes of it, but not later than at its half.
        #[serde(default)]
        after_bytes: u64,
    },
    /// The connection closes in the middle of the answer's body.
    Truncate {
        /// After so many bytes of it, but not later than at its half.
        #[serde(default)]
        after_bytes: u64,
    },
    /// Refused, with an error of the server's.
    ServerError {
        /// 500 to 599, but not 501, which is said of operations that do not exist.
        status: u16,
    },
    /// Refused, for too many requests.
    Throttling,
    /// Done, but the answer names another ETag.
    WrongEtag,
    /// Done, but the answer names another CRC64.
    WrongCrc,
    /// Refused, as if the token had ended.
    ExpiredToken,
    /// Done, but the app server is not called back, and the answer says that it could not be.
    CallbackFailure,
}

impl Fault {
    /// Its name, for people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Bandwidth { .. } => "bandwidth",
            Self::SlowBody { .. } => "slow body",
            Self::DropBefore => "drop before commit",
            Self::DropAfter => "drop after commit",
            Self::Reset { .. } => "reset",
            Self::Truncate { .. } => "truncated answer",
            Self::ServerError { .. } => "server error",
            Self::Throttling => "throttling",
            Self::WrongEtag => "wrong ETag",
            Self::WrongCrc => "wrong CRC64",
            Self::ExpiredToken => "expired token",
            Self::CallbackFailure => "callback failure",
        }
    }

    /// Whether it makes requests slower, and nothing else.
    pub fn is_slowness(&self) -> bool {
        matches!(self, Self::Latency { .. } | Self::Bandwidth { .. } | Self::SlowBody { .. })
    }

    fn is_of_oss_alone(&self) -> bool {
        matches!(self, Self::WrongEtag | Self::WrongCrc | Self::ExpiredToken | Self::CallbackFailure)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Latency { ms, jitter_ms: 0 } => write!(f, "{name} {ms} ms"),
            Self::Latency { ms, jitter_ms } => write!(f, "{name} {ms} to {} ms", ms + jitter_ms),
            Self::Bandwidth { bytes_per_second } | Self::SlowBody { bytes_per_second } => {
                write!(f, "{name} {} KB/s", bytes_per_second / 1000)
            }
            Self::Reset { after_bytes } | Self::Truncate { after_bytes } => {
                write!(f, "{name} after {after_bytes} bytes")
            }
            Self::ServerError { status } => write!(f, "{name} {status}"),
            _ => f.write_str(name),
        }
    }
}

/// A plan that cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: found {found}; expected {expected}")]
pub struct FaultPlanError {
    /// Where, as `rules[2].probability`.
    pub path: String,
    /// What stands there.
    pub found: String,
    /// What should.
    pub expected: String,
}

impl FaultPlan {
    /// A preset by its name, letter case and punctuation aside (`hotel-wifi`).
    pub fn preset(name: &str, seed: u64) -> Option<Self> {
        let preset = PRESETS.iter().find(|preset| plain(preset.name) == plain(name))?;
        Some(Self { preset: preset.name.to_owned(), seed, rules: preset.rules() })
    }

    /// Reads `{"preset": NAME, "seed": N}` or `{"seed": N, "rules": […]}`.
    ///
    /// # Errors
    /// [`FaultPlanError`] for what cannot be carried out.
    pub fn parse(json: &str) -> Result<Self, FaultPlanError> {
        let wrong = |path: &str, found: &dyn fmt::Display, expected: String| FaultPlanError {
            path: path.to_owned(),
            found: found.to_string(),
            expected,
        };
        let plan: Self = serde_json::from_str(json)
            .map_err(|error| wrong("the body", &error, "a plan of faults as JSON".to_owned()))?;
        if plan.preset.is_empty() || !plan.rules.is_empty() {
            plan.check()?;
            return Ok(plan);
        }
        Self::preset(&plan.preset, plan.seed).ok_or_else(|| {
            let names = PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ");
            wrong("preset", &plan.preset, format!("one of {names}"))
        })
    }

    /// `Lift, seed 7`; `3 rules, seed 0`.
    pub fn title(&self) -> String {
        match (self.preset.as_str(), self.rules.len()) {
            ("", 1) => format!("1 rule, seed {}", self.seed),
            ("", rules) => format!("{rules} rules, seed {}", self.seed),
            (preset, _) => format!("{preset}, seed {}", self.seed),
        }
    }

    fn check(&self) -> Result<(), FaultPlanError> {
        let fail = |path: String, found: String, expected: &str| {
            Err(FaultPlanError { path, found, expected: expected.to_owned() })
        };
        if self.rules.len() > MAX_RULES {
            return fail("rules".to_owned(), self.rules.len().to_string(), "at most 64");
        }
        for (at, rule) in self.rules.iter().enumerate() {
            let path = |field: &str| format!("rules[{at}].{field}");
            for (field, pattern) in [("operation", &rule.operation), ("key", &rule.key)] {
                if pattern.is_empty() || pattern.chars().count() > MAX_PATTERN {
                    return fail(path(field), format!("{} characters", pattern.chars().count()), "1 to 1024");
                }
            }
            if !(0.0..=1.0).contains(&rule.probability) {
                return fail(path("probability"), rule.probability.to_string(), "0 to 1");
            }
            if rule.service == Service::Sts && rule.fault.is_of_oss_alone() {
                return fail(path("fault"), format!("{} at STS", rule.fault.name()), "a fault that STS can have");
            }
            match rule.fault {
                Fault::Latency { ms, jitter_ms } if ms.saturating_add(jitter_ms) > MAX_WAIT_MS => {
                    return fail(path("fault.ms"), ms.saturating_add(jitter_ms).to_string(), "at most 60000 in all");
                }
                Fault::Bandwidth { bytes_per_second } | Fault::SlowBody { bytes_per_second }
                    if bytes_per_second < MIN_RATE =>
                {
                    return fail(path("fault.bytes_per_second"), bytes_per_second.to_string(), "at least 1024");
                }
                Fault::ServerError { status } if !(500..600).contains(&status) || status == 501 => {
                    return fail(path("fault.status"), status.to_string(), "500 to 599, but not 501");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A number that looks random, and is the same for the same seed, rule, request and time that this request is seen.
    pub fn chance(&self, rule: usize, request: u64, time: u32) -> u64 {
        let rule = u64::try_from(rule).unwrap_or_default();
        [rule, request, u64::from(time)].into_iter().fold(mix(self.seed), |state, next| mix(state ^ next))
    }
}

/// Whether something of this `probability` happens, by a [chance](FaultPlan::chance).
pub fn happens(probability: f64, chance: u64) -> bool {
    let share = (chance >> 11) as f64 / (1_u64 << 53) as f64;
    share < probability
}

/// A number for a request: its operation, key and part, so that it is the same however often and in which order it is sent.
pub fn request_number(operation: &str, key: &str, part: Option<u32>) -> u64 {
    // FNV-1a: stable over platforms and releases, which the standard library's hashes are not.
    let bytes = operation.bytes().chain([0]).chain(key.bytes()).chain([0]);
    let bytes = bytes.chain(part.unwrap_or_default().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A step of SplitMix64.
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_preset_or_rules_within_bounds() {
        let rule = |more: &str| format!(r#"{{"rules":[{{{more}}}]}}"#);
        for (json, problem) in [
            (r#"{"preset":"Lift","seed":7}"#.to_owned(), None),
            (r#"{"preset":"hotel-wifi"}"#.to_owned(), None),
            ("{}".to_owned(), None),
            (r#"{"preset":"Elevator"}"#.to_owned(), Some("preset")),
            (r#"{"sead":7}"#.to_owned(), Some("the body")),
            (rule(r#""fault":{"kind":"drop_before"}"#), None),
            (rule(r#""fault":{"kind":"reset","more":1}"#), Some("the body")),
            (rule(r#""fault":{"kind":"explode"}"#), Some("the body")),
            (rule(r#""probability":1.5,"fault":{"kind":"drop_before"}"#), Some("rules[0].probability")),
            (rule(r#""operation":"","fault":{"kind":"drop_before"}"#), Some("rules[0].operation")),
            (rule(r#""fault":{"kind":"latency","ms":60000,"jitter_ms":1}"#), Some("rules[0].fault.ms")),
            (rule(r#""fault":{"kind":"bandwidth","bytes_per_second":9}"#), Some("rules[0].fault.bytes_per_second")),
            (rule(r#""fault":{"kind":"server_error","status":501}"#), Some("rules[0].fault.status")),
            (rule(r#""service":"sts","fault":{"kind":"wrong_etag"}"#), Some("rules[0].fault")),
            (rule(r#""service":"sts","fault":{"kind":"throttling"}"#), None),
        ] {
            assert_eq!(FaultPlan::parse(&json).err().map(|error| error.path).as_deref(), problem, "{json}");
        }
    }

    #[test]
    fn every_preset_is_a_plan_that_reads_back() {
        for preset in PRESETS {
            let plan = FaultPlan::preset(preset.name, 3).unwrap();
            assert_eq!(plan.check(), Ok(()), "{}", preset.name);
            assert_eq!(FaultPlan::parse(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
            assert!(!preset.about.is_empty());
        }
    }

    #[test]
    fn chance_is_even_and_the_same_again() {
        let plan = FaultPlan { seed: 5, ..FaultPlan::default() };
        let struck =
            |plan: &FaultPlan| (0..10_000).map(|request| happens(0.25, plan.chance(1, request, 0))).collect::<Vec<_>>();
        let first = struck(&plan);
        let share = first.iter().filter(|struck| **struck).count();
        assert!((2300..2700).contains(&share), "{share}");
        assert_eq!(first, struck(&plan));
        assert_ne!(first, struck(&FaultPlan { seed: 6, ..plan }));
        assert!(happens(1.0, u64::MAX) && !happens(0.0, 0));
        assert_ne!(request_number("UploadPart", "k", Some(1)), request_number("UploadPart", "k", Some(2)));
    }
}
