//! The commands of the program that serve nothing: they check, explain, and make keys and URLs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use clap::Subcommand;
use server::config::{Config, Provider};
use server::explain;
use server::identity::{Identity, device_keys, signed_url};
use shared::clock::{Clock, SystemClock};

/// What the program does instead of serving.
#[derive(Subcommand)]
pub enum Command {
    /// Validates the configuration, its policies and keys, and tells what each identity known by name would get
    Check,
    /// Tells folder, session and policies of one identity
    Explain {
        /// The user, as a provider names it
        #[arg(long, value_name = "USER")]
        identity: String,
        /// The device
        #[arg(long)]
        device: Option<String>,
        /// The provider that vouches for it
        #[arg(long, default_value = "explain")]
        provider: String,
        /// A claim for the folder's template
        #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = pair)]
        claims: Vec<(String, String)>,
    },
    /// Makes a device key: the key for the device, and the entry for Keys of a DeviceKeys provider
    DeviceKey {
        /// Whose device it is
        #[arg(long)]
        user: String,
        /// The device's name
        #[arg(long)]
        device: Option<String>,
    },
    /// Signs the query of a URL for one user with the first key of the first SignedUrl provider
    SignUrl {
        /// The user
        #[arg(long)]
        user: String,
        /// How long the URL is good, in seconds
        #[arg(long, default_value_t = 86_400)]
        seconds: i64,
        /// A narrowing parameter such as grant=read, or dt-device=NAME, or dt-claim-NAME=VALUE
        #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
        parameters: Vec<(String, String)>,
    },
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What the command prints.
///
/// # Errors
/// What to tell the person who gave it.
pub fn run(command: Command, config: &Path) -> Result<String, String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let load = || Config::load(config).map_err(|error| error.to_string());
    match command {
        Command::Check => explain::check(&load()?, &clock).map_err(|error| error.to_string()),
        Command::Explain { identity, device, provider, claims } => {
            let claims: BTreeMap<String, String> = claims.into_iter().collect();
            let identity = Identity { device, claims, ..Identity::new(&provider, &identity) };
            explain::explain(&load()?, &identity, &clock).map_err(|error| error.to_string())
        }
        Command::DeviceKey { user, device } => {
            let (key, hash) =
                device_keys::new_key().map_err(|error| format!("this machine has no randomness: {error}"))?;
            let mut entry = serde_json::json!({ "Hash": hash, "User": user });
            if let Some(device) = device {
                entry["Device"] = device.into();
            }
            Ok(format!("for the device, shown once:\n{key}\n\nfor Keys or KeysFile:\n{entry}\n"))
        }
        Command::SignUrl { user, seconds, parameters } => sign_url(&load()?, &user, seconds, &parameters, &*clock),
    }
}

fn sign_url(
    config: &Config,
    user: &str,
    seconds: i64,
    parameters: &[(String, String)],
    clock: &dyn Clock,
) -> Result<String, String> {
    let providers = config.identity.as_ref().map(|identity| identity.providers.as_slice()).unwrap_or_default();
    let key = providers.iter().find_map(|provider| match provider {
        Provider::SignedUrl(signed) => signed.keys.first(),
        _ => None,
    });
    let key = key.ok_or("the configuration has no SignedUrl provider with a key")?;
    let secret = key
        .read(&config.folder)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| format!("this machine has no randomness: {error}"))?;
    let nonce: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let expires = clock.now().unix_timestamp().saturating_add(seconds).to_string();
    let mut all = vec![(signed_url::USER, user), (signed_url::EXPIRES, &expires), (signed_url::NONCE, &nonce)];
    all.extend(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let query = signed_url::signed_query(&key.id, &secret, &all);
    Ok(format!("{}?{query}\n", server::TOKEN_PATH))
}
