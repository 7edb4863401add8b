//! What the app says to the app server and to OSS, and what they answer: the newest exchanges, without their secrets.

mod compare;
mod curl;
mod exchange;
mod witness;

use std::collections::VecDeque;
use std::time::Duration;

use shared::decision::{Decision, Witness};
use time::OffsetDateTime;
use transfer::{ExchangeId, Peer};

use crate::command::{Command, Place, WireCommand};
use crate::lab::grid::Question;
use crate::words::word;

pub use compare::{Difference, difference};
pub use curl::{curl, presigned_headers};
pub use exchange::{Answer, Ending, Exchange};
use witness::Decisions;

/// Exchanges that are kept.
const MOST: usize = 1000;

/// Something that the person asked of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireAction {
    /// Look at an exchange more closely.
    Select(ExchangeId),
    /// Put a request on the clipboard as a curl command whose secrets are missing.
    CopyCurl(ExchangeId),
    /// The same with a presigned URL, so that it can be run.
    CopyPresigned(ExchangeId),
    /// Look in the policy lab at the request.
    WhyDenied(ExchangeId),
    /// Show these.
    Filter(Filter),
    /// Forget all exchanges.
    Clear,
}

/// Which exchanges are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those with the app server.
    AppServer,
    /// Those with OSS.
    Oss,
    /// Those that were refused or broke off.
    Failed,
}

impl Filter {
    /// All, with what they are called on the screen.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::All, word("All")),
        (Self::AppServer, word("App server")),
        (Self::Oss, word("OSS")),
        (Self::Failed, word("Failed")),
    ];
}

/// An arrow of the diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The app asks the app server for a token.
    AskToken,
    /// The app server asks STS for one.
    AssumeRole,
    /// STS gives credentials.
    Credentials,
    /// The app server gives the token.
    GiveToken,
    /// The app asks OSS.
    AskOss,
    /// OSS answers.
    OssAnswers,
}

/// What has passed along an arrow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Traffic {
    /// Messages so far.
    pub count: u64,
    /// Whether the last answer was a refusal or never came.
    pub failed: bool,
    /// Whether a message has passed since it was last drawn.
    pub(crate) fresh: bool,
    /// When the light on it began to move, by the window's own clock in seconds.
    pub(crate) lit: Option<f64>,
}

/// All that the screen draws.
#[derive(Debug, Default)]
pub struct Wire {
    /// The exchanges, oldest first.
    pub exchanges: VecDeque<Exchange>,
    /// The one that is looked at more closely.
    pub selected: Option<ExchangeId>,
    /// Which are shown.
    pub filter: Filter,
    /// One for each [`Lane`].
    pub(crate) lanes: [Traffic; 6],
    /// What the other side says of the same messages.
    decisions: Decisions,
    /// The key id of the last token: a new one must have come from STS.
    last_key: Option<String>,
    /// Signed texts whose request has not gone out yet.
    signed: Option<(ExchangeId, (Option<String>, String))>,
}

impl Wire {
    /// What has passed along `lane`.
    pub fn traffic(&self, lane: Lane) -> Traffic {
        self.lanes[lane as usize]
    }

    /// How many messages the app has sent.
    pub(crate) fn messages(&self) -> u64 {
        self.traffic(Lane::AskToken).count + self.traffic(Lane::AskOss).count
    }

    /// The exchange of this name.
    pub fn get(&self, id: ExchangeId) -> Option<&Exchange> {
        self.exchanges.iter().rev().find(|exchange| exchange.id == id)
    }

    /// The exchanges that the filter lets through, newest first.
    pub fn listed(&self) -> Vec<&Exchange> {
        let wanted = |exchange: &&Exchange| match self.filter {
            Filter::All => true,
            Filter::AppServer => exchange.peer == Peer::AppServer,
            Filter::Oss => exchange.peer == Peer::Oss,
            Filter::Failed => exchange.failed(),
        };
        self.exchanges.iter().rev().filter(wanted).collect()
    }

    /// The exchange that is looked at more closely.
    pub fn shown(&self) -> Option<&Exchange> {
        self.get(self.selected?)
    }

    /// From now on, `witness` tells what became of the requests at their other end.
    pub(crate) fn watch(&mut self, witness: Witness) {
        self.decisions = Decisions::of(witness);
    }

    /// Whether the other end of the messages is seen, too, and with it STS.
    pub(crate) fn sees_sts(&self) -> bool {
        self.decisions.are_told()
    }

    /// What was decided about `exchange`, where that is known.
    pub(crate) fn decision(&self, exchange: &Exchange) -> Option<&Decision> {
        self.decisions.get(&exchange.answer.as_ref()?.request_id)
    }

    /// What policies made of the requests that tokens were used for, as far as that is known; oldest first.
    pub(crate) fn run(&self) -> impl Iterator<Item = shared::ram::Observed> {
        self.decisions.run()
    }

    /// Takes in what has been decided since the last call.
    pub(crate) fn refresh(&mut self) {
        for decision in self.decisions.refresh(MOST) {
            if decision.service == "sts" && decision.operation == "AssumeRole" {
                self.pass(Lane::AssumeRole);
                self.pass(Lane::Credentials);
                self.lanes[Lane::Credentials as usize].failed = decision.status != 200;
            }
        }
    }

    /// Takes in what the transfer tells of its requests; `at` is when.
    pub fn hear(&mut self, at: OffsetDateTime, event: transfer::Event) {
        use transfer::Event as T;
        match event {
            T::Signed { exchange, canonical_request, string_to_sign } => {
                let texts = (canonical_request, string_to_sign);
                match self.find(exchange) {
                    Some(known) => known.signed = Some(texts),
                    None => self.signed = Some((exchange, texts)),
                }
            }
            T::RequestSent { exchange: id, peer, operation, key, method, url, headers } => {
                self.pass(if peer == Peer::Oss { Lane::AskOss } else { Lane::AskToken });
                let signed = self.signed.take_if(|(signed, _)| *signed == id).map(|(_, texts)| texts);
                if self.exchanges.len() == MOST {
                    self.exchanges.pop_front();
                }
                let (answer, ending) = (None, None);
                let new = Exchange { id, at, peer, operation, key, method, url, headers, signed, answer, ending };
                self.exchanges.push_back(new);
            }
            T::ResponseReceived { exchange, peer, status, request_id, headers, elapsed, .. } => {
                let lane = if peer == Peer::Oss { Lane::OssAnswers } else { Lane::GiveToken };
                self.pass(lane);
                self.lanes[lane as usize].failed = status >= 400;
                if let Some(known) = self.find(exchange) {
                    known.answer = Some(Answer { status, request_id, headers, after: elapsed });
                }
            }
            T::ResponseDone { exchange, elapsed } => self.end(exchange, Ending::Done, elapsed),
            T::ResponseRefused { exchange, elapsed, code, ec, message, details } => {
                self.end(exchange, Ending::Refused { code, ec, message, details }, elapsed);
            }
            T::ExchangeBroken { exchange, elapsed, reason } => self.end(exchange, Ending::Broken(reason), elapsed),
            T::TokenRefreshed { access_key_id, .. }
                if !self.sees_sts() && self.last_key.as_ref() != Some(&access_key_id) =>
            {
                // The app does not see the app server speak to STS, but nobody else makes keys.
                self.pass(Lane::AssumeRole);
                self.pass(Lane::Credentials);
                self.last_key = Some(access_key_id);
            }
            _ => {}
        }
    }

    /// Carries out `action`: what to tell the policy lab is the state's business.
    pub(crate) fn act(&mut self, action: &WireAction, place: &Place) -> (Option<String>, Option<Command>) {
        match action {
            WireAction::Select(id) => self.selected = Some(*id),
            WireAction::Filter(filter) => self.filter = *filter,
            WireAction::Clear => {
                self.exchanges.clear();
                self.selected = None;
            }
            WireAction::CopyCurl(id) => return (self.get(*id).map(|exchange| curl(exchange, None)), None),
            WireAction::CopyPresigned(id) => {
                let command = self.get(*id).map(|exchange| {
                    let exchange = Box::new(exchange.clone());
                    Command::Wire(WireCommand::Presign { place: place.clone(), exchange })
                });
                return (None, command);
            }
            WireAction::WhyDenied(_) => {}
        }
        (None, None)
    }

    /// The request as the policy lab asks it.
    pub(crate) fn question(&self, id: ExchangeId, place: &Place) -> Option<Question> {
        self.get(id).map(|exchange| exchange.question(&place.bucket))
    }

    fn find(&mut self, id: ExchangeId) -> Option<&mut Exchange> {
        self.exchanges.iter_mut().rev().find(|exchange| exchange.id == id)
    }

    fn end(&mut self, id: ExchangeId, ending: Ending, elapsed: Duration) {
        let Some(known) = self.find(id) else { return };
        let lane = if known.peer == Peer::Oss { Lane::OssAnswers } else { Lane::GiveToken };
        let failed = ending != Ending::Done;
        known.ending = Some((ending, elapsed));
        self.lanes[lane as usize].failed = failed;
    }

    fn pass(&mut self, lane: Lane) {
        let traffic = &mut self.lanes[lane as usize];
        traffic.count += 1;
        traffic.fresh = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_bounded_and_a_late_answer_to_a_forgotten_request_is_no_harm() {
        let mut wire = Wire::default();
        let sent = |number: u64| transfer::Event::RequestSent {
            exchange: ExchangeId(number),
            peer: Peer::Oss,
            operation: "ListObjectsV2",
            key: None,
            method: "GET",
            url: format!("http://h/b/?prefix=users%2F{number}%2F&list-type=2"),
            headers: Vec::new(),
        };
        for number in 0..MOST as u64 + 50 {
            wire.hear(OffsetDateTime::UNIX_EPOCH, sent(number));
        }
        assert_eq!((wire.exchanges.len(), wire.exchanges[0].id), (MOST, ExchangeId(50)));
        let late = transfer::Event::ResponseDone { exchange: ExchangeId(1), elapsed: Duration::ZERO };
        wire.hear(OffsetDateTime::UNIX_EPOCH, late);
        let question = wire.exchanges[0].question("photos");
        assert_eq!((question.action.as_str(), question.prefix.as_deref()), ("oss:ListObjects", Some("users/50/")));
    }

    #[test]
    fn sts_is_lit_by_a_new_key_alone() {
        let mut wire = Wire::default();
        for key in ["STS.A", "STS.A", "STS.B"] {
            let token = transfer::Event::TokenRefreshed { expiration: None, access_key_id: key.to_owned() };
            wire.hear(OffsetDateTime::UNIX_EPOCH, token);
        }
        assert_eq!(wire.traffic(Lane::AssumeRole).count, 2);
    }
}
