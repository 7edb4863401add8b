//! The section `BaseCredentials`: where the app server's own key comes from when it is not in the configuration.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use shared::region::Endpoint;
use shared::secret::Secret;

use super::section::{self, Section};
use crate::base_credentials::{Oidc, Source};
use crate::error::Problem;
use crate::http::METADATA_HOST;

/// The other places where a key may be. Names of variables and files are those of the official tools.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "Source", rename_all_fields = "PascalCase", deny_unknown_fields)]
pub enum BaseCredentialsSection {
    /// `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET`, `ALIBABA_CLOUD_SECURITY_TOKEN`.
    Environment {},
    /// A profile of `~/.alibabacloud/credentials` or of `~/.aliyun/config.json`.
    File {
        /// The file, relative to the configuration's folder; the first of the two above without it.
        path: Option<PathBuf>,
        /// The profile.
        profile: Option<String>,
    },
    /// The RAM role of this ECS instance.
    EcsMetadata {
        /// The role's name; asked for without it.
        role: Option<String>,
        /// Whether the first version of the metadata service will do.
        #[serde(default)]
        allow_v1: bool,
        /// Where the metadata service is, if not at `http://100.100.100.200`.
        endpoint: Option<String>,
    },
    /// A token of the cluster, exchanged at STS. What is absent is taken from the variables of the official tools.
    Oidc {
        /// `ALIBABA_CLOUD_ROLE_ARN`.
        role_arn: Option<String>,
        /// `ALIBABA_CLOUD_OIDC_PROVIDER_ARN`.
        provider_arn: Option<String>,
        /// `ALIBABA_CLOUD_OIDC_TOKEN_FILE`.
        token_file: Option<PathBuf>,
    },
    /// Another program.
    Uri {
        /// Its URL; `ALIBABA_CLOUD_CREDENTIALS_URI` without it.
        url: Option<Secret>,
    },
}

impl Section for BaseCredentialsSection {
    const KEY: &'static str = "BaseCredentials";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        // The endpoint of STS does not matter here.
        let Ok(anywhere) = Endpoint::parse("localhost") else { return };
        if let Err(lacking) = self.source(&anywhere) {
            section::wrong(
                problems,
                format!("{at}.{}", lacking.setting),
                format!("it is absent, and so is {}", lacking.variable),
            );
        }
        if let Self::EcsMetadata { endpoint: Some(endpoint), .. } = self
            && !endpoint.starts_with("http://")
        {
            section::wrong(problems, format!("{at}.Endpoint"), "it must begin with http://, and end before the path");
        }
    }
}

/// A setting that is neither in the section nor in the environment.
pub(crate) struct Lacking {
    setting: &'static str,
    variable: &'static str,
}

impl BaseCredentialsSection {
    /// Relative paths are relative to `folder`.
    pub(super) fn in_folder(mut self, folder: &Path) -> Self {
        if let Self::File { path: Some(path), .. } | Self::Oidc { token_file: Some(path), .. } = &mut self {
            *path = folder.join(&*path);
        }
        self
    }

    /// The source that this describes; `sts` is asked to exchange an OIDC token.
    pub(crate) fn source(&self, sts: &Endpoint) -> Result<Source, Lacking> {
        Ok(match self {
            Self::Environment {} => Source::Environment,
            Self::File { path, profile } => {
                let home = || {
                    or_variable(None, "Path", "HOME").map(|home| PathBuf::from(home).join(".alibabacloud/credentials"))
                };
                Source::File { path: path.clone().map_or_else(home, Ok)?, profile: profile.clone() }
            }
            Self::EcsMetadata { role, allow_v1, endpoint } => {
                let endpoint = endpoint.clone().unwrap_or_else(|| format!("http://{METADATA_HOST}"));
                Source::EcsMetadata { endpoint, role: role.clone(), allow_v1: *allow_v1 }
            }
            Self::Oidc { role_arn, provider_arn, token_file } => Source::Oidc(Oidc {
                role_arn: or_variable(role_arn.clone(), "RoleArn", "ALIBABA_CLOUD_ROLE_ARN")?,
                provider_arn: or_variable(provider_arn.clone(), "ProviderArn", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN")?,
                token_file: match token_file {
                    Some(path) => path.clone(),
                    None => or_variable(None, "TokenFile", "ALIBABA_CLOUD_OIDC_TOKEN_FILE")?.into(),
                },
                sts_endpoint: sts.clone(),
            }),
            Self::Uri { url } => match url {
                Some(url) => Source::Uri(url.clone()),
                None => Source::Uri(Secret::new(or_variable(None, "Url", "ALIBABA_CLOUD_CREDENTIALS_URI")?)),
            },
        })
    }
}

fn or_variable(given: Option<String>, setting: &'static str, variable: &'static str) -> Result<String, Lacking> {
    let given = given.or_else(|| std::env::var(variable).ok());
    given.filter(|value| !value.is_empty()).ok_or(Lacking { setting, variable })
}
