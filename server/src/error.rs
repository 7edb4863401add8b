//! What can go wrong before the app server listens, and when it asks STS; typed for programs, worded for people.

use shared::object_key::NameError;
use shared::sts::StsError;

use crate::base_credentials::BaseFailure;

/// Why the app server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No client for STS could be made; over https, most often for lack of root certificates.
    #[error(
        "no connection to STS can be made: {0}. For an https StsEndpoint this machine needs root certificates \
         (the package ca-certificates)"
    )]
    HttpClient(String),
    /// The file of the audit trail cannot be opened.
    #[error("Audit.File: {file} cannot be written: {reason}; name a file in a folder that this user may write to")]
    Audit {
        /// Its path.
        file: String,
        /// The system's words.
        reason: String,
    },
    /// HTTPS cannot be set up.
    #[error("Tls: {reason}")]
    Tls {
        /// Which file is wrong, in what way, and what to do.
        reason: String,
    },
    /// The tests beside the policies say otherwise than the policies; told by `check` alone.
    #[error("the policies do not do what their tests say:\n  {}", .0.join("\n  "))]
    PolicyTests(Vec<String>),
    /// The metadata of uploads cannot be kept.
    #[error("the section Uploads: {0}")]
    Uploads(String),
    /// The work of a reload broke off.
    #[error("the reload broke off: {0}")]
    Reload(String),
}

/// Everything that is wrong with one set of settings, so that one reading is enough to put it right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where the settings came from, most often the path of a file.
    pub source: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the app server cannot start with {}:", self.source)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigError {}

/// One thing that is wrong with the settings. `key` is the setting's name in `config.json`. None holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file of settings cannot be read.
    #[error("it cannot be read: {reason}; give the path of a config.json with --config")]
    Unreadable {
        /// The system's words.
        reason: String,
    },
    /// The settings are not a JSON object, or name a key twice.
    #[error("it must be one JSON object: {reason}")]
    NotJson {
        /// What was found, and where.
        reason: String,
    },
    /// A setting that must be given is absent or empty.
    #[error("{key} is empty: fill in {expected}")]
    Missing {
        /// The setting.
        key: &'static str,
        /// What to fill in, and where to get it.
        expected: &'static str,
    },
    /// A setting has a value that it cannot have.
    #[error("{key}: found {found}, expected {expected}")]
    Invalid {
        /// The setting.
        key: &'static str,
        /// The value, or what kind of value it is when it might be a secret.
        found: String,
        /// What the value may be.
        expected: String,
    },
    /// A name (of a bucket, prefix, region or endpoint) breaks the rules of its kind.
    #[error("{key}: {error}")]
    Name {
        /// The setting.
        key: &'static str,
        /// The rule that it breaks.
        error: NameError,
    },
    /// A setting inside a section is wrong.
    #[error("{at}: {what}")]
    Section {
        /// Its path, such as `Identity.Providers[1].JwksUrl`.
        at: String,
        /// What is wrong, and what it may be.
        what: String,
    },
    /// A setting that does not exist, most often a slip of the pen.
    #[error("{key} is not a setting; the settings are {known}")]
    UnknownKey {
        /// The key as it was found.
        key: String,
        /// Every setting there is.
        known: String,
    },
    /// `AccessKeyID` and `AccessKeyId` are one setting, and both are there.
    #[error("AccessKeyID and AccessKeyId are two spellings of one setting: keep one of them")]
    TwoSpellings,
    /// The file that `PolicyFile` names cannot be read.
    #[error(
        "PolicyFile: {path} cannot be read: {reason}; give a path relative to the folder of the configuration, \
         or \"\" for no session policy"
    )]
    PolicyUnreadable {
        /// The path that was tried.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// The policy has a placeholder whose setting is absent.
    #[error("{key} is empty, and {policy} contains {placeholder}: fill in {key}, or write its value into the policy")]
    PolicyNeeds {
        /// `Bucket` or `ObjectPrefix`.
        key: &'static str,
        /// `$BUCKET_NAME` or `$OBJECT_PREFIX`.
        placeholder: &'static str,
        /// The policy's file.
        policy: String,
    },
    /// The policy, filled in, is none that STS would take.
    #[error("PolicyFile: {policy} is not a session policy: {reason}")]
    Policy {
        /// The policy's file.
        policy: String,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// A key whose secret everyone knows would go to the real cloud.
    #[error(
        "AccessKeyID: {key_id} is a demo key and {host} is the real cloud: \
         use a key of your own, or a local StsEndpoint"
    )]
    DemoKey {
        /// The key id, masked.
        key_id: String,
        /// The host of `StsEndpoint`.
        host: String,
    },
}

/// Why STS gave no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StsFailure {
    /// STS answered, and refused.
    #[error("{}", .0.message)]
    Refused(StsError),
    /// No answer could be had.
    #[error(
        "the app server cannot reach STS at {endpoint} ({reason}): \
         check StsEndpoint in its configuration, and its network"
    )]
    Unreachable {
        /// `StsEndpoint`.
        endpoint: String,
        /// The innermost cause.
        reason: String,
    },
    /// No answer came in time.
    #[error(
        "STS at {endpoint} did not answer within {seconds} s: \
         check StsEndpoint in the app server's configuration, and its network"
    )]
    Timeout {
        /// `StsEndpoint`.
        endpoint: String,
        /// The whole time allowed.
        seconds: u64,
    },
    /// The answer is none that STS gives.
    #[error(
        "what answered at {endpoint} (HTTP {status}) does not speak the STS API: \
         check StsEndpoint in the app server's configuration"
    )]
    InvalidResponse {
        /// `StsEndpoint`.
        endpoint: String,
        /// The HTTP status of the answer.
        status: u16,
    },
    /// The machine gave no random bytes for the request's nonce.
    #[error("the app server's machine has no randomness to sign a request with: {0}")]
    NoRandomness(String),
    /// The app server has no key of its own at the moment. Why is for its log, not for apps.
    #[error("the app server has no key of its own at the moment; its log says why")]
    NoBaseCredentials(BaseFailure),
    /// So many tokens are being asked for that this question would go beyond what STS answers in a second.
    #[error("too many tokens are being asked for at the moment; ask again in {seconds} s")]
    Busy {
        /// When asking again may help.
        seconds: u64,
    },
    /// The app server was stopped before there was an answer.
    #[error("the app server is stopping; ask again")]
    Stopped,
}

impl StsFailure {
    /// The `ErrorCode` of the token contract: STS's own where STS spoke.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(error) => &error.code,
            Self::Unreachable { .. } => "StsUnreachable",
            Self::Timeout { .. } => "StsTimeout",
            Self::InvalidResponse { .. } => "StsInvalidResponse",
            Self::NoRandomness(_) => "InternalError",
            Self::NoBaseCredentials(_) => "NoBaseCredentials",
            Self::Busy { .. } => "Throttling.AppServer",
            Self::Stopped => "ServiceUnavailable",
        }
    }

    /// Whether it is worth asking STS again at once: throttling, trouble inside STS, or a broken connection.
    pub fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::Refused(error) => error.status >= 500 || error.code.starts_with("Throttling"),
            Self::Unreachable { .. } => true,
            Self::InvalidResponse { status, .. } => *status >= 500,
            Self::Timeout { .. }
            | Self::NoRandomness(_)
            | Self::NoBaseCredentials(_)
            | Self::Busy { .. }
            | Self::Stopped => false,
        }
    }

    /// Whether it says nothing about the token that was asked for, so that an older one may stand in for a while.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused(_) => self.is_worth_a_retry() || self.is_about_the_server(),
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::InvalidResponse { .. }
            | Self::NoRandomness(_)
            | Self::NoBaseCredentials(_)
            | Self::Busy { .. } => true,
            Self::Stopped => false,
        }
    }

    /// Whether STS refuses the app server's own key, signature or clock, and so would refuse every question.
    pub fn is_about_the_server(&self) -> bool {
        let Self::Refused(error) = self else { return false };
        let about = ["InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidTimeStamp", "InvalidSecurityToken"];
        about.iter().any(|code| error.code.starts_with(code))
    }
}
