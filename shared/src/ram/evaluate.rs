//! The decision: one total function from policies and a request to a verdict and its reason.
//!
//! Order of evaluation (RAM, "policy evaluation process"): the control policies of a resource directory must allow, then a
//! session policy must, otherwise the request is denied at once; then identity policies and the bucket policy side by side, where any explicit deny denies and any allow allows;
//! what is still undecided is left to the caller, who may go on to the ACLs.

use super::condition::{Context, Outcome as ConditionOutcome};
use super::document::{Effect, PolicyDocument, Statement};

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `oss:PutObject`; letter case is ignored.
    pub action: String,
    /// `acs:oss:*:{account}:bucket/key`, `acs:oss:*:{account}:bucket`, or `acs:oss:*:{account}:*` for the service.
    pub resource: String,
    /// Every name the caller goes by in a Principal (account id, user id, ARN forms); empty when anonymous.
    pub principals: Vec<String>,
    pub context: Context,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Allow,
    ExplicitDeny,
    /// No statement decides.
    ImplicitDeny,
}

/// The statement that decided, by its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// Index among the documents of the layer.
    pub document: usize,
    pub statement: usize,
    pub sid: Option<String>,
}

/// The verdict of one layer of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerVerdict {
    pub effect: Outcome,
    /// `None` for an implicit deny.
    pub because: Option<Because>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    Control,
    Session,
    Identity,
    Bucket,
}

/// The policies that bear on a request, each layer parsed as its own kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers<'a> {
    /// What the account's resource directory lets its users and roles do; empty for an account in none, for a root key and for
    /// strangers, whom they do not bind.
    pub control: &'a [&'a PolicyDocument],
    /// Of the RAM user or role; empty for a root key, another account or an anonymous caller.
    pub identity: &'a [&'a PolicyDocument],
    /// Present when the token was issued with a Policy.
    pub session: Option<&'a PolicyDocument>,
    /// Absent counts as an implicit deny.
    pub bucket: Option<&'a PolicyDocument>,
}

/// Which layer decided and by which statement; no statement when it decided by not allowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub layer: Layer,
    pub statement: Option<Because>,
}

/// The whole decision, with the verdict of each layer that was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub effect: Outcome,
    pub because: Reason,
    pub control: Option<LayerVerdict>,
    pub session: Option<LayerVerdict>,
    pub identity: LayerVerdict,
    pub bucket: Option<LayerVerdict>,
}

impl Verdict {
    pub fn is_allow(&self) -> bool {
        self.effect == Outcome::Allow
    }

    /// True when no policy decides and the ACLs may still allow; never after a control or session policy has denied.
    pub fn leaves_it_to_acls(&self) -> bool {
        self.effect == Outcome::ImplicitDeny && !matches!(self.because.layer, Layer::Control | Layer::Session)
    }
}

/// An explicit deny in any document wins over every allow.
pub fn evaluate_layer(documents: &[&PolicyDocument], request: &Request) -> LayerVerdict {
    let statements = documents.iter().enumerate().flat_map(|(document, policy)| {
        policy.statements.iter().enumerate().map(move |(index, statement)| (document, index, statement))
    });
    let mut allowed = None;
    for (document, index, statement) in statements {
        if !applies(statement, request) {
            continue;
        }
        let because = Because { document, statement: index, sid: statement.sid.clone() };
        match statement.effect {
            Effect::Deny => {
                return LayerVerdict { effect: Outcome::ExplicitDeny, because: Some(because) };
            }
            Effect::Allow => allowed = allowed.or(Some(because)),
        }
    }
    let effect = if allowed.is_some() { Outcome::Allow } else { Outcome::ImplicitDeny };
    LayerVerdict { effect, because: allowed }
}

/// Control policies first, then the session policy, then identity and bucket policies side by side.
pub fn evaluate(layers: &Layers<'_>, request: &Request) -> Verdict {
    let control = (!layers.control.is_empty()).then(|| evaluate_layer(layers.control, request));
    let session = layers.session.map(|policy| evaluate_layer(&[policy], request));
    let identity = evaluate_layer(layers.identity, request);
    let bucket = layers.bucket.map(|policy| evaluate_layer(&[policy], request));

    // Either must allow; what does not ends it, by a statement or for lack of one.
    let must = [(Layer::Control, control.as_ref()), (Layer::Session, session.as_ref())];
    let bound = must.into_iter().find_map(|(layer, verdict)| {
        verdict.filter(|verdict| verdict.effect != Outcome::Allow).map(|verdict| (layer, verdict))
    });
    let side_by_side = [(Layer::Identity, Some(&identity)), (Layer::Bucket, bucket.as_ref())];
    let first = |wanted: Outcome| {
        side_by_side.into_iter().find_map(|(layer, verdict)| {
            verdict.filter(|verdict| verdict.effect == wanted).map(|verdict| (layer, verdict))
        })
    };
    let (layer, deciding) = bound
        .or_else(|| first(Outcome::ExplicitDeny))
        .or_else(|| first(Outcome::Allow))
        .unwrap_or((Layer::Identity, &identity));
    Verdict {
        effect: deciding.effect,
        because: Reason { layer, statement: deciding.because.clone() },
        control,
        session,
        identity,
        bucket,
    }
}

fn applies(statement: &Statement, request: &Request) -> bool {
    let principal = statement.principal.as_ref().is_none_or(|principal| principal.matches(&request.principals));
    principal
        && statement.actions.matches(&request.action)
        && statement.covers(&request.resource)
        && conditions_met(statement, &request.context)
}

/// Whether all conditions are met.
pub(super) fn conditions_met(statement: &Statement, context: &Context) -> bool {
    statement.conditions.iter().all(|condition| match condition.outcome(context) {
        ConditionOutcome::Met => true,
        ConditionOutcome::NotMet => false,
        // Fail closed: what cannot be read must not switch a Deny off, nor an Allow on.
        ConditionOutcome::Unreadable => statement.effect == Effect::Deny,
    })
}
