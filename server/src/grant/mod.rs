//! What is granted: identity and question → the question that is put to STS, and where its token may be used.

mod asked;
mod chosen_key;
pub mod folder;
pub mod name;
mod named;

use std::sync::Arc;

use shared::clock::Clock;
use shared::object_key::Prefix;
use shared::ram::template::TemplateError;
use shared::sts::{AssumeRole, MIN_DURATION};
use shared::token::GrantPlace;

pub use self::asked::Asked;
use self::folder::{FolderTemplate, Value};
use self::named::{NamedGrant, Place};
use crate::config::section::wrong;
use crate::config::{BUILT_IN, Config, OF_POLICY_FILE, ObjectKeySection, UnsafeNames};
use crate::error::Problem;
use crate::files;
use crate::identity::Identity;
use crate::refusal::Refusal;

/// What audit trails call the sessions of a server that does not tell its callers apart.
const ROLE_SESSION_NAME: &str = "direct-transfer";

/// What one caller gets once STS agrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Who, as a stable, safe and unique text: the key of caches, metadata and the audit trail.
    pub identity: String,
    /// The named grant.
    pub grant: String,
    /// The question for STS. A cache of tokens must tell apart everything in it: policy, duration, session name, role.
    pub ask: AssumeRole,
    /// Where the token may be used, as the app is told.
    pub place: GrantPlace,
    /// The folder that the token stays in; `None` where nothing limits it but the role.
    pub prefix: Option<Prefix>,
    /// Whether the same question will come again. `false` for a token of one server-chosen key, which no cache should keep.
    pub reusable: bool,
}

/// The grants of the configuration.
#[derive(Debug)]
pub struct Grants {
    place: GrantPlace,
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    /// As in the reference document: one token for all, and questions are not read.
    Everybody(Box<Planned>),
    Named(Box<Named>),
}

/// Named grants in the folder of each identity.
#[derive(Debug)]
struct Named {
    role_arn: String,
    seconds: u32,
    bucket: String,
    folder: FolderTemplate,
    unsafe_names: UnsafeNames,
    grants: Vec<NamedGrant>,
    /// What callers get that name none.
    default: String,
    /// What callers may name.
    allowed: Vec<String>,
    object_key: Option<ObjectKeySection>,
    clock: Arc<dyn Clock>,
}

impl Grants {
    /// Works the grants out, and proves that each stays in its folder; what is wrong goes to `problems`. `None` only
    /// with a problem. Blocks on the policy files.
    pub(crate) fn new(config: &Config, clock: &Arc<dyn Clock>, problems: &mut Vec<Problem>) -> Option<Self> {
        let place = GrantPlace {
            bucket: config.bucket.as_ref().map(ToString::to_string),
            region: config.region.as_ref().map(ToString::to_string),
            endpoint: config.told_endpoint(),
            ..GrantPlace::default()
        };
        let mode = match config.tells_callers_apart() {
            false => Mode::Everybody(Box::new(everybody(config, &place)?)),
            true => Mode::Named(Box::new(Named::new(config, clock, problems)?)),
        };
        Some(Self { place, mode })
    }

    /// Where tokens may be used, as far as it is the same for everybody.
    pub fn place(&self) -> &GrantPlace {
        match &self.mode {
            Mode::Everybody(plan) => &plan.place,
            Mode::Named(_) => &self.place,
        }
    }

    /// Whether questions are read at all; without any section of grants or identities they never were.
    pub fn reads_questions(&self) -> bool {
        matches!(self.mode, Mode::Named(_))
    }

    /// What `identity` gets when it asks so.
    ///
    /// # Errors
    /// [`Refusal`] 403 for a grant or a name that is not its own, 400 for a question that makes no sense.
    pub fn plan(&self, identity: &Identity, asked: &Asked) -> Result<Planned, Refusal> {
        match &self.mode {
            Mode::Everybody(plan) => Ok((**plan).clone()),
            Mode::Named(named) => named.plan(identity, asked, &self.place),
        }
    }

    /// The named grants that `identity` may have, the one that it gets without asking first.
    pub fn of(&self, identity: &Identity) -> Vec<&str> {
        match &self.mode {
            Mode::Everybody(plan) => vec![&plan.grant],
            Mode::Named(named) => named.of(identity),
        }
    }

    /// What `identity` would get of each of its grants, with an example where the server chooses keys.
    pub fn explain(&self, identity: &Identity) -> Vec<Result<Planned, Refusal>> {
        let example = match &self.mode {
            Mode::Named(named) => named.object_key.as_ref().and_then(|keys| keys.extensions.first().cloned()),
            Mode::Everybody(_) => None,
        };
        let names = self.of(identity).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let asked = |name: String| Asked {
            grant: Some(name),
            size: example.as_ref().map(|_| 1),
            extension: example.clone(),
            ..Asked::default()
        };
        names.into_iter().map(|name| self.plan(identity, &asked(name))).collect()
    }
}

/// The one plan of a server that does not tell its callers apart.
fn everybody(config: &Config, place: &GrantPlace) -> Option<Planned> {
    // Its problems are those of the configuration's check.
    let policy = config.session_policy().ok()?;
    let object_prefix = config.object_prefix.as_ref().map(ToString::to_string);
    Some(Planned {
        identity: Identity::everybody().user,
        grant: OF_POLICY_FILE.to_owned(),
        ask: AssumeRole {
            role_arn: config.role_arn.clone(),
            role_session_name: ROLE_SESSION_NAME.to_owned(),
            duration_seconds: config.token_expire_time,
            policy,
            external_id: None,
        },
        place: GrantPlace { object_prefix, ..place.clone() },
        prefix: config.object_prefix.clone(),
        reusable: true,
    })
}

impl Named {
    fn new(config: &Config, clock: &Arc<dyn Clock>, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let section = config.grants.clone().unwrap_or_default();
        let bucket = config.bucket.as_ref().map(ToString::to_string).unwrap_or_default();
        if bucket.is_empty() {
            wrong(problems, "Bucket", "it is empty: a folder lies in a bucket, so name it");
        }
        let folder = folder_template(config, problems);
        let mut grants: Vec<NamedGrant> =
            BUILT_IN.iter().filter_map(|name| NamedGrant::built_in(name, config.object_key.is_some())).collect();
        grants.extend(config.policy.as_ref().map(|policy| NamedGrant::of_text(OF_POLICY_FILE, &policy.text)));
        for (name, path) in &section.custom {
            let text = files::read(&config.folder, path, &format!("Grants.Custom.{name}"), problems);
            grants.extend(text.map(|text| NamedGrant::of_text(name, &text)));
        }
        let of_file = config.policy.as_ref().map(|_| OF_POLICY_FILE);
        let default = section.default.clone().unwrap_or(of_file.unwrap_or("read-write").to_owned());
        let allowed = section.allowed.clone().unwrap_or_else(|| match default.as_str() {
            "read-write" => BUILT_IN.map(str::to_owned).to_vec(),
            only => vec![only.to_owned()],
        });
        let unsafe_names = config.identity.as_ref().map(|identity| identity.unsafe_names).unwrap_or_default();
        let named = Self {
            role_arn: config.role_arn.clone(),
            seconds: config.token_expire_time,
            bucket,
            folder: folder?,
            unsafe_names,
            grants,
            default,
            allowed,
            object_key: config.object_key.clone(),
            clock: Arc::clone(clock),
        };
        named.check(problems);
        (problems.len() == before).then_some(named)
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        let names = || self.grants.iter().map(|grant| grant.name.as_str()).collect::<Vec<_>>().join(", ");
        if !self.allowed.contains(&self.default) {
            let what = format!("{:?} is not among Grants.Allowed, {}", self.default, self.allowed.join(", "));
            wrong(problems, "Grants.Default", what);
        }
        for (index, name) in self.allowed.iter().enumerate() {
            if !self.grants.iter().any(|grant| grant.name == *name) {
                let what = format!("{name:?} is no grant; there are {}", names());
                wrong(problems, format!("Grants.Allowed[{index}]"), what);
            }
        }
        for grant in &self.grants {
            if let Err(reason) = self.prove(grant) {
                let at = match grant.name.as_str() {
                    OF_POLICY_FILE => "PolicyFile".to_owned(),
                    name => format!("Grants.Custom.{name}"),
                };
                wrong(problems, at, reason);
            }
        }
    }

    /// Proves that a token of this grant stays in its identity's folder.
    fn prove(&self, grant: &NamedGrant) -> Result<(), String> {
        let no_folder = || "the folder's template cannot be filled in".to_owned();
        let prefix = self.folder.of_name(&grant.stand_in()).ok_or_else(no_folder)?;
        let key = self.object_key.as_ref().map(|_| format!("{prefix}a-key-that-the-server-chose"));
        grant.prove(Place { bucket: &self.bucket, prefix: &prefix, key: key.as_deref() })
    }

    fn of(&self, identity: &Identity) -> Vec<&str> {
        let own = identity.grants.as_ref().unwrap_or(&self.allowed);
        let mut names: Vec<&str> = self
            .grants
            .iter()
            .map(|grant| grant.name.as_str())
            .filter(|name| own.iter().any(|own| own == name))
            .collect();
        names.sort_by_key(|name| *name != self.default);
        names
    }

    fn plan(&self, identity: &Identity, asked: &Asked, place: &GrantPlace) -> Result<Planned, Refusal> {
        let own = self.folder.fill(identity, self.unsafe_names)?;
        let grant = self.grant(identity, asked.grant.as_deref())?;
        let prefix = narrowed(&own, asked.folder.as_deref())?;
        let duration_seconds = self.seconds(identity, asked.seconds)?;
        let key = self.key(grant, &prefix, asked)?;
        let filled = grant.fill(Place { bucket: &self.bucket, prefix: &prefix, key: key.as_deref() });
        let policy = filled.map_err(|error| match error {
            TemplateError::TooLong { .. } => Refusal::bad_request("PolicyTooLong", format!("{error}: ask for less.")),
            other => Refusal::forbidden("PolicyUnusable", other.to_string()),
        })?;
        let who = self.key_of(identity);
        let ask = AssumeRole {
            role_arn: self.role_arn.clone(),
            role_session_name: name::session(&who),
            duration_seconds,
            policy: Some(policy),
            external_id: None,
        };
        let reusable = key.is_none();
        let place = GrantPlace { object_prefix: Some(prefix.to_string()), object_key: key, ..place.clone() };
        Ok(Planned { identity: who, grant: grant.name.clone(), ask, place, prefix: Some(prefix), reusable })
    }

    /// The grant that is asked for, if the caller may have it; without a question the default, or its first.
    fn grant(&self, identity: &Identity, asked: Option<&str>) -> Result<&NamedGrant, Refusal> {
        let own = self.of(identity);
        let name = asked.or(own.first().copied()).unwrap_or(&self.default);
        let allowed = own.contains(&name);
        self.grants.iter().find(|grant| allowed && grant.name == name).ok_or_else(|| {
            let message = match own.is_empty() {
                true => "your credential gives you no grant.".to_owned(),
                false => format!("you may not have this grant; yours are {}.", own.join(", ")),
            };
            Refusal::forbidden("GrantNotAllowed", message)
        })
    }

    fn seconds(&self, identity: &Identity, asked: Option<u32>) -> Result<u32, Refusal> {
        // STS gives no token for less than its minimum, however short the identity is vouched for.
        let longest = identity.max_seconds.map_or(self.seconds, |max| max.clamp(MIN_DURATION, self.seconds));
        match asked {
            Some(asked) if asked > longest => {
                Err(Refusal::forbidden("DurationNotAllowed", format!("a token lives at most {longest} s.")))
            }
            Some(asked) if asked < MIN_DURATION => {
                Err(Refusal::bad_request("DurationTooShort", format!("a token lives at least {MIN_DURATION} s.")))
            }
            asked => Ok(asked.unwrap_or(longest)),
        }
    }

    fn key(&self, grant: &NamedGrant, prefix: &Prefix, asked: &Asked) -> Result<Option<String>, Refusal> {
        match &self.object_key {
            Some(section) if grant.needs_key() => {
                chosen_key::choose(section, prefix, asked, self.clock.now()).map(Some)
            }
            None if asked.extension.is_some() || asked.size.is_some() => {
                let message = "this server chooses no keys: ask without extension and size.";
                Err(Refusal::bad_request("KeyNotChosen", message))
            }
            _ => Ok(None),
        }
    }

    /// User, and what else the folder tells identities apart by; every part safe, so that no two identities share it.
    fn key_of(&self, identity: &Identity) -> String {
        let mut key = name::reduced(&identity.user);
        for value in self.folder.values() {
            let part = match value {
                Value::Device => identity.device.as_deref(),
                Value::Provider => Some(identity.provider.as_str()),
                Value::User | Value::Claim(_) => None,
            };
            if let Some(part) = part {
                key.push('/');
                key.push_str(&name::reduced(part));
            }
        }
        key
    }
}

/// The template of `Grants`, or one made of `ObjectPrefix`.
fn folder_template(config: &Config, problems: &mut Vec<Problem>) -> Option<FolderTemplate> {
    let told_apart = config.identity.as_ref().is_some_and(|identity| identity.tells_apart());
    let given = config.grants.as_ref().and_then(|grants| grants.prefix.clone());
    let (at, text) = match (given, &config.object_prefix) {
        (Some(_), Some(_)) => {
            wrong(problems, "Grants.Prefix", "ObjectPrefix says the same: keep one of them");
            return None;
        }
        (Some(given), None) => ("Grants.Prefix", given),
        (None, Some(prefix)) if told_apart => ("ObjectPrefix", format!("{prefix}${{user}}/")),
        (None, Some(prefix)) => ("ObjectPrefix", prefix.to_string()),
        (None, None) => {
            wrong(problems, "Grants.Prefix", "it is empty: name the folder of an identity, such as users/${user}/");
            return None;
        }
    };
    let template = FolderTemplate::parse(&text).map_err(|reason| wrong(problems, at, reason)).ok()?;
    let has_values = template.values().next().is_some();
    if told_apart && !has_values {
        let what = "every identity would get the same folder: put ${user} into it";
        wrong(problems, at, what);
    }
    if config.identity.is_none() && has_values {
        wrong(problems, at, "it has placeholders, and without Identity nobody has a name to put there");
    }
    Some(template)
}

/// The folder `asked` inside of `own`.
fn narrowed(own: &Prefix, asked: Option<&str>) -> Result<Prefix, Refusal> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else { return Ok(own.clone()) };
    let slash = if asked.ends_with('/') { "" } else { "/" };
    let wrong = |reason: &str| Refusal::bad_request("InvalidFolder", format!("folder: {reason}."));
    if asked.starts_with(['/', '\\']) || asked.split('/').rev().skip(1).any(str::is_empty) {
        return Err(wrong("it lies in your own folder, and none of its parts is empty"));
    }
    Prefix::parse(&format!("{own}{asked}{slash}")).map_err(|error| wrong(error.rule))
}
