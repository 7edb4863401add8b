//! AssumeRole and GetCallerIdentity.

use serde_json::json;
use shared::decision::LayerOutcome;
use shared::error::push_element;
use shared::ram::{
    Context, LayerVerdict, Layers, Outcome, PolicyDocument, PolicyKind, Request, evaluate, evaluate_layer,
};
use shared::sts::{AssumedRole, MAX_POLICY_CHARS, MIN_DURATION, StsError, is_session_name};
use time::{Duration, OffsetDateTime};

use super::call::Parameters;
use super::{Reply, Trail};
use crate::accounts::{Role, split_role_arn};
use crate::authenticate::Caller;
use crate::oss::World;

/// Checks every parameter, then identity and trust, then issues a temporary key.
///
/// # Errors
/// [`StsError`] as STS words it.
pub fn assume_role(
    world: &World,
    caller: &Caller<'_>,
    parameters: &Parameters,
    now: OffsetDateTime,
    request_id: &str,
    trail: &mut Trail,
) -> Result<Reply, StsError> {
    let role_arn = parameters.need("RoleArn")?;
    role_arn.clone_into(&mut trail.resource);
    let session_name = parameters.need("RoleSessionName")?;
    if split_role_arn(role_arn).is_none() {
        return Err(malformed("RoleArn"));
    }
    if !is_session_name(session_name) {
        return Err(malformed("RoleSessionName"));
    }
    let policy = session_policy(parameters)?;
    let role = world
        .accounts
        .role(role_arn)
        .ok_or_else(|| StsError::new(404, "EntityNotExist.Role", "The specified Role not exists ."))?;
    let seconds = duration(parameters, role)?;
    check_permission(world, caller, role, trail)?;
    let expiration = now + Duration::seconds(i64::from(seconds));
    let credentials = world
        .sealer
        .issue(role_arn, session_name, policy, expiration)
        .map_err(|error| StsError::new(500, "InternalError", format!("STS Server Internal Error happened: {error}")))?;
    let reply = AssumedRole {
        credentials,
        assumed_role_id: format!("{}:{session_name}", role.id),
        arn: format!("{role_arn}/{session_name}"),
        request_id: request_id.to_owned(),
    };
    Ok(Reply { json: reply.to_json(), xml: reply.to_xml() })
}

fn malformed(name: &str) -> StsError {
    StsError::new(400, &format!("InvalidParameter.{name}"), format!("The parameter {name} is wrongly formed."))
}

fn session_policy(parameters: &Parameters) -> Result<Option<&str>, StsError> {
    let Some(text) = parameters.get("Policy") else {
        return Ok(None);
    };
    if text.chars().count() > MAX_POLICY_CHARS {
        let message = format!("The size of Policy must be smaller than {MAX_POLICY_CHARS} bytes.");
        return Err(StsError::new(400, "InvalidParameter.PolicySize", message));
    }
    match PolicyDocument::parse(text, PolicyKind::Session) {
        Ok(_) => Ok(Some(text)),
        Err(error) => {
            let message = format!("The parameter Policy has not passed grammar check. ({error})");
            Err(StsError::new(400, "InvalidParameter.PolicyGrammar", message))
        }
    }
}

fn duration(parameters: &Parameters, role: &Role) -> Result<u32, StsError> {
    let most = role.max_session_duration;
    let seconds = match parameters.get("DurationSeconds") {
        None => Some(3600.min(most)),
        Some(text) => text.parse().ok().filter(|seconds| (MIN_DURATION..=most).contains(seconds)),
    };
    seconds.ok_or_else(|| {
        let hours = f64::from(most) / 3600.0;
        let message = format!("The Min/Max value of DurationSeconds is 15min/{hours}hr.");
        StsError::new(400, "InvalidParameter.DurationSeconds", message)
    })
}

/// The caller's own policies must allow it, and the role must trust the caller.
fn check_permission(world: &World, caller: &Caller<'_>, role: &Role, trail: &mut Trail) -> Result<(), StsError> {
    let account = &world.accounts.account_id;
    let root = format!("acs:ram::{account}:root");
    let (identity, session, names): (Vec<&PolicyDocument>, _, Vec<String>) = match caller {
        Caller::Anonymous => (Vec::new(), None, Vec::new()),
        Caller::User(user) => (user.policies.iter().collect(), None, vec![user.arn.clone(), root]),
        Caller::Session(session) => {
            let policies = world.accounts.role(&session.role_arn).map(|role| role.policies.iter().collect());
            (policies.unwrap_or_default(), session.policy.as_ref(), vec![session.role_arn.clone(), root])
        }
    };
    let request = Request {
        action: "sts:AssumeRole".to_owned(),
        resource: role.arn.clone(),
        principals: names,
        context: Context::new(),
    };
    let own = evaluate(&Layers { identity: &identity, session, bucket: None }, &request);
    let trust = evaluate_layer(&[&role.trust], &request);
    trail.layers = vec![outcome("identity", &own.identity), outcome("trust", &trust)];
    if own.is_allow() && trust.effect == Outcome::Allow {
        return Ok(());
    }
    let message = "No permission perform sts:AssumeRole on this Role. Maybe you are not authorized to perform sts:AssumeRole or the specified role does not trust you";
    Err(StsError::new(403, "NoPermission", message))
}

fn outcome(layer: &str, verdict: &LayerVerdict) -> LayerOutcome {
    let statement = verdict.because.as_ref().map(|because| because.statement);
    LayerOutcome {
        layer: layer.to_owned(),
        effect: format!("{:?}", verdict.effect),
        statement,
        because: statement.map_or("no statement applies".to_owned(), |statement| format!("statement {statement}")),
    }
}

/// Who the caller is; needs no permission.
pub fn get_caller_identity(world: &World, caller: &Caller<'_>, request_id: &str) -> Reply {
    let account = &world.accounts.account_id;
    let mut fields: Vec<(&str, String)> = match caller {
        Caller::User(user) => vec![
            ("IdentityType", "RAMUser".to_owned()),
            ("PrincipalId", user.id.clone()),
            ("UserId", user.id.clone()),
            ("Arn", user.arn.clone()),
        ],
        Caller::Session(session) => {
            let role_id = world.accounts.role(&session.role_arn).map(|role| role.id.clone()).unwrap_or_default();
            vec![
                ("IdentityType", "AssumedRoleUser".to_owned()),
                ("PrincipalId", format!("{role_id}:{}", session.session_name)),
                ("RoleId", role_id),
                ("Arn", format!("{}/{}", session.role_arn, session.session_name)),
            ]
        }
        Caller::Anonymous => Vec::new(),
    };
    fields.push(("AccountId", account.clone()));
    fields.push(("RequestId", request_id.to_owned()));
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<GetCallerIdentityResponse>\n");
    let mut object = serde_json::Map::new();
    for (name, value) in fields {
        push_element(&mut xml, name, &value);
        object.insert(name.to_owned(), json!(value));
    }
    xml.push_str("</GetCallerIdentityResponse>\n");
    Reply { json: serde_json::Value::Object(object).to_string(), xml }
}
