//! Faults that go together: places where people use phones, and the hour at which tokens end.

use super::{Fault, FaultRule, Service};

/// Rules under a name.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// On its button.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    lines: &'static [Line],
}

/// Service, operation, probability, count, fault.
type Line = (Service, &'static str, f64, Option<u64>, Fault);

/// All of them.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "Lift",
        about: "The doors close: the next six requests are cut off in the middle, then the network is back, slowly.",
        lines: &[
            (Service::Oss, "*", 1.0, Some(6), Fault::Reset { after_bytes: 32 * 1024 }),
            (Service::Oss, "*", 1.0, Some(30), Fault::Latency { ms: 150, jitter_ms: 250 }),
        ],
    },
    Preset {
        name: "Train tunnel",
        about: "A narrow link that breaks again and again, before, within and after what it carries.",
        lines: &[
            (Service::Oss, "*", 1.0, None, Fault::Bandwidth { bytes_per_second: 1_500_000 }),
            (Service::Oss, "*", 1.0, None, Fault::Latency { ms: 80, jitter_ms: 120 }),
            (Service::Oss, "*", 0.15, None, Fault::Reset { after_bytes: 64 * 1024 }),
            (Service::Oss, "*", 0.1, None, Fault::DropBefore),
            (Service::Oss, "*", 0.1, None, Fault::DropAfter),
        ],
    },
    Preset {
        name: "Hotel Wi-Fi",
        about: "Everyone on one slow link, a proxy that is overloaded, answers that end too early.",
        lines: &[
            (Service::Oss, "*", 1.0, None, Fault::Bandwidth { bytes_per_second: 600_000 }),
            (Service::Oss, "*", 1.0, None, Fault::Latency { ms: 100, jitter_ms: 100 }),
            (Service::Oss, "*", 0.08, None, Fault::ServerError { status: 503 }),
            (Service::Oss, "*", 0.05, None, Fault::ServerError { status: 502 }),
            (Service::Oss, "*", 0.08, None, Fault::Truncate { after_bytes: 4096 }),
        ],
    },
    Preset {
        name: "Flaky 4G",
        about: "Fast enough, and unreliable: lost answers, resets, damaged checksums, a server that stumbles.",
        lines: &[
            (Service::Oss, "*", 1.0, None, Fault::Latency { ms: 40, jitter_ms: 80 }),
            (Service::Oss, "*", 0.1, None, Fault::Reset { after_bytes: 48 * 1024 }),
            (Service::Oss, "*", 0.08, None, Fault::DropAfter),
            (Service::Oss, "UploadPart", 0.05, None, Fault::WrongCrc),
            (Service::Oss, "*", 0.05, None, Fault::ServerError { status: 500 }),
        ],
    },
    Preset {
        name: "Midnight expiry",
        about: "The token ends in the middle of an upload, and STS is busy when everybody asks for the next one.",
        lines: &[
            (Service::Oss, "UploadPart", 0.5, Some(2), Fault::ExpiredToken),
            (Service::Oss, "PutObject", 1.0, Some(1), Fault::ExpiredToken),
            (Service::Sts, "AssumeRole", 1.0, Some(1), Fault::Throttling),
            (Service::Sts, "AssumeRole", 1.0, None, Fault::Latency { ms: 200, jitter_ms: 300 }),
        ],
    },
];

impl Preset {
    /// Its rules.
    pub fn rules(&self) -> Vec<FaultRule> {
        let rule = |(service, operation, probability, count, fault): &Line| FaultRule {
            service: *service,
            operation: (*operation).to_owned(),
            key: "*".to_owned(),
            probability: *probability,
            count: *count,
            fault: fault.clone(),
        };
        self.lines.iter().map(rule).collect()
    }
}
