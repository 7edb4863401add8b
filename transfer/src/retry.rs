//! Which failure is worth another attempt, and after how long: a table (`oss-rest.md` §3.3).

use std::time::Duration;

use shared::error::{OssCode, OssError};

use crate::error::TransferError;

/// What may help after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing: the same request would fail the same way.
    None,
    /// Time.
    Wait,
    /// Signing with OSS's time instead of this machine's.
    CorrectClock,
    /// A new token.
    RefreshToken,
}

/// What OSS says of a V4 scope whose date is far from today; the mobile SDKs recognise it by this text (`oss-rest.md` §1.6).
const WRONG_SIGNING_DATE: &str = "Invalid signing date in Authorization header.";

/// The table.
pub(crate) fn remedy(error: &TransferError) -> Remedy {
    use TransferError as E;
    match error {
        // Bytes that were damaged on the way may arrive the next time.
        E::Connect { .. } | E::Interrupted { .. } | E::Timeout { .. } | E::CrcMismatch { .. } => Remedy::Wait,
        // The app server's own trouble, or STS's: it may pass. Other refusals are decisions.
        E::Token { code, .. } if code.starts_with("Http5") || code.starts_with("Throttling") => Remedy::Wait,
        E::Oss(error) => remedy_of_refusal(error),
        E::Token { .. }
        | E::AppServer { .. }
        | E::NoRecords(_)
        | E::TokenBody(_)
        | E::Answer { .. }
        | E::File { .. }
        | E::FileChanged { .. }
        | E::Busy { .. }
        | E::Paused
        | E::Cancelled
        | E::TooLarge { .. }
        | E::DemoKeyToRealCloud { .. }
        | E::Config { .. } => Remedy::None,
    }
}

fn remedy_of_refusal(error: &OssError) -> Remedy {
    match error.code {
        OssCode::RequestTimeTooSkewed => Remedy::CorrectClock,
        OssCode::InvalidArgument if error.message == WRONG_SIGNING_DATE => Remedy::CorrectClock,
        OssCode::SecurityTokenExpired | OssCode::InvalidAccessKeyId | OssCode::InvalidSecurityToken => {
            Remedy::RefreshToken
        }
        // Time does not teach a server what it cannot do.
        _ if error.status == 501 => Remedy::None,
        _ if error.status >= 500 || matches!(error.status, 408 | 429) => Remedy::Wait,
        _ => Remedy::None,
    }
}

/// What one request may still try.
#[derive(Debug)]
pub(crate) struct Budget {
    waits: u32,
    max_waits: u32,
    clock_corrected: bool,
    token_refreshed: bool,
}

impl Budget {
    /// `max_waits` repetitions after a wait; one with a corrected clock and one with a new token besides.
    pub(crate) fn new(max_waits: u32) -> Self {
        Self { waits: 0, max_waits, clock_corrected: false, token_refreshed: false }
    }

    /// Spends one attempt on `remedy`; what is still affordable.
    pub(crate) fn spend(&mut self, remedy: Remedy) -> Remedy {
        let affordable = match remedy {
            Remedy::None => false,
            Remedy::Wait => self.waits < self.max_waits,
            Remedy::CorrectClock => !std::mem::replace(&mut self.clock_corrected, true),
            Remedy::RefreshToken => !std::mem::replace(&mut self.token_refreshed, true),
        };
        if !affordable {
            return Remedy::None;
        }
        self.waits += u32::from(remedy == Remedy::Wait);
        remedy
    }

    /// How many waits were spent.
    pub(crate) fn waits(&self) -> u32 {
        self.waits
    }
}

/// Full jitter: anything between nothing and `base` doubled `waits` times, at most `cap`. `random` is uniform.
pub(crate) fn back_off(base: Duration, cap: Duration, waits: u32, random: u32) -> Duration {
    let ceiling = base.saturating_mul(2_u32.saturating_pow(waits)).min(cap);
    ceiling.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::error::NoRecords;

    fn refusal(status: u16, code: OssCode, message: &str) -> TransferError {
        let mut error = OssError::new(code, message);
        error.status = status;
        error.into()
    }

    #[test]
    fn every_row_of_the_table() {
        let host = || "h".to_owned();
        let other = |status| refusal(status, OssCode::Other("X".to_owned()), "");
        let code = |code: OssCode| refusal(code.http_status(), code, "");
        for (error, expected) in [
            (TransferError::Connect { host: host(), reason: host() }, Remedy::Wait),
            (TransferError::Interrupted { host: host(), reason: host() }, Remedy::Wait),
            (TransferError::Timeout { host: host(), seconds: 15.0 }, Remedy::Wait),
            (other(500), Remedy::Wait),
            (other(503), Remedy::Wait),
            (other(501), Remedy::None),
            (other(408), Remedy::Wait),
            (other(429), Remedy::Wait),
            (other(400), Remedy::None),
            (other(403), Remedy::None),
            (other(409), Remedy::None),
            (code(OssCode::AccessDenied), Remedy::None),
            (code(OssCode::NoSuchKey), Remedy::None),
            (code(OssCode::CallbackFailed), Remedy::None),
            (code(OssCode::RequestTimeTooSkewed), Remedy::CorrectClock),
            (refusal(400, OssCode::InvalidArgument, WRONG_SIGNING_DATE), Remedy::CorrectClock),
            (code(OssCode::InvalidArgument), Remedy::None),
            (code(OssCode::SecurityTokenExpired), Remedy::RefreshToken),
            (code(OssCode::InvalidAccessKeyId), Remedy::RefreshToken),
            (code(OssCode::InvalidSecurityToken), Remedy::RefreshToken),
            (TransferError::Cancelled, Remedy::None),
            (TransferError::Paused, Remedy::None),
            (shared::token::TokenReply::parse("").unwrap_err().into(), Remedy::None),
            (TransferError::AppServer { code: "Http502".to_owned(), message: host() }, Remedy::None),
            (TransferError::NoRecords(NoRecords::NotKept), Remedy::None),
            (TransferError::Answer { host: host(), operation: "x", problem: host() }, Remedy::None),
            (TransferError::file(Path::new("x"), "read", std::io::ErrorKind::NotFound.into()), Remedy::None),
            (TransferError::FileChanged { path: "x".into() }, Remedy::None),
            (TransferError::Busy { checkpoint: "x".into() }, Remedy::None),
            (TransferError::TooLarge { size: 2, limit: 1, way: "x", instead: "y" }, Remedy::None),
            (TransferError::DemoKeyToRealCloud { key_id: host(), host: host() }, Remedy::None),
            (TransferError::Config { setting: "x", problem: host() }, Remedy::None),
            (TransferError::CrcMismatch { local: 1, remote: 2 }, Remedy::Wait),
            (TransferError::Token { code: "Http502".to_owned(), message: host() }, Remedy::Wait),
            (TransferError::Token { code: "Throttling.User".to_owned(), message: host() }, Remedy::Wait),
            (TransferError::Token { code: "Http403".to_owned(), message: host() }, Remedy::None),
            (TransferError::Token { code: "NoPermission".to_owned(), message: host() }, Remedy::None),
        ] {
            assert_eq!(remedy(&error), expected, "{error}");
        }
    }

    #[test]
    fn each_remedy_has_its_own_budget() {
        let mut budget = Budget::new(2);
        let spent: Vec<Remedy> = [
            Remedy::Wait,
            Remedy::RefreshToken,
            Remedy::CorrectClock,
            Remedy::Wait,
            Remedy::RefreshToken,
            Remedy::CorrectClock,
            Remedy::Wait,
        ]
        .into_iter()
        .map(|remedy| budget.spend(remedy))
        .collect();
        let nothing = Remedy::None;
        assert_eq!(
            spent,
            [Remedy::Wait, Remedy::RefreshToken, Remedy::CorrectClock, Remedy::Wait, nothing, nothing, nothing]
        );
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let (base, cap) = (Duration::from_millis(200), Duration::from_secs(20));
        for (waits, random, millis) in
            [(1, u32::MAX, 400), (2, u32::MAX, 800), (1, 0, 0), (7, u32::MAX, 20_000), (40, u32::MAX, 20_000)]
        {
            assert_eq!(back_off(base, cap, waits, random).as_millis(), millis, "{waits} {random}");
        }
    }
}
