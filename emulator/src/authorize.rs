//! May they: control policies, session policy, identity and bucket policies by `shared::ram::evaluate`, then the ACLs (`img-and-ram.md` §2.5).

use std::net::IpAddr;

use shared::decision::LayerOutcome;
use shared::error::OssError;
use shared::ram::{
    Asker, Context, LayerVerdict, Layers, Pattern, PolicyDocument, Principal, Request, Verdict, evaluate, refusal,
};
use shared::timefmt;
use time::OffsetDateTime;

use crate::accounts::Accounts;
use crate::authenticate::Caller;
use crate::operation::Plane;
use crate::settings::acl::Acl;
use crate::settings::policy::address_nobody;

/// What is asked of the evaluator.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The RAM action.
    pub action: &'a str,
    /// Who may, when no policy decides.
    pub plane: Plane,
    /// The bucket; `None` for the service.
    pub bucket: Option<&'a str>,
    /// The object; `None` for the bucket itself.
    pub key: Option<&'a str>,
    /// The version of the object; `None` for the current one. Its own ACL and tags are those that count.
    pub version: Option<&'a str>,
}

/// What the evaluator answered.
#[derive(Debug)]
pub struct Ruling {
    /// The resource in question.
    pub resource: String,
    /// The condition keys that the request brought.
    pub keys: Vec<(String, String)>,
    /// What each layer said.
    pub layers: Vec<LayerOutcome>,
    /// The refusal, if it is one.
    pub refusal: Option<OssError>,
    /// No policy has decided: the ACLs do, if the operation is one that they speak about.
    pub undecided: bool,
}

/// Facts about a request that conditions may look at.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The client's address.
    pub source_ip: IpAddr,
    /// Whether the request came by TLS.
    pub secure: bool,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The emulator's time.
    pub now: OffsetDateTime,
    /// Further condition keys that this request has: `oss:Prefix`, `oss:x-oss-acl`, tags…
    pub keys: Vec<(String, String)>,
}

/// Decides whether `caller` may do what `question` asks. `bucket_policy` is that of the question's bucket.
pub fn authorize(
    accounts: &Accounts,
    caller: &Caller<'_>,
    question: Question<'_>,
    bucket_policy: Option<&PolicyDocument>,
    circumstances: &Circumstances,
) -> Ruling {
    let account = &accounts.account_id;
    let resource = match (question.bucket, question.key) {
        (None, _) => format!("acs:oss:*:{account}:*"),
        (Some(bucket), None) => format!("acs:oss:*:{account}:{bucket}"),
        (Some(bucket), Some(key)) => format!("acs:oss:*:{account}:{bucket}/{key}"),
    };
    let request = Request {
        action: question.action.to_owned(),
        resource: resource.clone(),
        principals: principals(accounts, caller),
        context: context(caller, circumstances),
    };
    let identity = caller.identity_policies(accounts);
    let spared = bucket_policy.filter(|_| matches!(caller, Caller::Root(_))).map(without_everybody);
    let bucket = spared.as_ref().or(bucket_policy);
    let control = caller.control_policies(accounts);
    let layers = Layers { control: &control, identity: &identity, session: caller.session_policy(), bucket };
    let verdict = evaluate(&layers, &request);
    let mut layers = layer_outcomes(&verdict, matches!(caller, Caller::Anonymous));
    // RAM has nothing to say about the account itself; what no policy denies, it may do with what it owns.
    let owner = matches!(caller, Caller::Root(_)) && verdict.leaves_it_to_acls();
    if owner {
        layers.push(LayerOutcome {
            layer: "owner".to_owned(),
            effect: "Allow".to_owned(),
            statement: None,
            because: "the account owns its buckets".to_owned(),
        });
    }
    Ruling {
        resource,
        keys: circumstances.keys.clone(),
        layers,
        undecided: verdict.leaves_it_to_acls() && !owner,
        refusal: (!verdict.is_allow() && !owner).then(|| {
            let management = question.plane == Plane::Management;
            refusal(&verdict, &request, management, &asker(accounts, caller))
        }),
    }
}

/// The bucket policy as it binds the owner: statements about everybody without a condition spare it.
fn without_everybody(policy: &PolicyDocument) -> PolicyDocument {
    let everybody = |principal: &Principal| match principal {
        Principal::Bucket(patterns) => patterns.is_empty() || patterns.iter().any(Pattern::is_any),
        Principal::Trust(_) => false,
    };
    address_nobody(policy.clone(), |statement| {
        statement.conditions.is_empty() && statement.principal.as_ref().is_some_and(everybody)
    })
}

impl Ruling {
    /// Lets the ACL decide what no policy has. `whose` is `object` or `bucket`.
    pub fn ask_acl(&mut self, plane: Plane, acl: Acl, whose: &str) {
        let allows = match plane {
            Plane::Read => acl.is_public(),
            Plane::Write => acl.is_public_write(),
            Plane::Management | Plane::Owner | Plane::Open => false,
        };
        self.layers.push(LayerOutcome {
            layer: "acl".to_owned(),
            effect: if allows { "Allow" } else { "ImplicitDeny" }.to_owned(),
            statement: None,
            because: format!("the {whose} is {}", acl.as_str()),
        });
        if allows {
            self.refusal = None;
        }
    }
}

/// Every name that the caller goes by in a Principal.
fn principals(accounts: &Accounts, caller: &Caller<'_>) -> Vec<String> {
    match caller {
        Caller::Anonymous => Vec::new(),
        Caller::Root(_) => vec![accounts.account_id.clone()],
        Caller::User(user, _) => vec![accounts.account_id.clone(), user.id.clone(), user.arn.clone()],
        Caller::Session(session) => {
            vec![session.role_arn.clone(), format!("{}/{}", session.role_arn, session.session_name)]
        }
    }
}

fn context(caller: &Caller<'_>, facts: &Circumstances) -> Context {
    let mut context = Context::new()
        .with("acs:SourceIp", facts.source_ip.to_string())
        .with("acs:UserAgent", facts.user_agent.as_str())
        .with("acs:CurrentTime", timefmt::iso8601(facts.now))
        .with("acs:SecureTransport", facts.secure.to_string());
    if let Some(id) = caller.access_key_id() {
        context.insert("acs:AccessId", id);
    }
    for (key, value) in &facts.keys {
        context.insert(key, value);
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
    let control = verdict.control.as_ref().map(|verdict| outcome("control", verdict));
    let session = verdict.session.as_ref().map(|verdict| outcome("session", verdict));
    let identity = (!anonymous).then(|| outcome("identity", &verdict.identity));
    let bucket = verdict.bucket.as_ref().map(|verdict| outcome("bucket", verdict));
    control.into_iter().chain(session).chain(identity).chain(bucket).collect()
}

fn asker<'a>(accounts: &'a Accounts, caller: &'a Caller<'_>) -> Asker<'a> {
    let account = &accounts.account_id;
    match caller {
        Caller::Anonymous => Asker::Anonymous,
        Caller::Root(_) => Asker::Root,
        Caller::User(user, _) => Asker::User { account, id: &user.id },
        Caller::Session(session) => {
            let role = session.role_arn.rsplit('/').next().unwrap_or_default();
            Asker::Role { account, role, session: &session.session_name }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::ram::PolicyKind;

    use super::*;

    fn from_loopback() -> Circumstances {
        Circumstances {
            source_ip: IpAddr::from([127, 0, 0, 1]),
            secure: false,
            user_agent: String::new(),
            now: OffsetDateTime::UNIX_EPOCH,
            keys: Vec::new(),
        }
    }

    #[test]
    fn the_owner_is_bound_by_what_names_it_or_has_a_condition() {
        let document = json!({
            "AccountId": "1",
            "RootAccessKeys": [{ "AccessKeyId": "LTAIroot", "AccessKeySecret": "s" }],
            "Users": [{
                "UserName": "alice",
                "AccessKeys": [{ "AccessKeyId": "LTAIalice", "AccessKeySecret": "s" }],
                "Policies": [{ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "oss:*", "Resource": "*" }] }],
            }],
        });
        let accounts = Accounts::parse(document.to_string().as_bytes()).unwrap();
        let secure = json!({ "Bool": { "acs:SecureTransport": "false" } });
        for (id, principal, condition, allowed, layer) in [
            ("LTAIroot", None, None, true, "owner"),
            ("LTAIroot", Some(json!("*")), None, true, "owner"),
            ("LTAIroot", Some(json!([])), None, true, "owner"),
            ("LTAIroot", Some(json!("2")), None, true, "owner"),
            ("LTAIroot", Some(json!("1")), None, false, "bucket"),
            ("LTAIroot", Some(json!("*")), Some(&secure), false, "bucket"),
            ("LTAIalice", None, None, true, "identity"),
            ("LTAIalice", Some(json!("*")), None, false, "bucket"),
        ] {
            let policy = principal.as_ref().map(|principal| {
                let mut deny = json!({ "Effect": "Deny", "Action": "oss:*", "Resource": "*", "Principal": principal });
                if let Some(condition) = condition {
                    deny["Condition"] = condition.clone();
                }
                let policy = json!({ "Version": "1", "Statement": [deny] });
                PolicyDocument::from_value(&policy, PolicyKind::Bucket).unwrap()
            });
            let facts = from_loopback();
            let caller = Caller::of_key(accounts.key(id).unwrap());
            for key in [None, Some("k")] {
                let plane = if key.is_some() { Plane::Read } else { Plane::Management };
                let question = Question { action: "oss:GetObject", plane, bucket: Some("b"), key, version: None };
                let ruling = authorize(&accounts, &caller, question, policy.as_ref(), &facts);
                let what = format!("{id} {principal:?} {condition:?} {key:?}");
                assert_eq!(ruling.refusal.is_none(), allowed, "{what}");
                assert!(!ruling.undecided, "{what}");
                assert_eq!(ruling.layers.last().unwrap().layer, layer, "{what}");
            }
        }
    }

    #[test]
    fn control_policies_bind_users_and_not_the_account_itself() {
        let policy = |effect: &str, action: &str| json!({ "Version": "1", "Statement": [{ "Effect": effect, "Action": action, "Resource": "*" }] });
        let facts = from_loopback();
        for (control, allowed) in [
            (json!([]), true),
            (json!([policy("Allow", "*")]), true),
            (json!([policy("Allow", "*"), policy("Deny", "oss:Get*")]), false),
            (json!([policy("Allow", "oss:Put*")]), false),
        ] {
            let document = json!({
                "AccountId": "1",
                "ControlPolicies": control,
                "RootAccessKeys": [{ "AccessKeyId": "LTAIroot", "AccessKeySecret": "s" }],
                "Users": [{
                    "UserName": "alice",
                    "AccessKeys": [{ "AccessKeyId": "LTAIalice", "AccessKeySecret": "s" }],
                    "Policies": [policy("Allow", "oss:*")],
                }],
            });
            let accounts = Accounts::parse(document.to_string().as_bytes()).unwrap();
            let again = Accounts::parse(accounts.in_full().as_bytes()).unwrap();
            assert_eq!(again.control_policies, accounts.control_policies, "they are kept with the rest");
            for (id, allowed) in [("LTAIalice", allowed), ("LTAIroot", true)] {
                let caller = Caller::of_key(accounts.key(id).unwrap());
                let question = Question {
                    action: "oss:GetObject",
                    plane: Plane::Read,
                    bucket: Some("b"),
                    key: Some("k"),
                    version: None,
                };
                let ruling = authorize(&accounts, &caller, question, None, &facts);
                assert_eq!(ruling.refusal.is_none(), allowed, "{id} {control}");
                assert!(!ruling.undecided, "no ACL undoes it");
                let first = ruling.layers.first().unwrap();
                assert_eq!(first.layer == "control", id == "LTAIalice" && control != json!([]), "{id} {control}");
            }
        }
    }
}
