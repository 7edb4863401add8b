//! What the program can be told, on the command line or in the environment.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use shared::bucket::BucketName;
use shared::object_key::ObjectKey;
use shared::region::{Endpoint, Region};
use shared::secret::Secret;

/// Sends files to OSS and brings them back, with a token of an app server or with keys of one's own.
///
/// Credentials come from --app-server, or else from OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET and OSS_SESSION_TOKEN, from
/// ALIBABA_CLOUD_ACCESS_KEY_ID and its like, or from ALIBABA_CLOUD_CREDENTIALS_URI. Where to is what the app server says,
/// unless it is given.
///
/// Exit status: 0 done, 1 network or server trouble that may pass, 2 wrong usage or settings, 3 refused, 4 not there,
/// 5 a local file's trouble, 6 damaged or changed data, 130 interrupted. An interrupted upload or download goes on when the
/// same command is given again.
#[derive(Debug, Parser)]
#[command(name = "transfer", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Options {
    #[command(flatten)]
    pub place: PlaceOptions,
    #[command(flatten)]
    pub tuning: Tuning,
    /// Print the outcome as one JSON object on standard output, errors too; no progress bar.
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress bar.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// Whom to ask for a token, and where the bucket is.
#[derive(Debug, Args)]
pub struct PlaceOptions {
    /// The app server's token URL.
    #[arg(long, env = "TRANSFER_APP_SERVER", value_name = "URL", global = true)]
    pub app_server: Option<String>,
    /// Shown to the app server as Authorization: Bearer. Prefer the environment: others can read a command line.
    #[arg(long, env = "TRANSFER_BEARER", value_name = "TOKEN", hide_env_values = true, value_parser = secret, global = true)]
    pub bearer: Option<Secret>,
    /// The bucket.
    #[arg(long, env = "OSS_BUCKET", value_name = "NAME", value_parser = BucketName::parse, global = true)]
    pub bucket: Option<BucketName>,
    /// The region, such as cn-hangzhou.
    #[arg(long, env = "OSS_REGION", value_name = "ID", value_parser = Region::parse, global = true)]
    pub region: Option<Region>,
    /// Where OSS listens; the region's public endpoint when absent.
    #[arg(long, env = "OSS_ENDPOINT", value_name = "URL", value_parser = Endpoint::parse, global = true)]
    pub endpoint: Option<Endpoint>,
    /// The endpoint is the bucket's own domain (a CNAME), which stands for the bucket.
    #[arg(long, global = true)]
    pub cname: bool,
    /// Which signature to make.
    #[arg(long, value_enum, default_value_t = Signature::V4, global = true)]
    pub signature: Signature,
}

/// Versions of the signature.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Signature {
    V1,
    V4,
}

/// How to transfer.
#[derive(Debug, Args)]
pub struct Tuning {
    /// Requests that run at once.
    #[arg(long, value_name = "COUNT", default_value_t = 5, global = true)]
    pub concurrency: usize,
    /// Repetitions of a request after a failure that may pass.
    #[arg(long, value_name = "COUNT", default_value_t = 2, global = true)]
    pub retries: u32,
    /// How large the parts of an upload, and the ranges of a download are: 100 KiB to 5 GiB.
    #[arg(long, value_name = "SIZE", default_value = "1MiB", global = true)]
    pub part_size: ByteSize,
    /// The most bytes a second, such as 500KiB; no limit when absent.
    #[arg(long, value_name = "SIZE", global = true)]
    pub limit: Option<ByteSize>,
    /// How long a request may go without one byte sent or received, and how long connecting may take.
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = humantime::parse_duration, global = true)]
    pub timeout: Duration,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Upload a file.
    Upload(Upload),
    /// Download an object; checked, and put in place only when it is whole.
    Download {
        /// The object.
        #[arg(value_parser = ObjectKey::parse)]
        key: ObjectKey,
        /// Where to; the last part of the key, in this folder, when absent.
        to: Option<PathBuf>,
    },
    /// List objects.
    Ls {
        /// Only those whose keys begin so; the token's own folder when absent.
        prefix: Option<String>,
        /// How many at most.
        #[arg(long, value_name = "COUNT", default_value_t = 1000)]
        max: u32,
    },
    /// Show what OSS knows of an object.
    Head {
        /// The object.
        #[arg(value_parser = ObjectKey::parse)]
        key: ObjectKey,
    },
    /// Delete objects; one that is not there is no error.
    Rm {
        /// The objects.
        #[arg(required = true, value_parser = ObjectKey::parse)]
        keys: Vec<ObjectKey>,
    },
    /// Print a URL with which anyone may make one request.
    Presign {
        /// The object.
        #[arg(value_parser = ObjectKey::parse)]
        key: ObjectKey,
        /// The request's method.
        #[arg(long, default_value = "GET", value_parser = ["GET", "HEAD", "PUT", "DELETE"])]
        method: String,
        /// How long it is good for, at most 7 days, and no longer than the token lives.
        #[arg(long, value_name = "TIME", default_value = "15m", value_parser = humantime::parse_duration)]
        expires: Duration,
        /// An IMG process, such as image/resize,w_200.
        #[arg(long, value_name = "PROCESS")]
        process: Option<String>,
    },
    /// Have OSS make another picture of one, and fetch that.
    Img {
        /// The picture.
        #[arg(value_parser = ObjectKey::parse)]
        key: ObjectKey,
        /// What to make, such as image/resize,w_200 or image/info.
        process: String,
        /// Where to write it.
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What `upload` takes.
#[derive(Debug, Args)]
pub struct Upload {
    /// The file.
    pub file: PathBuf,
    /// The object's name; one that ends in / has the file's name put behind it. The token's folder and the file's name when absent.
    pub key: Option<String>,
    /// In one request, or in parts that an interruption does not lose.
    #[arg(long, value_enum, default_value_t = Mode::Auto)]
    pub mode: Mode,
    /// Where checkpoints of resumable uploads are kept.
    #[arg(long, env = "TRANSFER_CHECKPOINTS", value_name = "DIR")]
    pub checkpoints: Option<PathBuf>,
    /// The object's type; by the ending of its name when absent.
    #[arg(long, value_name = "TYPE")]
    pub content_type: Option<String>,
    /// Kept with the object, such as --meta place=Bund; may be given again.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub meta: Vec<(String, String)>,
    /// Send a Content-MD5 as well; CRC64 is always compared.
    #[arg(long)]
    pub md5: bool,
}

/// Ways of uploading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Resumable if the file has more than one part, else simple.
    Auto,
    /// One PutObject.
    Simple,
    /// Parts, with a checkpoint.
    Resumable,
}

#[allow(clippy::unnecessary_wraps)] // the form that clap asks for
fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be of the form name=value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_options_contradict_each_other_nowhere() {
        Options::command().debug_assert();
    }
}
