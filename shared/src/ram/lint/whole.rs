//! Findings about a policy as a whole: what is missing beside an action, what is there twice, what has no effect.

use serde_json::json;

use super::{Findings, Severity};
use crate::ram::compare::idle;
use crate::ram::document::{Actions, Effect, PolicyDocument, PolicyKind};
use crate::ram::edit::Edit;

pub(super) fn look(policy: &PolicyDocument, out: &mut Findings) {
    multipart(policy, out);
    useless(policy, out);
}

/// An upload in parts needs more than PutObject to be taken up again and to be cleaned up.
fn multipart(policy: &PolicyDocument, out: &mut Findings) {
    if policy.kind != PolicyKind::Session {
        return;
    }
    let allowed =
        |action: &str| policy.statements.iter().any(|s| s.effect == Effect::Allow && s.actions.matches(action));
    let puts = policy.statements.iter().position(|statement| {
        statement.effect == Effect::Allow
            && matches!(&statement.actions, Actions::Only(_))
            && statement.actions.matches("oss:PutObject")
    });
    let Some(index) = puts else { return };
    for (code, action, what) in [
        ("no-list-parts", "oss:ListParts", "it cannot ask which parts are there, to resume it"),
        ("no-abort", "oss:AbortMultipartUpload", "it cannot abort it, and parts are paid for until somebody does"),
    ] {
        if !allowed(action) {
            let path = format!("Statement[{index}].Action");
            let edit = Edit::Append { path: path.clone(), value: json!(action) };
            let message = format!("the token can begin an upload in parts, but {what}: {action} is missing");
            out.push(code, Severity::Low, &path, message, Some(("Add the action", edit)));
        }
    }
}

/// A statement without which the policy would allow the same, though nothing about it is in error.
fn useless(policy: &PolicyDocument, out: &mut Findings) {
    if policy.statements.len() < 2 {
        return;
    }
    // A Deny may be there to bind the other layers; alone it would never change what its own policy allows.
    let idle = idle(policy).unwrap_or_default();
    for (index, statement) in policy.statements.iter().enumerate() {
        let path = format!("Statement[{index}]");
        let fix = Some(("Remove it", Edit::Remove { path: path.clone() }));
        if policy.statements[..index].contains(statement) {
            out.push("duplicate", Severity::Low, &path, "the same statement stands above already", fix);
        } else if idle.contains(&index) {
            let message = "other statements allow or deny all that this one allows: it has no effect";
            out.push("no-effect", Severity::Low, &path, message, fix);
        }
    }
}
