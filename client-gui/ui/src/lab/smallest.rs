//! The smallest session policy for what was asked of OSS so far, with its proof, where an emulator tells what it decided.

use serde_json::Value;
use shared::ram::{Observed as Asked, Proof, minimal, prove};

use super::grid::Scene;
use super::{Lab, Sheet};

/// The policy in the editor, and what the run says of it.
#[derive(Debug)]
pub struct Smallest {
    /// As it was put into the editor.
    text: String,
    /// How many requests were replayed.
    pub replayed: usize,
    pub proof: Proof,
}

impl Lab {
    /// Puts the smallest policy for `run` on the session's sheet; nothing where the run was allowed nothing.
    pub(super) fn take_smallest(&mut self, run: &[Asked]) {
        let folder = format!("{}/{}", self.scene.bucket, self.scene.prefix);
        let Some(policy) = minimal(run, &folder) else { return };
        let Ok(proof) = prove(&policy, run) else { return };
        let Ok(text) = serde_json::to_string_pretty(&templated(policy, &self.scene)) else { return };
        self.editors[Sheet::Session.index()].text.clone_from(&text);
        self.shown = Sheet::Session;
        self.smallest = Some(Smallest { text, replayed: run.len(), proof });
    }

    /// What was proven of the policy that the session's sheet shows.
    pub fn proven(&self) -> Option<&Smallest> {
        self.smallest.as_ref().filter(|smallest| smallest.text == self.editors[Sheet::Session.index()].text)
    }
}

/// With placeholders for the scene's bucket and folder where they begin a resource or a listing's prefix.
fn templated(policy: Value, scene: &Scene) -> Value {
    let within = |text: &str| match text.strip_prefix(scene.prefix.as_str()) {
        Some(rest) if !scene.prefix.is_empty() => format!("$OBJECT_PREFIX{rest}"),
        _ => text.to_owned(),
    };
    let resource = |text: &str| match text.strip_prefix(&format!("acs:oss:*:*:{}", scene.bucket)) {
        Some("") => "acs:oss:*:*:$BUCKET_NAME".to_owned(),
        Some(rest) if rest.starts_with('/') => format!("acs:oss:*:*:$BUCKET_NAME/{}", within(&rest[1..])),
        _ => text.to_owned(),
    };
    let each = |list: Option<&mut Value>, change: &dyn Fn(&str) -> String| {
        for item in list.and_then(Value::as_array_mut).into_iter().flatten() {
            *item = change(item.as_str().unwrap_or_default()).into();
        }
    };
    let mut policy = policy;
    for statement in policy["Statement"].as_array_mut().into_iter().flatten() {
        each(statement.get_mut("Resource"), &resource);
        for keys in statement.get_mut("Condition").and_then(Value::as_object_mut).into_iter().flatten() {
            each(keys.1.get_mut("oss:Prefix"), &within);
        }
    }
    policy
}
