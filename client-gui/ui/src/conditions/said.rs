//! What presets and faults are called on the screen.

use shared::fault::Fault;

use crate::words::word;

/// A preset on its button, and what it does; for [`tr`](crate::words::tr). What is not known here is called as the emulator calls it.
pub fn preset(name: &'static str, about: &'static str) -> (&'static str, &'static str) {
    match name {
        "Lift" => (
            word("Lift"),
            word("The doors close: the next six requests are cut off in the middle, then the network is back, slowly."),
        ),
        "Train tunnel" => (
            word("Train tunnel"),
            word("A narrow link that breaks again and again, before, within and after what it carries."),
        ),
        "Hotel Wi-Fi" => (
            word("Hotel Wi-Fi"),
            word("Everyone on one slow link, a proxy that is overloaded, answers that end too early."),
        ),
        "Flaky 4G" => (
            word("Flaky 4G"),
            word("Fast enough, and unreliable: lost answers, resets, damaged checksums, a server that stumbles."),
        ),
        "Midnight expiry" => (
            word("Midnight expiry"),
            word("The token ends in the middle of an upload, and STS is busy when everybody asks for the next one."),
        ),
        _ => (name, about),
    }
}

/// Every kind of fault as it is added first, with its name; for [`tr`](crate::words::tr).
pub const KINDS: [(&str, Fault); 13] = [
    (word("Latency"), Fault::Latency { ms: 200, jitter_ms: 200 }),
    (word("Narrow link"), Fault::Bandwidth { bytes_per_second: 500_000 }),
    (word("Slow body"), Fault::SlowBody { bytes_per_second: 100_000 }),
    (word("Drop before commit"), Fault::DropBefore),
    (word("Drop after commit"), Fault::DropAfter),
    (word("Reset in mid-body"), Fault::Reset { after_bytes: 64 * 1024 }),
    (word("Truncated answer"), Fault::Truncate { after_bytes: 4096 }),
    (word("Server error"), Fault::ServerError { status: 503 }),
    (word("Throttling"), Fault::Throttling),
    (word("Wrong ETag"), Fault::WrongEtag),
    (word("Wrong CRC64"), Fault::WrongCrc),
    (word("Expired token"), Fault::ExpiredToken),
    (word("Callback failure"), Fault::CallbackFailure),
];

/// The name of a fault's kind; for [`tr`](crate::words::tr).
pub fn kind(fault: &Fault) -> &'static str {
    let same = |known: &&(&str, Fault)| std::mem::discriminant(&known.1) == std::mem::discriminant(fault);
    KINDS.iter().find(same).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::fault::PRESETS;

    #[test]
    fn every_preset_and_every_fault_has_its_words() {
        for known in PRESETS {
            let (name, about) = preset(known.name, "");
            assert_eq!((name, about), (known.name, known.about), "the emulator and the window say the same");
            for rule in known.rules() {
                assert!(!kind(&rule.fault).is_empty(), "{}", rule.fault);
            }
        }
    }
}
