//! A PostgreSQL of a story's own, if its binaries are on this machine; reached by a socket in its folder, so no port is taken.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use shared::secret::Secret;
use shared::sign::encode;
use tempfile::TempDir;

/// `nobody`: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65534;

/// A running server, ended when it is dropped.
pub struct Postgres {
    binaries: PathBuf,
    folder: TempDir,
    running: Option<Child>,
}

impl Postgres {
    /// A new, empty server; `None`, and a note, where there is no PostgreSQL.
    pub fn start() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut binaries: Vec<PathBuf> =
            versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists()).collect();
        binaries.sort();
        let Some(binaries) = binaries.pop() else {
            eprintln!("no PostgreSQL in /usr/lib/postgresql (Debian package postgresql): told for SQLite alone");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        if is_root(folder.path()) {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut server = Self { binaries, folder, running: None };
        let mut initdb = server.program("initdb");
        initdb.args(["-A", "trust", "-U", "stories", "--no-sync", "-D"]).arg(server.data());
        let made = initdb.stdout(Stdio::null()).status().unwrap();
        assert!(made.success(), "initdb failed");
        server.resume();
        Some(server)
    }

    /// The `Database` of the configuration.
    pub fn url(&self) -> Secret {
        let folder = encode(&self.folder.path().display().to_string());
        Secret::new(format!("postgres://stories@localhost/postgres?host={folder}&sslmode=disable"))
    }

    /// Ends it as a crash would.
    pub fn crash(&mut self) {
        if let Some(mut child) = self.running.take() {
            let quit = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status().unwrap();
            assert!(quit.success());
            child.wait().unwrap();
        }
    }

    /// Starts it, again, and returns once it serves.
    pub fn resume(&mut self) {
        let mut program = self.program("postgres");
        program.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        program.args(["-c", "listen_addresses=", "-c", "shared_buffers=16MB"]);
        let mut child = program.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut lines = log.lines().map_while(Result::ok);
        let ready = lines.by_ref().take(1000).any(|line| line.contains("ready to accept connections"));
        // It must never wait for somebody to read its log.
        std::thread::spawn(move || lines.for_each(drop));
        self.running = Some(child);
        assert!(ready, "PostgreSQL did not start");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let program = self.binaries.join(name);
        let mut command = if is_root(Path::new("/proc/self")) {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.crash();
    }
}

fn is_root(mine: &Path) -> bool {
    std::fs::metadata(mine).is_ok_and(|about| about.uid() == 0)
}
