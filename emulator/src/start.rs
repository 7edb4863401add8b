//! Starting and stopping: sockets bound, store opened, first bucket made, then one word that all is ready.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use serde::Serialize;
use shared::clock::{ShiftedClock, SkewedClock};
use shared::decision::{Decision, Witness};
use shared::fault::FaultPlan;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::accounts::{Accounts, AccountsCell, Origin, OriginError};
use crate::callback::{self, CallbackKey};
use crate::control::{self, Control};
use crate::faults::Faults;
use crate::listen::{self, Door, Limits};
use crate::options::Options;
use crate::oss::{self, World};
use crate::private_files::PrivateFiles;
use crate::recorder::Recorder;
use crate::session::{Sealer, SealerError};
use crate::store::{BucketRecord, Store, StoreError, Sync, to_ms};
use crate::sts::{self, Sts};
use crate::sweep::Sweeps;
use crate::target::Hosts;
use crate::tls::{self, TlsError};

/// Why the emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket could not be bound.
    #[error("{option} {address}: {source}. Choose another address, or port 0 for a free one.")]
    Listen {
        /// The command-line option.
        option: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data folder cannot be used.
    #[error("--data {}: {source}", dir.display())]
    Data {
        /// The folder.
        dir: PathBuf,
        /// What is wrong.
        source: StoreError,
    },
    /// There is no certificate for HTTPS.
    #[error("--https: {0}")]
    Https(#[from] TlsError),
    /// No temporary folder could be made.
    #[error("no temporary folder for the data: {0}; name one with --data")]
    Temporary(std::io::Error),
    /// There are no accounts to begin with.
    #[error(transparent)]
    Accounts(#[from] OriginError),
    /// There is no key to seal tokens with.
    #[error(transparent)]
    Sealer(#[from] SealerError),
    /// Callbacks cannot be signed or sent.
    #[error(transparent)]
    Callback(#[from] callback::SetupError),
    /// There are no such faults.
    #[error("--faults {0}: there is no such preset; there are {names}", names = preset_names())]
    Faults(String),
    /// A task of the start failed.
    #[error("the start was cut off: {0}")]
    CutOff(#[from] tokio::task::JoinError),
}

/// Where everything is, as the line on standard output tells.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ready {
    /// `http://127.0.0.1:PORT`, or `https://…`.
    pub oss_endpoint: String,
    /// `http://127.0.0.1:PORT`, or `https://…`.
    pub sts_endpoint: String,
    /// `http://127.0.0.1:PORT`.
    pub control_endpoint: String,
    /// The region of all buckets.
    pub region: String,
    /// A bucket that exists.
    pub bucket: String,
    /// The key that the options name, or the first active one, a RAM user's if there is one; empty when none is active.
    pub access_key_id: String,
    /// Its secret; of use on this machine alone.
    pub access_key_secret: String,
    /// The role that the options name, or the first one; empty when there is none.
    pub role_arn: String,
    /// What goes wrong on purpose: `Lift, seed 7`; absent when nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faults: Option<String>,
}

/// How long requests under way may take at the end.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);

/// A running emulator. Dropped, it goes on until its runtime ends; [`Running::shutdown`] ends it in order.
#[derive(Debug)]
pub struct Running {
    /// Where everything is.
    pub ready: Ready,
    recorder: Arc<Recorder>,
    stop: watch::Sender<bool>,
    services: Vec<JoinHandle<()>>,
    /// Ends when nobody uses the data folder any more.
    freed: watch::Receiver<()>,
    // Removed when the last request is done.
    temporary: Option<tempfile::TempDir>,
}

impl Running {
    /// What was decided after the decision of this number (0 for all), oldest first, as far as it is kept.
    pub fn decisions(&self, after: u64) -> Vec<Arc<Decision>> {
        self.recorder.page(after, usize::MAX)
    }

    /// Tells the same as [`decisions`](Self::decisions), for as long as it is kept.
    pub fn witness(&self) -> Witness {
        let recorder = Arc::clone(&self.recorder);
        Arc::new(move |after| recorder.page(after, usize::MAX))
    }

    /// Lets requests under way finish, for a while, then frees the ports and the folder.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        for mut service in self.services {
            // Someone follows the decisions, or sends slowly.
            if tokio::time::timeout_at(deadline, &mut service).await.is_err() {
                service.abort();
            }
        }
        // A connection's task, or a thread that writes, may hold the store a moment longer than its service.
        let freed = async { while self.freed.changed().await.is_ok() {} };
        let _ = tokio::time::timeout_at(deadline, freed).await;
        drop(self.temporary);
    }
}

/// Starts all services on `clock`; returns once they accept connections.
///
/// # Errors
/// [`StartError`], which names the option that is to be changed.
pub async fn start(options: Options, clock: Arc<ShiftedClock>) -> Result<Running, StartError> {
    let origin = Origin::of(&options)?;
    let faults = Faults::default();
    if let Some(preset) = &options.faults {
        let plan = FaultPlan::preset(preset, options.fault_seed);
        faults.set(plan.ok_or_else(|| StartError::Faults(preset.clone()))?);
    }
    // Right as yet: the control port can put the emulator's clock and its clients' apart.
    let clock = Arc::new(SkewedClock::new(clock));
    let https_names = options.https.then(|| tls::names(&options));
    let scheme = if https_names.is_some() { "https" } else { "http" };
    let (oss_socket, oss_endpoint) = bind("--listen", options.listen, scheme)?;
    let (sts_socket, sts_endpoint) = bind("--sts-listen", options.sts_listen, scheme)?;
    let (control_socket, control_endpoint) = bind("--control-listen", options.control_listen, "http")?;

    let temporary = match &options.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("oss-emulator-").tempdir().map_err(StartError::Temporary)?),
    };
    let files = options.data.clone().map(PrivateFiles::new);
    let dir = options.data.clone().or_else(|| temporary.as_ref().map(|dir| dir.path().to_owned())).unwrap_or_default();
    let sync = if options.no_sync { Sync::Never } else { Sync::Always };
    // The store locks the folder, so nobody else reads or writes what is private in it.
    let store = open_store(dir.clone(), sync, options.bucket.to_string(), Arc::clone(&clock)).await?;
    let freed = store.freed();
    let key_url = format!("{control_endpoint}/callback_pub_key.pem");
    let callbacks = callback::Caller::new(open_callback_key(dir.clone()).await?, &key_url)?;
    let https = match https_names {
        Some(names) => Some(tls::identity(dir, names, shared::clock::Clock::now(&*clock)).await?),
        None => None,
    };
    let (tls, ca_pem) = https.map(|identity| (identity.acceptor, identity.ca_pem)).unzip();
    let (accounts, sealer) = open_private(origin, files.clone()).await?;
    let ready = Ready { faults: faults.title(), ..readiness(&options, &accounts) };
    let ready = Ready { oss_endpoint, sts_endpoint, control_endpoint, ..ready };

    let recorder = Arc::new(Recorder::new());
    let world = Arc::new(World {
        accounts: AccountsCell::new(accounts, files),
        sealer,
        store: Arc::new(store),
        region: options.region.clone(),
        hosts: Hosts::new(options.region.clone(), options.cname),
        clock: Arc::clone(&clock) as Arc<dyn shared::clock::Clock>,
        recorder: Arc::clone(&recorder),
        pictures: crate::img::Pool::default(),
        refuse_v1: options.refuse_v1,
        callbacks,
        sweeps: Sweeps::default(),
        faults,
    });
    let (stop, stopped) = watch::channel(false);
    let oss = Router::new().fallback(oss::handle).with_state(Arc::clone(&world));
    let sts = Router::new().fallback(sts::handle).with_state(Arc::new(Sts::new(Arc::clone(&world), options.sts_rate)));
    let control = control::router(Control { world, clock, ca_pem, first_bucket: options.bucket.to_string() });
    let limits = Limits::of_this_process();
    let services = [(oss_socket, oss, tls.clone()), (sts_socket, sts, tls), (control_socket, control, None)].map(
        |(socket, router, tls)| {
            let door = Door { router, tls, limits };
            tokio::spawn(listen::serve(socket, door, stopped.clone()))
        },
    );
    Ok(Running { ready, recorder, stop, services: services.into(), freed, temporary })
}

/// The accounts to begin with and the key of tokens: those kept in `files`, or new ones.
async fn open_private(origin: Origin, files: Option<PrivateFiles>) -> Result<(Accounts, Sealer), StartError> {
    let open = move || {
        let accounts = origin.accounts(files.as_ref())?;
        let sealer = match &files {
            Some(files) => Sealer::kept(files)?,
            None => Sealer::random().map_err(SealerError::from)?,
        };
        Ok((accounts, sealer))
    };
    tokio::task::spawn_blocking(open).await?
}

fn preset_names() -> String {
    shared::fault::PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ")
}

/// What to say when all is ready, the endpoints aside.
fn readiness(options: &Options, accounts: &Accounts) -> Ready {
    let named = options.access_key_id.as_ref().and_then(|id| accounts.key(id)).map(|(_, key)| key);
    let key = named.or_else(|| accounts.first_key());
    let role = options.role_arn.as_ref().and_then(|arn| accounts.role(arn)).or_else(|| accounts.first_role());
    Ready {
        region: options.region.to_string(),
        bucket: options.bucket.to_string(),
        access_key_id: key.map(|key| key.id.clone()).unwrap_or_default(),
        access_key_secret: key.map(|key| key.secret.expose().to_owned()).unwrap_or_default(),
        role_arn: role.map(|role| role.arn.clone()).unwrap_or_default(),
        ..Ready::default()
    }
}

fn bind(option: &'static str, address: SocketAddr, scheme: &str) -> Result<(TcpListener, String), StartError> {
    let fail = |source| StartError::Listen { option, address, source };
    let listener = listen::bind(address).map_err(fail)?;
    let mut usable = listener.local_addr().map_err(fail)?;
    // Who listens everywhere is found at this machine, too; "everywhere" is no address that a client can connect to.
    if usable.ip().is_unspecified() {
        usable.set_ip(match usable {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok((listener, format!("{scheme}://{usable}")))
}

async fn open_callback_key(dir: PathBuf) -> Result<CallbackKey, StartError> {
    let opened = tokio::task::spawn_blocking(move || CallbackKey::open(&dir)).await;
    match opened {
        Ok(key) => Ok(key?),
        Err(join) => Err(StartError::Temporary(std::io::Error::other(join))),
    }
}

async fn open_store(dir: PathBuf, sync: Sync, bucket: String, clock: Arc<SkewedClock>) -> Result<Store, StartError> {
    let at = dir.clone();
    let open = move || {
        let store = Store::open(&dir, sync)?;
        let now = shared::clock::Clock::now(&*clock);
        store.index.create_bucket(&bucket, BucketRecord::new(to_ms(now)))?;
        Ok(store)
    };
    tokio::task::spawn_blocking(open)
        .await
        .unwrap_or_else(|join| Err(StoreError::Index(join.to_string())))
        .map_err(|source| StartError::Data { dir: at, source })
}
