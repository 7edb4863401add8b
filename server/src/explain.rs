//! What identities get, in words and JSON for the person who configures it: `server check` and `server explain`.

use std::fmt::Write as _;
use std::sync::Arc;

use shared::clock::Clock;

use crate::audit::Audit;
use crate::config::{Config, Provider};
use crate::error::StartError;
use crate::grant::Planned;
use crate::identity::Identity;
use crate::policy_tests;
use crate::settings::Settings;
use crate::tls::Tls;

/// So many identities that the configuration knows by name are shown.
const MAX_SHOWN: usize = 20;

/// The report of `server check`: what is configured, and what each identity that is known by name would get.
///
/// # Errors
/// [`StartError`]: everything that keeps the server from starting, and policies that fail the tests beside them.
pub fn check(config: &Config, clock: &Arc<dyn Clock>) -> Result<String, StartError> {
    let settings = Settings::alone(config.clone(), clock)?;
    config.tls.as_ref().map(Tls::load).transpose()?;
    config.audit.as_ref().map(|audit| Audit::may_be_in(&audit.file)).transpose()?;
    let tests = policy_tests::run(config);
    if !tests.wrong.is_empty() {
        return Err(StartError::PolicyTests(tests.wrong));
    }
    let mut report = format!("{} is good.\n", config.source);
    for line in tests.good {
        let _ = writeln!(report, "{line}");
    }
    for warning in config.warnings() {
        let _ = writeln!(report, "warning: {warning}");
    }
    let providers = config.identity.as_ref().map(|identity| identity.providers.as_slice()).unwrap_or_default();
    if !providers.is_empty() {
        let names: Vec<&str> = providers.iter().map(Provider::name).collect();
        let _ = writeln!(report, "providers, in the order in which they are asked: {}", names.join(", "));
    }
    let mut identities = settings.identities.known_by_name();
    let count = identities.len();
    identities.truncate(MAX_SHOWN);
    for identity in &identities {
        let _ = writeln!(report, "\n{}", line_of(identity));
        for outcome in settings.grants.explain(identity) {
            let _ = match outcome {
                Ok(planned) => writeln!(report, "  {}: {}", planned.grant, folder_of(&planned)),
                Err(refusal) => writeln!(report, "  refused: {refusal}"),
            };
        }
    }
    if count > MAX_SHOWN {
        let _ = writeln!(report, "\nand {} more: see `server explain --identity NAME`", count - MAX_SHOWN);
    }
    Ok(report)
}

/// The report of `server explain`: folder, session and policy of each grant of `identity`.
///
/// # Errors
/// [`StartError`]: everything that keeps the server from starting.
pub fn explain(config: &Config, identity: &Identity, clock: &Arc<dyn Clock>) -> Result<String, StartError> {
    let settings = Settings::alone(config.clone(), clock)?;
    let mut report = format!("{}\n", line_of(identity));
    let outcomes = settings.grants.explain(identity);
    if outcomes.is_empty() {
        report.push_str("  has no grant\n");
    }
    for (index, outcome) in outcomes.into_iter().enumerate() {
        let first = if index == 0 { ", without asking" } else { "" };
        let _ = match outcome {
            Ok(planned) => writeln!(
                report,
                "\ngrant {}{first}\n  folder   {}\n  session  {}\n  seconds  {}\n  policy   {}",
                planned.grant,
                folder_of(&planned),
                planned.ask.role_session_name,
                planned.ask.duration_seconds,
                planned.ask.policy.as_deref().unwrap_or("none: the whole role"),
            ),
            Err(refusal) => writeln!(report, "\nrefused: {refusal}"),
        };
    }
    Ok(report)
}

fn line_of(identity: &Identity) -> String {
    let device = identity.device.as_deref().map(|device| format!(", device {device:?}")).unwrap_or_default();
    format!("identity {:?}{device} of provider {}", identity.user, identity.provider)
}

fn folder_of(planned: &Planned) -> String {
    let bucket = planned.place.bucket.as_deref().unwrap_or("the role's buckets");
    let prefix = planned.prefix.as_ref().map(ToString::to_string).unwrap_or_default();
    match &planned.place.object_key {
        Some(key) => format!("{bucket}/{prefix} (a new key each time, such as {key})"),
        None => format!("{bucket}/{prefix}"),
    }
}
