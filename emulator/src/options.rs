//! What the emulator can be told, on the command line or in the environment.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use shared::bucket::BucketName;
use shared::region::Region;
use shared::secret::Secret;

use crate::target::Cname;

const FREE_LOOPBACK_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// OSS, STS, RAM and IMG on this machine, enforcing for real.
///
/// On readiness one line of JSON goes to standard output: where each service listens, and a key pair to begin with. All logs go to standard error.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "emulator", version, max_term_width = 100)]
pub struct Options {
    /// The folder that keeps buckets, objects, accounts and the key of tokens; a temporary one, removed at the end, when absent.
    #[arg(long, env = "EMULATOR_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where OSS listens.
    #[arg(long, env = "EMULATOR_LISTEN", value_name = "ADDRESS", default_value_t = FREE_LOOPBACK_PORT)]
    pub listen: SocketAddr,
    /// Where STS listens.
    #[arg(long, env = "EMULATOR_STS_LISTEN", value_name = "ADDRESS", default_value_t = FREE_LOOPBACK_PORT)]
    pub sts_listen: SocketAddr,
    /// Where the control port listens: decisions, accounts, faults and the clock. It asks for no key, so keep it on loopback.
    #[arg(long, env = "EMULATOR_CONTROL_LISTEN", value_name = "ADDRESS", default_value_t = FREE_LOOPBACK_PORT)]
    pub control_listen: SocketAddr,
    /// The region of all buckets.
    #[arg(long, env = "EMULATOR_REGION", value_name = "ID", default_value = "cn-hangzhou", value_parser = Region::parse)]
    pub region: Region,
    /// Serve OSS and STS over TLS, with a certificate of the emulator's own: trust what the control port serves at /ca.pem.
    #[arg(long, env = "EMULATOR_HTTPS", value_parser = clap::builder::FalseyValueParser::new())]
    pub https: bool,
    /// A host that stands for a bucket, as a CNAME does; once for each, or with commas between them.
    #[arg(long, env = "EMULATOR_CNAME", value_name = "HOST=BUCKET", value_delimiter = ',', value_parser = Cname::parse)]
    pub cname: Vec<Cname>,
    /// A bucket that exists from the start.
    #[arg(long, env = "EMULATOR_BUCKET", value_name = "NAME", default_value = "direct-transfer", value_parser = BucketName::parse)]
    pub bucket: BucketName,
    /// A JSON file with users, roles, keys and policies; when absent, those kept in the data folder, or else one user and one role.
    #[arg(long, env = "EMULATOR_ACCOUNTS", value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// The id of the RAM user's key; drawn at random when absent.
    #[arg(long, env = "EMULATOR_ACCESS_KEY_ID", value_name = "ID")]
    pub access_key_id: Option<String>,
    /// The secret of the RAM user's key; drawn at random when absent. Prefer the environment: others can read a command line.
    #[arg(long, env = "EMULATOR_ACCESS_KEY_SECRET", value_name = "SECRET", hide_env_values = true, value_parser = secret)]
    pub access_key_secret: Option<Secret>,
    /// The role that the RAM user may assume; acs:ram::1000000000000001:role/direct-transfer when absent.
    #[arg(long, env = "EMULATOR_ROLE_ARN", value_name = "ARN")]
    pub role_arn: Option<String>,
    /// Refuse signatures of version 1, as OSS does for new accounts and buckets.
    #[arg(long, env = "EMULATOR_REFUSE_V1")]
    pub refuse_v1: bool,
    /// Answer before what was written is on the disk: faster, for throwaway worlds. A kill of the process still loses nothing, a power cut may.
    #[arg(long, env = "EMULATOR_NO_SYNC")]
    pub no_sync: bool,
    /// The most calls a second of each STS action, 100 in real STS; more are throttled. Without a limit when absent.
    #[arg(long, env = "EMULATOR_STS_RATE", value_name = "CALLS")]
    pub sts_rate: Option<NonZeroU32>,
    /// Faults to begin with: lift, train-tunnel, hotel-wi-fi, flaky-4g or midnight-expiry. The control port changes them at /faults.
    #[arg(long, env = "EMULATOR_FAULTS", value_name = "PRESET")]
    pub faults: Option<String>,
    /// Where the chance in the faults begins; the same seed does the same to the same requests.
    #[arg(long, env = "EMULATOR_FAULT_SEED", value_name = "NUMBER", default_value_t = 0)]
    pub fault_seed: u64,
}

#[allow(clippy::unnecessary_wraps)] // the form that clap asks for
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

impl Default for Options {
    /// As without any argument, whatever the environment says.
    fn default() -> Self {
        Self {
            data: None,
            listen: FREE_LOOPBACK_PORT,
            sts_listen: FREE_LOOPBACK_PORT,
            control_listen: FREE_LOOPBACK_PORT,
            #[allow(clippy::expect_used)] // a constant, read by every test
            region: Region::parse("cn-hangzhou").expect("a region"),
            https: false,
            cname: Vec::new(),
            #[allow(clippy::expect_used)]
            bucket: BucketName::parse("direct-transfer").expect("a bucket name"),
            accounts: None,
            access_key_id: None,
            access_key_secret: None,
            role_arn: None,
            refuse_v1: false,
            no_sync: false,
            sts_rate: None,
            faults: None,
            fault_seed: 0,
        }
    }
}
