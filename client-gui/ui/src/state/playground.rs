//! How the playground's actions change the state.

use shared::bucket::BucketName;
use shared::region::{Endpoint, Region};

use super::State;
use crate::command::{Command, PictureWish};
use crate::playground::{self, PlaygroundAction};
use crate::queue::Upload;
use crate::recipe::{Code, Subject};
use crate::words::tr;

impl State {
    pub(super) fn act_on_playground(&mut self, action: PlaygroundAction) -> Vec<Command> {
        let recipe = &mut self.settings.recipe;
        match action {
            PlaygroundAction::Type(typed) => self.playground.adopt(typed, recipe),
            PlaygroundAction::Typed => self.playground.leave_field(recipe),
            PlaygroundAction::Controls => recipe.by_hand = None,
            PlaygroundAction::Code(code) => self.copy_code(code),
            PlaygroundAction::Presign(how) => return self.ask_img(PictureWish::Presign(how)),
            PlaygroundAction::SaveAs => {
                let Some(key) = self.done_key() else { return Vec::new() };
                let typed = self.playground.target.trim();
                let target =
                    if typed.is_empty() { playground::beside(&key, &self.settings.recipe) } else { typed.to_owned() };
                return self.ask_img(PictureWish::SaveAs(target));
            }
        }
        Vec::new()
    }

    fn done_key(&self) -> Option<String> {
        match self.upload() {
            Upload::Done(receipt) => Some(receipt.key.clone()),
            _ => None,
        }
    }

    fn ask_img(&mut self, wish: PictureWish) -> Vec<Command> {
        let Some(key) = self.done_key() else { return Vec::new() };
        let job = self.next_job();
        vec![self.playground.ask(job, &self.place, &key, &self.settings.recipe, wish)]
    }

    fn copy_code(&mut self, code: Code) {
        let Some(key) = self.done_key() else { return };
        let region = Region::parse(&self.place.region);
        let endpoint = match (self.place.endpoint.is_empty(), &region) {
            (true, Ok(region)) => Endpoint::parse(&region.public_endpoint()),
            _ => Endpoint::parse(&self.place.endpoint),
        };
        // An upload went there, so both are well-formed.
        let (Ok(endpoint), Ok(bucket)) = (endpoint, BucketName::parse(&self.place.bucket)) else { return };
        let endpoint = if self.place.cname { endpoint.as_cname() } else { endpoint };
        let process = self.settings.recipe.process();
        let subject = Subject { endpoint: &endpoint, bucket: &bucket, key: &key, process: &process };
        self.clipboard = Some(subject.code(code));
        self.toasts.good(tr("Copied"));
    }
}
