//! What is granted: identity and question → the question that is put to STS, and where its token may be used.

mod apart;
mod asked;
mod chosen_key;
pub mod folder;
pub mod name;
mod named;

use std::sync::Arc;

use shared::clock::Clock;
use shared::object_key::Prefix;
use shared::sts::AssumeRole;
use shared::token::GrantPlace;

use self::apart::Apart;
pub use self::asked::Asked;
use crate::config::{Config, OF_POLICY_FILE};
use crate::error::Problem;
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

/// Who a caller is and where its folder is, whatever grant it may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// As in [`Planned::identity`].
    pub identity: String,
    /// The bucket, where the configuration names it.
    pub bucket: Option<String>,
    /// The folder; `None` where nothing limits the caller but the role.
    pub prefix: Option<Prefix>,
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
    Apart(Box<Apart>),
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
            true => Mode::Apart(Box::new(Apart::new(config, clock, problems)?)),
        };
        Some(Self { place, mode })
    }

    /// Checks the identities that the configuration itself names; what is wrong goes to `problems`.
    pub(crate) fn check_known(&self, known: &[Identity], problems: &mut Vec<Problem>) {
        if let Mode::Apart(apart) = &self.mode {
            apart.check_known(known, problems);
        }
    }

    /// Where tokens may be used, as far as it is the same for everybody.
    pub fn place(&self) -> &GrantPlace {
        match &self.mode {
            Mode::Everybody(plan) => &plan.place,
            Mode::Apart(_) => &self.place,
        }
    }

    /// Whether questions are read at all; without any section of grants or identities they never were.
    pub fn reads_questions(&self) -> bool {
        matches!(self.mode, Mode::Apart(_))
    }

    /// What `identity` gets when it asks so.
    ///
    /// # Errors
    /// [`Refusal`] 403 for a grant or a name that is not its own, 400 for a question that makes no sense.
    pub fn plan(&self, identity: &Identity, asked: &Asked) -> Result<Planned, Refusal> {
        match &self.mode {
            Mode::Everybody(plan) => Ok((**plan).clone()),
            Mode::Apart(apart) => apart.plan(identity, asked, &self.place),
        }
    }

    /// The folder of `identity`, which no grant leaves.
    ///
    /// # Errors
    /// [`Refusal`] 403 for a name that no folder can have.
    pub fn home(&self, identity: &Identity) -> Result<Home, Refusal> {
        let (identity, prefix) = match &self.mode {
            Mode::Everybody(plan) => (plan.identity.clone(), plan.prefix.clone()),
            Mode::Apart(apart) => (apart.key_of(identity), Some(apart.folder.fill(identity, apart.unsafe_names)?)),
        };
        Ok(Home { identity, bucket: self.place.bucket.clone(), prefix })
    }

    /// Below which all folders lie; empty for the whole bucket.
    pub fn common_prefix(&self) -> &str {
        match &self.mode {
            Mode::Everybody(plan) => plan.prefix.as_ref().map_or("", Prefix::as_str),
            Mode::Apart(apart) => apart.folder.fixed_beginning(),
        }
    }

    /// The named grants that `identity` may have, the one that it gets without asking first.
    pub fn of(&self, identity: &Identity) -> Vec<&str> {
        match &self.mode {
            Mode::Everybody(plan) => vec![&plan.grant],
            Mode::Apart(apart) => apart.of(identity),
        }
    }

    /// What `identity` would get of each of its grants, with an example where the server chooses keys.
    pub fn explain(&self, identity: &Identity) -> Vec<Result<Planned, Refusal>> {
        let example = match &self.mode {
            Mode::Apart(apart) => apart.object_key.as_ref().and_then(|keys| keys.extensions.first().cloned()),
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
