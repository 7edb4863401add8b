//! What the screens beside the steps ask for: a place in the policy lab, a request on the wire, other conditions.

use time::OffsetDateTime;

use super::State;
use crate::command::{Command, JobId};
use crate::conditions::ConditionsAction;
use crate::lab::LabAction;
use crate::lab::grid::Question;
use crate::queue::Upload;
use crate::screen::Screen;
use crate::wire::WireAction;
use crate::words::tr;

impl State {
    /// Keeps what the conditions' screen shows true while it is shown.
    pub(super) fn due_look(&mut self) -> Vec<Command> {
        if self.screen != Screen::Conditions {
            return Vec::new();
        }
        let action = self.conditions.due(self.wire.messages());
        action.map_or_else(Vec::new, |action| self.act_on_conditions(action, self.now))
    }

    /// Opens the lab at the request that was refused: what the shown step asks of OSS.
    pub(super) fn why_denied(&mut self, action: Option<String>) -> Vec<Command> {
        if let Some(question) = self.objects.refused.clone().filter(|_| self.screen == Screen::Objects) {
            let action = action.unwrap_or(question.action);
            return self.ask_lab(Question { action, ..question });
        }
        let (operation, needed, key) = match self.upload() {
            Upload::Done(receipt) if action.as_deref() == Some("oss:PostProcessTask") => {
                ("ProcessObject", "oss:PostProcessTask", receipt.key.clone())
            }
            Upload::Done(receipt) => ("GetObject", "oss:GetObject", receipt.key.clone()),
            _ => ("PutObject", "oss:PutObject", self.key()),
        };
        let question = Question {
            operation: operation.to_owned(),
            action: action.unwrap_or_else(|| needed.to_owned()),
            bucket: Some(self.place.bucket.clone()),
            key: Some(key),
            prefix: None,
        };
        self.ask_lab(question)
    }

    /// Opens the lab at `question`.
    pub(super) fn ask_lab(&mut self, question: Question) -> Vec<Command> {
        self.refresh_lab(self.selected_at);
        self.screen = Screen::Lab;
        self.lab.act(LabAction::WhyDenied(question), JobId(0), &self.place)
    }

    pub(super) fn act_on_conditions(&mut self, action: ConditionsAction, now: OffsetDateTime) -> Vec<Command> {
        let job = self.next_job();
        let at = (self.settings.control.as_str(), &self.place);
        self.conditions.act(action, job, at, now).into_iter().collect()
    }

    pub(super) fn act_on_wire(&mut self, action: &WireAction) -> Vec<Command> {
        if let WireAction::WhyDenied(id) = action {
            return self.wire.question(*id, &self.place).map_or_else(Vec::new, |question| self.ask_lab(question));
        }
        let (copy, command) = self.wire.act(action, &self.place);
        if copy.is_some() {
            self.clipboard = copy;
            self.toasts.good(tr("Copied"));
        }
        command.into_iter().collect()
    }
}
