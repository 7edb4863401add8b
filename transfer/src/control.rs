//! The control port of an emulator: its clock, its faults, and what it decided. Real OSS has none.

use std::time::Duration;

use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::decision::Decision;
use shared::fault::{FaultPlan, FaultRule};
use shared::timefmt;
use time::OffsetDateTime;

use crate::error::TransferError;
use crate::http::transport;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Pages of decisions that are read at most; an emulator keeps fewer.
const MOST_PAGES: usize = 200;
/// What messages call it.
const SETTING: &str = "the emulator's control port";

/// The control port of one emulator.
#[derive(Debug, Clone)]
pub struct Control {
    url: Url,
    client: reqwest::Client,
    host: String,
}

/// What the emulator's clock reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// The time of OSS and STS.
    pub now: OffsetDateTime,
    /// Whether it stands still.
    pub frozen: bool,
    /// Seconds that OSS and STS are ahead of the emulator's own world; negative when they are behind.
    pub skew_seconds: i64,
}

/// What is to become of the emulator's clock; what is `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ClockChange {
    /// Moves it so many seconds; back, if that is negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advance_seconds: Option<i64>,
    /// Stops it, or lets it go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze: Option<bool>,
    /// Puts OSS and STS so many seconds ahead of the emulator's world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skew_seconds: Option<i64>,
}

/// The faults in force.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultReading {
    /// The plan; without rules, nothing goes wrong on purpose.
    pub plan: FaultPlan,
    /// How many requests each of its rules has struck.
    pub applied: Vec<u64>,
}

impl Control {
    /// Checks the URL; connects to nothing.
    ///
    /// # Errors
    /// [`TransferError::Config`] when it is no http or https URL.
    pub fn new(url: &str) -> Result<Self, TransferError> {
        let url = Url::parse(url.trim()).map_err(|error| wrong(format!("it is no URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("it must begin with http:// and name a host".to_owned()));
        }
        let client = transport::build(transport::builder(&url, CONNECT_TIMEOUT).timeout(TOTAL_TIMEOUT))?;
        Ok(Self { client, host: transport::authority(&url), url })
    }

    /// What the clock reads.
    ///
    /// # Errors
    /// A failure of the network, or [`TransferError::Config`] when who answers is no emulator.
    pub async fn clock(&self) -> Result<ClockReading, TransferError> {
        clock_of(&self.ask(Method::GET, "clock", None).await?)
    }

    /// Changes the clock; what it reads then.
    ///
    /// # Errors
    /// As for [`clock`](Self::clock).
    pub async fn set_clock(&self, change: ClockChange) -> Result<ClockReading, TransferError> {
        clock_of(&self.ask(Method::POST, "clock", json_of(&change)).await?)
    }

    /// The faults in force.
    ///
    /// # Errors
    /// As for [`clock`](Self::clock).
    pub async fn faults(&self) -> Result<FaultReading, TransferError> {
        faults_of(self.ask(Method::GET, "faults", None).await?)
    }

    /// From now on `plan` is in force; one without rules ends all faults.
    ///
    /// # Errors
    /// As for [`clock`](Self::clock); [`TransferError::Config`] also for a plan that cannot be carried out.
    pub async fn set_faults(&self, plan: &FaultPlan) -> Result<FaultReading, TransferError> {
        let none = plan.rules.is_empty() && plan.preset.is_empty();
        let answer = match none {
            true => self.ask(Method::DELETE, "faults", None).await?,
            false => self.ask(Method::PUT, "faults", json_of(plan)).await?,
        };
        faults_of(answer)
    }

    /// What was decided after the decision of this number (0 for all), oldest first.
    ///
    /// # Errors
    /// As for [`clock`](Self::clock).
    pub async fn decisions(&self, after: u64) -> Result<Vec<Decision>, TransferError> {
        #[derive(Deserialize)]
        struct Page {
            decisions: Vec<Decision>,
            next: u64,
        }
        let (mut all, mut after) = (Vec::new(), after);
        for _ in 0..MOST_PAGES {
            let answer = self.ask(Method::GET, &format!("decisions?after={after}"), None).await?;
            let page: Page = serde_json::from_value(answer).map_err(|error| wrong(no_emulator(&error)))?;
            if page.decisions.is_empty() {
                break;
            }
            all.extend(page.decisions);
            after = page.next;
        }
        Ok(all)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<String>) -> Result<Value, TransferError> {
        let url = self.url.join(path).map_err(|error| wrong(error.to_string()))?;
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let broken = |error: &reqwest::Error| transport::broken(&self.host, error);
        let answer = request.send().await.map_err(|error| broken(&error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| broken(&error))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| wrong(no_emulator(&error)))?;
        if status.is_success() {
            return Ok(value);
        }
        let said = value.get("error").and_then(Value::as_str).map(str::to_owned);
        Err(wrong(said.unwrap_or_else(|| format!("{} answered HTTP {}", self.host, status.as_u16()))))
    }
}

fn wrong(problem: String) -> TransferError {
    TransferError::Config { setting: SETTING, problem }
}

fn no_emulator(error: &dyn std::fmt::Display) -> String {
    format!(
        "what answers there is not an emulator's control port ({error}); the emulator prints the address when it starts"
    )
}

fn json_of(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

fn clock_of(answer: &Value) -> Result<ClockReading, TransferError> {
    let read = || {
        Some(ClockReading {
            now: timefmt::parse_iso8601(answer.get("now")?.as_str()?)?,
            frozen: answer.get("frozen")?.as_bool()?,
            skew_seconds: answer.get("skew_seconds")?.as_i64()?,
        })
    };
    read().ok_or_else(|| wrong(no_emulator(&"no time")))
}

fn faults_of(answer: Value) -> Result<FaultReading, TransferError> {
    #[derive(Deserialize)]
    struct Told {
        preset: String,
        seed: u64,
        rules: Vec<serde_json::Map<String, Value>>,
    }
    let unread = |error: serde_json::Error| wrong(no_emulator(&error));
    let told: Told = serde_json::from_value(answer).map_err(unread)?;
    let mut reading = FaultReading {
        plan: FaultPlan { preset: told.preset, seed: told.seed, rules: Vec::new() },
        applied: Vec::new(),
    };
    for mut rule in told.rules {
        reading.applied.push(rule.remove("applied").and_then(|applied| applied.as_u64()).unwrap_or_default());
        let rule: FaultRule = serde_json::from_value(Value::Object(rule)).map_err(unread)?;
        reading.plan.rules.push(rule);
    }
    Ok(reading)
}
