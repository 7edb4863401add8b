//! Where callers are told apart: named grants in the folder of each identity.

use std::collections::HashMap;
use std::sync::Arc;

use shared::clock::Clock;
use shared::object_key::Prefix;
use shared::ram::template::TemplateError;
use shared::sts::{AssumeRole, MIN_DURATION};
use shared::token::GrantPlace;

use super::folder::{FolderTemplate, Value};
use super::named::{NamedGrant, Place};
use super::{Asked, Planned, chosen_key, name};
use crate::config::section::wrong;
use crate::config::{BUILT_IN, Config, OF_POLICY_FILE, ObjectKeySection, UnsafeNames};
use crate::error::Problem;
use crate::files;
use crate::identity::Identity;
use crate::refusal::Refusal;

/// Named grants in the folder of each identity.
#[derive(Debug)]
pub(super) struct Apart {
    role_arn: String,
    seconds: u32,
    bucket: String,
    pub(super) folder: FolderTemplate,
    pub(super) unsafe_names: UnsafeNames,
    grants: Vec<NamedGrant>,
    /// What callers get that name none.
    default: String,
    /// What callers may name.
    allowed: Vec<String>,
    pub(super) object_key: Option<ObjectKeySection>,
    clock: Arc<dyn Clock>,
}

impl Apart {
    pub(super) fn new(config: &Config, clock: &Arc<dyn Clock>, problems: &mut Vec<Problem>) -> Option<Self> {
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

    pub(super) fn of(&self, identity: &Identity) -> Vec<&str> {
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

    pub(super) fn plan(&self, identity: &Identity, asked: &Asked, place: &GrantPlace) -> Result<Planned, Refusal> {
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
    pub(super) fn key_of(&self, identity: &Identity) -> String {
        let mut key = name::reduced(&identity.user);
        for value in self.folder.values().filter(|value| **value != Value::User) {
            key.push('/');
            key.push_str(&name::reduced(value.of(identity).unwrap_or_default()));
        }
        key
    }

    /// What is wrong with identities that the configuration itself names: grants that there are not, and a folder that
    /// two users would share.
    pub(super) fn check_known(&self, known: &[Identity], problems: &mut Vec<Problem>) {
        let mut owners: HashMap<Prefix, &str> = HashMap::new();
        for identity in known {
            let (at, user) = (format!("Identity, provider {}", identity.provider), &identity.user);
            for name in identity.grants.iter().flatten() {
                if !self.grants.iter().any(|grant| grant.name == *name) {
                    wrong(problems, &at, format!("{user:?} has the grant {name:?}, and there is none of that name"));
                }
            }
            if let Ok(folder) = self.folder.fill(identity, self.unsafe_names)
                && let Some(other) = owners.insert(folder.clone(), user)
                && other != user
            {
                let what =
                    format!("{other:?} and {user:?} would share the folder {folder}: put ${{user}} into Grants.Prefix");
                wrong(problems, &at, what);
            }
        }
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
