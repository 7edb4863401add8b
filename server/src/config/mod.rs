//! The app server's settings as checked types: from a file, from text, or built in code.

mod grants;
mod identity;
mod object_key;
mod policy;
mod read;
pub(crate) mod section;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use shared::bucket::BucketName;
use shared::credentials::{Credentials, may_send_to};
use shared::object_key::Prefix;
use shared::ram::{Bounds, PolicyDocument, PolicyKind, reach};
use shared::region::{Endpoint, Region};
use shared::secret::mask;
use shared::sts::{MAX_DURATION, MIN_DURATION};

pub use self::grants::{BUILT_IN, GrantsSection, OF_POLICY_FILE};
pub use self::identity::{
    Anonymous, DeviceKey, DeviceKeys, IdentitySection, Jwt, MIN_SECRET_BYTES, Provider, SignedUrl, SigningKey,
    UnsafeNames, Webhook,
};
pub use self::object_key::ObjectKeySection;
pub use self::policy::PolicyTemplate;
use self::section::Section;
use crate::error::{ConfigError, Problem};

/// Where the app server listens unless `Listen` says otherwise: the port of the reference document's sample server.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7080);
/// Where AssumeRole is asked unless `StsEndpoint` says otherwise.
pub const DEFAULT_STS_ENDPOINT: &str = "https://sts.aliyuncs.com";
/// Some editors save UTF-16 unless they are told otherwise.
const NOT_UTF_8: &str = "the file is not UTF-8 text; save it as UTF-8";
/// What `RoleArn` must look like.
const ROLE_ARN_FORM: &str = "the ARN of a RAM role, such as acs:ram::1234567890123456:role/app-upload";

/// Everything that the app server is told. The names in `config.json` are given in brackets.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the settings came from, for messages: most often the path of the file.
    pub source: String,
    /// The RAM user's key that calls AssumeRole (`AccessKeyID`, `AccessKeySecret`).
    pub credentials: Credentials,
    /// The role that tokens stand for (`RoleArn`).
    pub role_arn: String,
    /// The life of a token in seconds, 900 to 43200 (`TokenExpireTime`).
    pub token_expire_time: u32,
    /// What a token may do of what its role may; `None` is all of it (`PolicyFile`).
    pub policy: Option<PolicyTemplate>,
    /// Where the binary listens (`Listen`); who embeds the library brings a listener.
    pub listen: SocketAddr,
    /// Where AssumeRole is asked (`StsEndpoint`).
    pub sts_endpoint: Endpoint,
    /// The value of `$BUCKET_NAME` (`Bucket`).
    pub bucket: Option<BucketName>,
    /// The value of `$OBJECT_PREFIX` (`ObjectPrefix`); an empty prefix is the whole bucket.
    pub object_prefix: Option<Prefix>,
    /// The bucket's region, told to apps (`Region`).
    pub region: Option<Region>,
    /// OSS's address, told to apps (`OssEndpoint`); see [`Config::told_endpoint`].
    pub oss_endpoint: Option<Endpoint>,
    /// Who may ask (`Identity`); `None` tells no callers apart.
    pub identity: Option<IdentitySection>,
    /// Which folder a caller gets and what it may do there (`Grants`).
    pub grants: Option<GrantsSection>,
    /// The server chooses the names of uploads (`ObjectKey`).
    pub object_key: Option<ObjectKeySection>,
    /// What the paths in the sections are relative to: the folder of the configuration.
    pub folder: PathBuf,
}

impl Config {
    /// Settings built in code: tokens of 900 s for the whole role. Change the public fields for more.
    pub fn new(credentials: Credentials, role_arn: impl Into<String>, sts_endpoint: Endpoint) -> Self {
        Self {
            source: "the settings given in code".to_owned(),
            credentials,
            role_arn: role_arn.into(),
            token_expire_time: MIN_DURATION,
            policy: None,
            listen: DEFAULT_LISTEN,
            sts_endpoint,
            bucket: None,
            object_prefix: None,
            region: None,
            oss_endpoint: None,
            identity: None,
            grants: None,
            object_key: None,
            folder: PathBuf::new(),
        }
    }

    /// Reads and checks a `config.json` and the policy file that it names. Blocks on two small files.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem found.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) => {
                let problem = match error.kind() {
                    ErrorKind::InvalidData => Problem::NotJson { reason: NOT_UTF_8.to_owned() },
                    _ => Problem::Unreadable { reason: error.to_string() },
                };
                Err(ConfigError { source: path.display().to_string(), problems: vec![problem] })
            }
        }
    }

    /// As [`Config::load`], from the text of a `config.json`; `file` names it in messages, and `PolicyFile` is relative
    /// to its folder.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem found.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let config =
            read::read(text, file).map_err(|problems| ConfigError { source: file.display().to_string(), problems })?;
        config.check().map(|()| config)
    }

    /// Checks what the types of the fields leave open, for settings built in code as for those of a file.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem found.
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut problems: Vec<Problem> = role_arn_problem(&self.role_arn).into_iter().collect();
        if !(MIN_DURATION..=MAX_DURATION).contains(&self.token_expire_time) {
            problems.push(token_expire_time_problem(self.token_expire_time.to_string()));
        }
        let (key_id, host) = (&self.credentials.access_key_id, self.sts_endpoint.host());
        if !may_send_to(key_id, host) {
            problems.push(Problem::DemoKey { key_id: mask(key_id), host: host.to_owned() });
        }
        if !self.tells_callers_apart() {
            problems.extend(self.session_policy().err().unwrap_or_default());
        }
        self.check_sections(&mut problems);
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { source: self.source.clone(), problems }) }
    }

    fn check_sections(&self, problems: &mut Vec<Problem>) {
        check_section(self.identity.as_ref(), problems);
        check_section(self.grants.as_ref(), problems);
        check_section(self.object_key.as_ref(), problems);
    }

    /// Whether any section makes this more than the document's server, whose one token is the same for everybody.
    pub fn tells_callers_apart(&self) -> bool {
        self.identity.is_some() || self.grants.is_some() || self.object_key.is_some()
    }

    /// The session policy with its placeholders filled in, as compact JSON; `None` when the whole role is meant.
    ///
    /// # Errors
    /// What keeps it from being filled in, or from being a session policy that STS takes.
    pub fn session_policy(&self) -> Result<Option<String>, Vec<Problem>> {
        let fill = |template: &PolicyTemplate| template.fill(self.bucket.as_ref(), self.object_prefix.as_ref());
        self.policy.as_ref().map(fill).transpose()
    }

    /// The OSS endpoint that apps are told: `OssEndpoint`, else the public one of `Region`.
    pub fn told_endpoint(&self) -> Option<String> {
        let public = || self.region.as_ref().map(Region::public_endpoint);
        self.oss_endpoint.as_ref().map(Endpoint::to_string).or_else(public)
    }

    /// Every file that the settings name, besides the configuration itself: policies, keys and secrets.
    pub fn files(&self) -> Vec<PathBuf> {
        let providers = self.identity.iter().flat_map(|identity| &identity.providers);
        let custom = self.grants.iter().flat_map(|grants| grants.custom.values().map(String::as_str));
        let mut files: Vec<PathBuf> =
            providers.flat_map(Provider::files).chain(custom).map(|file| self.folder.join(file)).collect();
        files.extend(self.policy.as_ref().map(|policy| PathBuf::from(&policy.source)));
        files
    }

    /// What a careful operator should know before real people use this server; one sentence or two each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings_of_identities();
        if self.policy.is_none() && !self.tells_callers_apart() {
            warnings.push(
                "PolicyFile is empty: a token may do everything that the role may. Name a session policy".to_owned(),
            );
        }
        if self.policy.as_ref().is_some_and(PolicyTemplate::uses_prefix)
            && self.object_prefix.as_ref().is_some_and(|prefix| prefix.as_str().is_empty())
        {
            warnings.push("ObjectPrefix is empty: the policy reaches every object of the bucket".to_owned());
        }
        if !self.listen.ip().is_loopback() {
            warnings.push(format!(
                "Listen is {}: tokens leave this machine over plain HTTP. Put a TLS proxy in front",
                self.listen
            ));
        }
        if self.sts_endpoint.to_string().starts_with("http://") && !is_loopback(self.sts_endpoint.host()) {
            warnings.push("StsEndpoint is plain HTTP: tokens cross the network unencrypted. Use https".to_owned());
        }
        warnings
    }

    fn warnings_of_identities(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        match &self.identity {
            None => warnings.push(
                "callers are not told apart: whoever can reach this server gets a token for the same folder. \
                 Let only your app's signed-in users reach it"
                    .to_owned(),
            ),
            Some(identity) if identity.lets_anonymous_in() => warnings.push(
                "callers without a credential are let in, and share one folder: whoever can reach this server gets a token"
                    .to_owned(),
            ),
            Some(_) => {}
        }
        if let (Some(policy), Some(bucket), Some(prefix)) = (self.plain_policy(), &self.bucket, &self.object_prefix) {
            let bounds = Bounds { bucket: bucket.as_str(), prefix: prefix.as_str(), only_key: None };
            if let Err(escape) = reach(&policy, &bounds) {
                warnings.push(format!("PolicyFile reaches more than ObjectPrefix: {escape}"));
            }
        }
        warnings
    }

    /// The policy of the document's server, filled in.
    fn plain_policy(&self) -> Option<PolicyDocument> {
        let filled = self.session_policy().ok().flatten().filter(|_| !self.tells_callers_apart())?;
        PolicyDocument::parse(&filled, PolicyKind::Session).ok()
    }
}

fn check_section<T: Section>(section: Option<&T>, problems: &mut Vec<Problem>) {
    if let Some(section) = section {
        section.check(T::KEY, problems);
    }
}

/// Whether `host` is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `acs:ram::<account>:role/<name>` (STS, AssumeRole), or the problem. A value that is no ARN may be a secret in the
/// wrong place, so it is not repeated.
fn role_arn_problem(arn: &str) -> Option<Problem> {
    let well_formed =
        arn.strip_prefix("acs:ram::").and_then(|rest| rest.split_once(":role/")).is_some_and(|(account, role)| {
            let role_char = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/');
            !account.is_empty()
                && account.bytes().all(|b| b.is_ascii_digit())
                && !role.is_empty()
                && role.bytes().all(role_char)
        });
    let found = || match arn.starts_with("acs:") {
        true => format!("{arn:?}"),
        false => "a text that does not begin with acs:ram::".to_owned(),
    };
    (!well_formed).then(|| Problem::Invalid { key: "RoleArn", found: found(), expected: ROLE_ARN_FORM.to_owned() })
}

fn token_expire_time_problem(found: String) -> Problem {
    let expected = format!("whole seconds from {MIN_DURATION} to {MAX_DURATION}");
    Problem::Invalid { key: "TokenExpireTime", found, expected }
}
