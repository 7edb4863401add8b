//! `x-oss-traffic-limit`: bytes held back until they are due.

use std::time::Duration;

use shared::error::OssError;
use shared::sign::Request;
use tokio::time::Instant;

use crate::operation::invalid_argument;

/// 100 KB/s to 100 MB/s, in bits a second (OSS, "Single-connection bandwidth throttling").
const LIMITS: std::ops::RangeInclusive<u64> = 819_200..=838_860_800;

/// Lets so many bytes a second pass.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    bytes_per_second: u64,
    began: Instant,
    passed: u64,
}

impl Pace {
    /// The limit that a request asks for in a header or in its URL.
    ///
    /// # Errors
    /// 400 when it is no number from 819200 to 838860800.
    pub fn of(request: &Request) -> Result<Option<Self>, OssError> {
        let name = "x-oss-traffic-limit";
        let Some(text) = request.header(name).or_else(|| request.param(name)) else {
            return Ok(None);
        };
        let bits =
            text.parse().ok().filter(|bits| LIMITS.contains(bits)).ok_or_else(|| invalid_argument(name, text))?;
        Ok(Some(Self { bytes_per_second: bits / 8, began: Instant::now(), passed: 0 }))
    }

    /// A piece that is large enough to be worth a wait, and small enough to flow.
    pub fn piece(&self) -> u64 {
        (self.bytes_per_second / 8).max(8 * 1024)
    }

    /// Waits until `bytes` more may pass.
    pub async fn take(&mut self, bytes: u64) {
        let due = self.due(bytes);
        tokio::time::sleep_until(self.began + due).await;
    }

    /// When, from the beginning, `bytes` more may pass.
    fn due(&mut self, bytes: u64) -> Duration {
        self.passed = self.passed.saturating_add(bytes);
        Duration::from_secs_f64(self.passed as f64 / self.bytes_per_second as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_within_bounds() {
        for (text, fits) in
            [("819200", true), ("838860800", true), ("819199", false), ("838860801", false), ("x", false)]
        {
            let request = Request::new("GET", None, None).with_param("x-oss-traffic-limit", text);
            assert_eq!(Pace::of(&request).is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn bytes_pass_when_they_are_due() {
        let request = Request::new("GET", None, None).with_header("x-oss-traffic-limit", "819200");
        let mut pace = Pace::of(&request).unwrap().unwrap();
        assert_eq!([51_200, 51_200, 102_400].map(|bytes| pace.due(bytes).as_millis()), [500, 1000, 2000]);
    }
}
