//! AssumeRole and GetCallerIdentity.

use serde_json::json;
use shared::decision::LayerOutcome;
use shared::error::push_element;
use shared::ram::{
    Context, LayerVerdict, Layers, Outcome, PolicyDocument, PolicyKind, Request, evaluate, evaluate_layer,
};
use shared::sts::{AssumedRole, MAX_POLICY_CHARS, MIN_DURATION, StsError, is_session_name};
use shared::timefmt;
use time::Duration;

use super::call::Parameters;
use super::{Arrival, Reply, Trail};
use crate::accounts::{Accounts, Role, split_role_arn};
use crate::caller::Caller;
use crate::session::Sealer;

/// A call whose sender is proven.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The accounts as they were at arrival.
    pub accounts: &'a Accounts,
    /// Who asks.
    pub caller: &'a Caller<'a>,
    /// For what.
    pub parameters: &'a Parameters,
    /// When, and from where.
    pub arrival: &'a Arrival<'a>,
}

impl Asked<'_> {
    /// Checks every parameter, then identity and trust, then issues a temporary key.
    ///
    /// # Errors
    /// [`StsError`] as STS words it.
    pub fn assume_role(&self, sealer: &Sealer, trail: &mut Trail) -> Result<Reply, StsError> {
        let role_arn = self.parameters.need("RoleArn")?;
        role_arn.clone_into(&mut trail.resource);
        let session_name = self.parameters.need("RoleSessionName")?;
        if split_role_arn(role_arn).is_none() {
            return Err(malformed("RoleArn"));
        }
        if !is_session_name(session_name) {
            return Err(malformed("RoleSessionName"));
        }
        if self.parameters.get("ExternalId").is_some_and(|id| !is_external_id(id)) {
            return Err(malformed("ExternalId"));
        }
        if self.parameters.get("SourceIdentity").is_some() {
            let message = "SourceIdentity is not implemented here; leave it out.";
            return Err(StsError::new(501, "NotImplemented", message));
        }
        let policy = session_policy(self.parameters)?;
        if matches!(self.caller, Caller::Root(_)) {
            return Err(StsError::new(403, "NoPermission", "Roles may not be assumed by root accounts."));
        }
        let role = self
            .accounts
            .role(role_arn)
            .ok_or_else(|| StsError::new(404, "EntityNotExist.Role", "The specified Role not exists ."))?;
        let seconds = duration(self.parameters, role)?;
        self.check_permission(role, trail)?;
        let expiration = self.arrival.now + Duration::seconds(i64::from(seconds));
        let credentials = sealer.issue(role_arn, session_name, policy, expiration).map_err(|error| {
            StsError::new(500, "InternalError", format!("STS Server Internal Error happened: {error}"))
        })?;
        let reply = AssumedRole {
            credentials,
            assumed_role_id: format!("{}:{session_name}", role.id),
            arn: format!("{role_arn}/{session_name}"),
            request_id: self.arrival.request_id.to_owned(),
        };
        Ok(Reply { json: reply.to_json(), xml: reply.to_xml() })
    }

    /// The caller's own policies must allow it, and the role must trust the caller.
    fn check_permission(&self, role: &Role, trail: &mut Trail) -> Result<(), StsError> {
        // A role trusts its caller by name, or all users and roles of the account by the account's.
        let name = match self.caller {
            Caller::Session(session) => session.role_arn.clone(),
            caller => caller.arn(self.accounts),
        };
        let request = Request {
            action: "sts:AssumeRole".to_owned(),
            resource: role.arn.clone(),
            principals: vec![name, self.accounts.root_arn()],
            context: self.context(),
        };
        let identity = self.caller.identity_policies(self.accounts);
        let control = self.caller.control_policies(self.accounts);
        let session = self.caller.session_policy();
        let layers = Layers { control: &control, identity: &identity, session, bucket: None };
        let own = evaluate(&layers, &request);
        let trust = evaluate_layer(&[&role.trust], &request);
        let control = own.control.as_ref().map(|control| outcome("control", control));
        let session = own.session.as_ref().map(|session| outcome("session", session));
        let rest = [outcome("identity", &own.identity), outcome("trust", &trust)];
        trail.layers = control.into_iter().chain(session).chain(rest).collect();
        if own.is_allow() && trust.effect == Outcome::Allow {
            return Ok(());
        }
        let message = "No permission perform sts:AssumeRole on this Role. Maybe you are not authorized to perform sts:AssumeRole or the specified role does not trust you";
        Err(StsError::new(403, "NoPermission", message))
    }

    /// What conditions may look at. `sts:ExternalId` is there only if it was sent.
    fn context(&self) -> Context {
        let header = |name: &str| self.arrival.parts.headers.get(name).and_then(|value| value.to_str().ok());
        let mut context = Context::new()
            .with("acs:SourceIp", self.arrival.source_ip.to_string())
            .with("acs:UserAgent", header("user-agent").unwrap_or_default())
            .with("acs:CurrentTime", timefmt::iso8601(self.arrival.now))
            .with("acs:SecureTransport", self.arrival.secure.to_string());
        if let Some(id) = self.caller.access_key_id() {
            context.insert("acs:AccessId", id);
        }
        if let Some(id) = self.parameters.get("ExternalId") {
            context.insert("sts:ExternalId", id);
        }
        context
    }

    /// Who the caller is; needs no permission.
    pub fn get_caller_identity(&self) -> Reply {
        let account = &self.accounts.account_id;
        let of = |kind: &str, principal: &str, id: (&'static str, &str)| {
            vec![("IdentityType", kind.to_owned()), ("PrincipalId", principal.to_owned()), (id.0, id.1.to_owned())]
        };
        let mut fields: Vec<(&str, String)> = match self.caller {
            Caller::Anonymous => Vec::new(),
            Caller::Root(_) => of("Account", account, ("UserId", account)),
            Caller::User(user, _) => of("RAMUser", &user.id, ("UserId", &user.id)),
            Caller::Session(session) => {
                let role = self.accounts.role(&session.role_arn).map(|role| role.id.as_str()).unwrap_or_default();
                of("AssumedRoleUser", &format!("{role}:{}", session.session_name), ("RoleId", role))
            }
        };
        fields.push(("Arn", self.caller.arn(self.accounts)));
        fields.push(("AccountId", account.clone()));
        fields.push(("RequestId", self.arrival.request_id.to_owned()));
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<GetCallerIdentityResponse>\n");
        let mut object = serde_json::Map::new();
        for (name, value) in fields {
            push_element(&mut xml, name, &value);
            object.insert(name.to_owned(), json!(value));
        }
        xml.push_str("</GetCallerIdentityResponse>\n");
        Reply { json: serde_json::Value::Object(object).to_string(), xml }
    }
}

fn malformed(name: &str) -> StsError {
    StsError::new(400, &format!("InvalidParameter.{name}"), format!("The parameter {name} is wrongly formed."))
}

/// 2 to 1,224 of letters, digits and `_ + = , . @ : / -`.
fn is_external_id(text: &str) -> bool {
    let clean = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b);
    (2..=1224).contains(&text.len()) && text.bytes().all(clean)
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

fn outcome(layer: &str, verdict: &LayerVerdict) -> LayerOutcome {
    let statement = verdict.because.as_ref().map(|because| because.statement);
    LayerOutcome {
        layer: layer.to_owned(),
        effect: format!("{:?}", verdict.effect),
        statement,
        because: statement.map_or("no statement applies".to_owned(), |statement| format!("statement {statement}")),
    }
}
