//! May they: role ∩ session by `shared::ram::evaluate`, then the ACL of the bucket, which is private (`img-and-ram.md` §2.5).

use std::net::IpAddr;

use shared::decision::LayerOutcome;
use shared::error::{OssCode, OssError};
use shared::ram::{Context, Layer, LayerVerdict, Layers, Outcome, PolicyDocument, Request, Verdict, evaluate};
use shared::timefmt;
use time::OffsetDateTime;

use crate::accounts::Accounts;
use crate::authenticate::Caller;
use crate::operation::Operation;

/// What the evaluator is asked, and what it answered.
#[derive(Debug)]
pub struct Ruling {
    /// The resource in question.
    pub resource: String,
    /// What each layer said.
    pub layers: Vec<LayerOutcome>,
    /// The refusal, if it is one.
    pub refusal: Option<OssError>,
}

/// Facts about a request that conditions may look at.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The client's address.
    pub source_ip: IpAddr,
    /// The `User-Agent` header.
    pub user_agent: &'a str,
    /// The emulator's time.
    pub now: OffsetDateTime,
    /// The `prefix` of a listing.
    pub prefix: &'a str,
    /// The `delimiter` of a listing.
    pub delimiter: &'a str,
}

/// Decides whether `caller` may do `operation` on `bucket`/`key`.
pub fn authorize(
    accounts: &Accounts,
    caller: &Caller<'_>,
    operation: &Operation,
    place: (Option<&str>, Option<&str>),
    circumstances: Circumstances<'_>,
) -> Ruling {
    let account = &accounts.account_id;
    let resource = match place {
        (None, _) => format!("acs:oss:*:{account}:*"),
        (Some(bucket), None) => format!("acs:oss:*:{account}:{bucket}"),
        (Some(bucket), Some(key)) => format!("acs:oss:*:{account}:{bucket}/{key}"),
    };
    let request = Request {
        action: operation.action().to_owned(),
        resource: resource.clone(),
        principals: principals(accounts, caller),
        context: context(caller, operation, circumstances),
    };
    let identity: Vec<&PolicyDocument> = match caller {
        Caller::Anonymous => Vec::new(),
        Caller::User(user) => user.policies.iter().collect(),
        Caller::Session(session) => {
            accounts.role(&session.role_arn).map(|role| role.policies.iter().collect()).unwrap_or_default()
        }
    };
    let session = match caller {
        Caller::Session(session) => session.policy.as_ref(),
        _ => None,
    };
    let verdict = evaluate(&Layers { identity: &identity, session, bucket: None }, &request);
    let mut layers = layer_outcomes(&verdict, matches!(caller, Caller::Anonymous));
    if verdict.leaves_it_to_acls() {
        layers.push(LayerOutcome {
            layer: "acl".to_owned(),
            effect: "ImplicitDeny".to_owned(),
            statement: None,
            because: "the bucket is private".to_owned(),
        });
    }
    let refusal = (!verdict.is_allow()).then(|| refusal(accounts, caller, operation, place, &verdict));
    Ruling { resource, layers, refusal }
}

/// Every name that the caller goes by in a Principal.
fn principals(accounts: &Accounts, caller: &Caller<'_>) -> Vec<String> {
    match caller {
        Caller::Anonymous => Vec::new(),
        Caller::User(user) => vec![accounts.account_id.clone(), user.id.clone(), user.arn.clone()],
        Caller::Session(session) => {
            vec![session.role_arn.clone(), format!("{}/{}", session.role_arn, session.session_name)]
        }
    }
}

fn context(caller: &Caller<'_>, operation: &Operation, facts: Circumstances<'_>) -> Context {
    let mut context = Context::new()
        .with("acs:SourceIp", facts.source_ip.to_string())
        .with("acs:UserAgent", facts.user_agent)
        .with("acs:CurrentTime", timefmt::iso8601(facts.now))
        .with("acs:SecureTransport", "false");
    match caller {
        Caller::Anonymous => {}
        Caller::User(user) => context.insert("acs:AccessId", &user.access_key_id),
        Caller::Session(session) => context.insert("acs:AccessId", &session.access_key_id),
    }
    if operation.lists() {
        // A listing without a prefix is one with an empty prefix: published policies allow the root by `""`.
        context.insert("oss:Prefix", facts.prefix);
        context.insert("oss:Delimiter", facts.delimiter);
    }
    context
}

fn layer_outcomes(verdict: &Verdict, anonymous: bool) -> Vec<LayerOutcome> {
    let outcome = |layer: &str, verdict: &LayerVerdict| LayerOutcome {
        layer: layer.to_owned(),
        effect: format!("{:?}", verdict.effect),
        statement: verdict.because.as_ref().map(|because| because.statement),
        because: match &verdict.because {
            Some(because) => match &because.sid {
                Some(sid) => format!("statement {} ({sid})", because.statement),
                None => format!("statement {}", because.statement),
            },
            None => "no statement applies".to_owned(),
        },
    };
    let session = verdict.session.as_ref().map(|verdict| outcome("session", verdict));
    let identity = (!anonymous).then(|| outcome("identity", &verdict.identity));
    session.into_iter().chain(identity).collect()
}

fn refusal(
    accounts: &Accounts,
    caller: &Caller<'_>,
    operation: &Operation,
    (bucket, key): (Option<&str>, Option<&str>),
    verdict: &Verdict,
) -> OssError {
    let denied = |message: &str, ec: &str| OssError::new(OssCode::AccessDenied, message).ec(ec);
    let error = match (verdict.because.layer, verdict.effect, caller, key) {
        (Layer::Session, ..) => denied("Access denied by authorizer's policy.", "0003-00000301"),
        // OSS's own words, also where it was an identity policy that denied.
        (_, Outcome::ExplicitDeny, ..) => denied("Access denied by bucket policy.", "0003-00000201"),
        (_, _, Caller::Anonymous, None) if !operation.lists() => {
            return denied("Anonymous access is forbidden for this operation.", "0003-00001201");
        }
        (_, _, Caller::Anonymous, _) => {
            return denied("You have no right to access this object because of bucket acl.", "0003-00000001");
        }
        (_, _, _, Some(_)) => denied("You have no right to access this object because of bucket acl.", "0003-00000001"),
        (_, _, _, None) if bucket.is_none() => denied("You are forbidden to list buckets.", "0003-00000202"),
        _ => denied("The bucket you access does not belong to you.", "0003-00000202"),
    };
    let (kind, name) = match caller {
        Caller::Session(session) => {
            let role = session.role_arn.rsplit('/').next().unwrap_or_default();
            ("AssumedRoleUser", format!("{role}:{}", session.session_name))
        }
        Caller::User(user) => ("SubUser", user.id.clone()),
        Caller::Anonymous => return error,
    };
    let policy_type =
        if verdict.because.layer == Layer::Session { "SessionPolicy" } else { "AccountLevelIdentityBasedPolicy" };
    error
        .detail("AccessDeniedDetail/PolicyType", policy_type)
        .detail("AccessDeniedDetail/AuthPrincipalOwnerId", &accounts.account_id)
        .detail("AccessDeniedDetail/AuthPrincipalType", kind)
        .detail("AccessDeniedDetail/AuthPrincipalDisplayName", name)
        .detail("AccessDeniedDetail/NoPermissionType", format!("{:?}", verdict.effect))
        .detail("AccessDeniedDetail/AuthAction", operation.action())
}
