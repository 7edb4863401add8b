//! A throwaway world: emulator and app server on one clock, in this process, on free loopback ports.

use std::sync::Arc;

use server::config::{Config, PolicyTemplate};
use shared::bucket::BucketName;
use shared::clock::{Clock, ShiftedClock};
use shared::credentials::Credentials;
use shared::decision::{Decision, Witness};
use shared::object_key::{NameError, Prefix};
use shared::region::{Endpoint, Region};
use shared::secret::Secret;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use transfer::{Client, ClientConfig, CredentialsSource, Observer, Provider, TransferError};

/// The folder that the demo's tokens cover.
pub const PREFIX: &str = "users/demo/";
/// How long the demo's tokens live, in seconds: the least that STS gives.
pub const TOKEN_SECONDS: u32 = 900;

const POLICY: &str = include_str!("../../policy/bucket_read_write_policy.txt");
const POLICY_NAME: &str = "policy/bucket_read_write_policy.txt";

/// Why the world could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The emulator did not start.
    #[error("the emulator: {0}")]
    Emulator(#[from] emulator::StartError),
    /// The app server did not start.
    #[error("the app server: {0}")]
    Server(#[from] server::error::StartError),
    /// No port for the app server.
    #[error("the app server found no free port on loopback: {0}")]
    Listen(std::io::Error),
    /// A name of ours is none.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// How a world is to be; by default as `cargo demo` has it.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// What its clock reads at first; this machine's time when absent.
    pub clock: Option<OffsetDateTime>,
    /// The session policy of its tokens, a template.
    pub policy: String,
    /// Hears of what its clients do.
    pub observer: Observer,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self { clock: None, policy: POLICY.to_owned(), observer: Observer::silent() }
    }
}

/// Emulator and app server, running.
#[derive(Debug)]
pub struct World {
    /// Where the emulator is, and its demo key.
    pub emulator: emulator::Ready,
    /// Where apps get their token.
    pub token_url: String,
    /// The clock of emulator, app server and clients; move it and all of them believe it.
    pub clock: Arc<ShiftedClock>,
    /// What its clock read at first.
    pub first_time: OffsetDateTime,
    /// The session policy of its tokens, a template.
    pub policy: String,
    observer: Observer,
    running: emulator::Running,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl World {
    /// Starts both, ready to be used when this returns.
    ///
    /// # Errors
    /// [`WorldError`].
    pub async fn start() -> Result<Self, WorldError> {
        Self::start_as(WorldOptions::default()).await
    }

    /// As [`World::start`], as `options` say.
    ///
    /// # Errors
    /// [`WorldError`].
    pub async fn start_as(options: WorldOptions) -> Result<Self, WorldError> {
        let WorldOptions { clock: first, policy, observer } = options;
        let clock = Arc::new(ShiftedClock::new());
        if let Some(first) = first {
            clock.advance(first - clock.now());
        }
        let first_time = clock.now();
        let running = emulator::start(emulator::Options::default(), Arc::clone(&clock)).await?;
        let ready = running.ready.clone();
        let app = server::App::new(config_of(&ready, &policy)?, Arc::clone(&clock) as Arc<dyn Clock>)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(WorldError::Listen)?;
        let address = listener.local_addr().map_err(WorldError::Listen)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async move {
            let _ = stopped.await;
        };
        let server = tokio::spawn(server::serve(listener, server::router(app), until));
        let token_url = format!("http://{address}{}", server::TOKEN_PATH);
        Ok(Self { emulator: ready, token_url, clock, first_time, policy, observer, running, stop, server })
    }

    /// What OSS and STS decided after the decision of this number (0 for all), oldest first.
    pub fn decisions(&self, after: u64) -> Vec<Arc<Decision>> {
        self.running.decisions(after)
    }

    /// Tells the same as [`decisions`](Self::decisions), for as long as it is kept.
    pub fn witness(&self) -> Witness {
        self.running.witness()
    }

    /// Ends both and removes what they stored.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Ok(Err(error)) = self.server.await {
            tracing::warn!("the app server ended badly: {error}");
        }
        self.running.shutdown().await;
    }

    /// A credentials provider on the world's clock.
    ///
    /// # Errors
    /// [`TransferError::Config`].
    pub fn provider(&self, source: CredentialsSource, observer: Observer) -> Result<Arc<Provider>, TransferError> {
        Provider::new(source, Arc::clone(&self.clock) as Arc<dyn Clock>, observer).map(Arc::new)
    }

    /// The provider that asks the app server, as an app does.
    ///
    /// # Errors
    /// [`TransferError::Config`].
    pub fn app_provider(&self) -> Result<Arc<Provider>, TransferError> {
        let source = CredentialsSource::AppServer { url: self.token_url.clone(), bearer: None };
        self.provider(source, self.observer.clone())
    }

    /// A client of the demo's bucket.
    ///
    /// # Errors
    /// [`TransferError::Config`].
    pub fn client(&self, provider: Arc<Provider>) -> Result<Client, TransferError> {
        let config = self
            .client_config()
            .map_err(|error| TransferError::Config { setting: "the demo's place", problem: error.to_string() })?;
        Client::new(config, provider, Arc::clone(&self.clock) as Arc<dyn Clock>, self.observer.clone())
    }

    /// How a client of the demo's bucket is set up.
    ///
    /// # Errors
    /// A name that OSS would not take.
    pub fn client_config(&self) -> Result<ClientConfig, NameError> {
        Ok(ClientConfig::new(
            Endpoint::parse(&self.emulator.oss_endpoint)?,
            Region::parse(&self.emulator.region)?,
            BucketName::parse(&self.emulator.bucket)?,
        ))
    }
}

fn config_of(ready: &emulator::Ready, policy: &str) -> Result<Config, NameError> {
    let key = Credentials::long_term(&ready.access_key_id, Secret::new(&ready.access_key_secret));
    let mut config = Config::new(key, &ready.role_arn, Endpoint::parse(&ready.sts_endpoint)?);
    config.token_expire_time = TOKEN_SECONDS;
    config.policy = Some(PolicyTemplate { text: policy.to_owned(), source: POLICY_NAME.to_owned() });
    config.bucket = Some(BucketName::parse(&ready.bucket)?);
    config.object_prefix = Some(Prefix::parse(PREFIX)?);
    config.region = Some(Region::parse(&ready.region)?);
    config.oss_endpoint = Some(Endpoint::parse(&ready.oss_endpoint)?);
    Ok(config)
}
