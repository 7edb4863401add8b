//! Configure and Test: app server, token, OSS, hop by hop, so that a failure names its place.

use std::sync::Arc;
use std::time::Instant;

use shared::error::OssCode;
use shared::object_key::ObjectKey;
use shared::secret::mask;
use shared::token::Grant;
use transfer::TransferError;

use super::Shared;
use super::explain::explain;
use super::outbox::Outbox;
use crate::command::{Event, Hop, HopOutcome, JobId, Place, Reach, TokenView};
use crate::format;
use crate::problem::{Help, Problem};
use crate::words::{Text, said};

/// The object that Test asks for. It need not exist: any answer but a refused signature shows that the bucket is there.
const PROBE: &str = "direct-transfer-probe";

/// Runs `Command::Connect`.
pub(super) async fn connect(shared: Arc<Shared>, job: JobId, mut place: Place, reach: Reach) {
    let report = Report { outbox: &shared.outbox, job };
    let ok = match ask_for_token(&shared, &report, &place).await {
        None => false,
        Some(grant) => {
            place.fill_from(&grant.place);
            show_to_oss(&shared, &report, &place, &grant, reach).await
        }
    };
    shared.outbox.send(Event::Connected { job, ok });
}

struct Report<'a> {
    outbox: &'a Outbox,
    job: JobId,
}

impl Report<'_> {
    fn hop(&self, hop: Hop, outcome: HopOutcome) {
        self.outbox.send(Event::Hop { job: self.job, hop, outcome });
    }

    fn passed(&self, hop: Hop, seen: Text) {
        self.hop(hop, HopOutcome::Passed(seen));
    }

    fn failed(&self, hop: Hop, mut problem: Problem) {
        // Hops are shown beside the settings: there is no need to lead there.
        if problem.help == Help::OpenConfigure {
            problem.help = Help::Retry;
        }
        self.hop(hop, HopOutcome::Failed(Box::new(problem)));
    }
}

async fn ask_for_token(shared: &Shared, report: &Report<'_>, place: &Place) -> Option<Grant> {
    report.hop(Hop::AppServer, HopOutcome::Trying);
    if place.app_server.is_empty() {
        let why = said("Enter the address of the app server, such as http://127.0.0.1:8080.");
        report.failed(Hop::AppServer, Problem::new("Config", said("No app server is set"), why, Help::None));
        return None;
    }
    let started = Instant::now();
    let outcome = match shared.sessions.provider(place) {
        Ok(provider) => provider.refresh().await,
        Err(error) => Err(error),
    };
    let answered = || said!("answered in {0}", format::elapsed(started.elapsed()));
    match outcome {
        Ok(grant) => {
            report.passed(Hop::AppServer, answered());
            let token = view(shared, &grant);
            report.passed(Hop::Token, token_in_words(&token));
            shared.outbox.send(Event::Token(token));
            Some(grant)
        }
        Err(error @ (TransferError::Token { .. } | TransferError::TokenBody(_))) => {
            report.passed(Hop::AppServer, answered());
            report.failed(Hop::Token, explain(&error, said("The app server gave no token")));
            None
        }
        Err(error) => {
            report.failed(Hop::AppServer, explain(&error, said("The app server cannot be asked")));
            None
        }
    }
}

async fn show_to_oss(shared: &Shared, report: &Report<'_>, place: &Place, grant: &Grant, reach: Reach) -> bool {
    let client = match shared.sessions.client(place) {
        Ok(client) => client,
        Err(error) => {
            report.failed(Hop::Oss, explain(&error, said("The settings for OSS are incomplete")));
            return false;
        }
    };
    if reach == Reach::Token {
        return true;
    }
    report.hop(Hop::Oss, HopOutcome::Trying);
    let prefix = grant.place.object_prefix.as_deref().unwrap_or_default();
    let Ok(probe) = ObjectKey::parse(&format!("{prefix}{PROBE}")) else { return true };
    let started = Instant::now();
    let bucket = &place.bucket;
    let answered = || said!("bucket {0} answered in {1}", bucket.clone(), format::elapsed(started.elapsed()));
    match client.head(&probe).await {
        Ok(_) => report.passed(Hop::Oss, answered()),
        Err(TransferError::Oss(error)) if error.code == OssCode::NoSuchKey => report.passed(Hop::Oss, answered()),
        Err(TransferError::Oss(error)) if error.code == OssCode::AccessDenied => {
            let seen = said!("{0}; the token is good, but its policy does not allow reading here", answered());
            report.passed(Hop::Oss, seen);
        }
        Err(error) => {
            report.failed(Hop::Oss, explain(&error, said("OSS does not accept the token")));
            return false;
        }
    }
    true
}

/// A grant as it may be seen.
fn view(shared: &Shared, grant: &Grant) -> TokenView {
    TokenView {
        access_key_id: mask(&grant.credentials.access_key_id),
        obtained: shared.outbox.now(),
        expiration: grant.credentials.expiration,
        place: grant.place.clone(),
    }
}

/// Tells the app of a token that the provider obtained on its own, in the middle of another job.
pub(super) fn tell_token(shared: &Shared, place: &Place) {
    if let Ok(provider) = shared.sessions.provider(place)
        && let Some(grant) = provider.current()
    {
        shared.outbox.send(Event::Token(view(shared, &grant)));
    }
}

fn token_in_words(token: &TokenView) -> Text {
    let life = token.expiration.map_or_else(
        || said("without end"),
        |end| said!("valid for {0}", format::countdown((end - token.obtained).whole_seconds())),
    );
    match &token.place.object_prefix {
        Some(prefix) if !prefix.is_empty() => {
            said!("{0}, {1}, for {2}", token.access_key_id.clone(), life, prefix.clone())
        }
        _ => said!("{0}, {1}", token.access_key_id.clone(), life),
    }
}
