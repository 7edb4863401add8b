//! The key that signs callbacks: made at the first start, kept in the data folder, so that verifiers may hold its public half.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use getrandom::SysRng;
use shared::secret::Secret;
use shared::sign::callback::{KeyError, PrivateKey};

use super::SetupError;

const FILE: &str = "callback_key.pem";
/// Always the same, so that the next start removes what a killed one left.
const UNFINISHED: &str = "callback_key.pem.new";

/// The emulator's own key, in the place of OSS's.
#[derive(Debug)]
pub struct CallbackKey {
    private: PrivateKey,
    public_pem: String,
}

impl CallbackKey {
    /// The key of the data folder `dir`; the first time it is made and written there, readable by its owner alone. Blocks.
    ///
    /// # Errors
    /// [`SetupError`], which names the file.
    pub fn open(dir: &Path) -> Result<Self, SetupError> {
        let path = dir.join(FILE);
        let private = match fs::read_to_string(&path).map(Secret::new) {
            Ok(pem) => PrivateKey::from_pem(pem.expose()).map_err(|source| SetupError::Unreadable { path, source })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = PrivateKey::generate(&mut SysRng)?;
                let pem = made.to_pem()?;
                write(dir, &path, &pem).map_err(|source| SetupError::Io { path, source })?;
                made
            }
            Err(source) => return Err(SetupError::Io { path, source }),
        };
        let public_pem = private.public_key().to_pem()?;
        Ok(Self { private, public_pem })
    }

    /// The public half, as verifiers fetch it: SPKI in PEM.
    pub fn public_key_pem(&self) -> &str {
        &self.public_pem
    }

    /// The signature of `text` in base64.
    ///
    /// # Errors
    /// [`KeyError::Rsa`] when the system has no randomness.
    pub fn sign(&self, text: &[u8]) -> Result<String, KeyError> {
        self.private.sign(text, &mut SysRng)
    }
}

fn write(dir: &Path, path: &Path, pem: &Secret) -> io::Result<()> {
    let unfinished = dir.join(UNFINISHED);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(pem.expose().as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    // A rename is durable once its folder is synced. Windows has no such call.
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::sign::callback::PublicKey;

    #[test]
    fn a_key_is_made_once_and_signs_what_its_public_half_verifies() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(UNFINISHED), "what a killed start left").unwrap();
        let key = CallbackKey::open(dir.path()).unwrap();
        let again = CallbackKey::open(dir.path()).unwrap();
        assert_eq!(key.public_key_pem(), again.public_key_pem());

        let public = PublicKey::from_pem(key.public_key_pem()).unwrap();
        let signature = again.sign(b"/\nbody").unwrap();
        assert_eq!(signature.len(), 88, "64 bytes in base64, like OSS's own");
        assert!(public.verify(&signature, b"/\nbody"));
        assert!(!public.verify(&signature, b"/\nBody"));
        assert!(
            !format!("{key:?}").contains(fs::read_to_string(dir.path().join(FILE)).unwrap().lines().nth(1).unwrap())
        );

        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [FILE]);
        #[cfg(unix)]
        {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&fs::metadata(dir.path().join(FILE)).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_is_no_key_is_kept_and_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "mine").unwrap();
        let error = CallbackKey::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains(FILE) && error.contains("Move the file away"), "{error}");
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), "mine");
        assert!(CallbackKey::open(&dir.path().join("absent")).is_err());
    }
}
