//! Which accounts a start begins with: those of a file, those that were kept, or one user and one role.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use shared::secret::Secret;

use super::{Accounts, DocumentError, MAX_DOCUMENT, is_access_key_id, split_role_arn};
use crate::options::Options;
use crate::private_files::{FileError, PrivateFiles};

/// The role of the one user's world, unless another is named.
const DEFAULT_ROLE_ARN: &str = "acs:ram::1000000000000001:role/direct-transfer";
/// The name in the data folder under which accounts are kept.
pub(super) const KEPT: &str = "accounts.json";

/// Why there are no accounts to begin with.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// The file cannot be read.
    #[error("--accounts {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file's document is wrong.
    #[error("--accounts {}: {source}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: DocumentError,
    },
    /// A file names all keys and roles, and so does another option.
    #[error("--accounts and {0} both say who there is; leave one of them out")]
    Both(&'static str),
    /// The role's ARN is of another form.
    #[error("--role-arn {0:?}: expected acs:ram::<account number>:role/<name>")]
    RoleArn(String),
    /// A key's id cannot stand in an Authorization header.
    #[error("--access-key-id {0:?}: expected 3 to 128 letters, digits, '.', '-' or '_', not beginning with STS.")]
    AccessKeyId(String),
    /// A key's secret is empty.
    #[error("--access-key-secret: it is empty")]
    EmptySecret,
    /// The accounts of the data folder cannot be read or written.
    #[error("--data: {0}")]
    Kept(#[from] FileError),
    /// The accounts of the data folder are not what was written there.
    #[error("--data: {}: {source}. Mend the file, or remove it to begin with a new key.", path.display())]
    KeptDocument {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: DocumentError,
    },
    /// The one user's world could not be made.
    #[error(transparent)]
    OneUser(#[from] DocumentError),
    /// The system gave no randomness.
    #[error("the system has no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// What the options say about accounts, checked.
#[derive(Debug)]
pub enum Origin {
    /// A file says it all.
    File(Accounts),
    /// Some of it is named; the rest is kept, or drawn.
    Named(Named),
}

/// What is named of a user's key and a role.
#[derive(Debug)]
pub struct Named {
    access_key_id: Option<String>,
    secret: Option<Secret>,
    role_arn: Option<String>,
}

impl Origin {
    /// Checks the options, and reads the file that they may name.
    ///
    /// # Errors
    /// [`OriginError`], which names the option that is to be changed.
    pub fn of(options: &Options) -> Result<Self, OriginError> {
        if let Some(path) = &options.accounts {
            for (name, given) in [
                ("--access-key-id", options.access_key_id.is_some()),
                ("--access-key-secret", options.access_key_secret.is_some()),
                ("--role-arn", options.role_arn.is_some()),
            ] {
                if given {
                    return Err(OriginError::Both(name));
                }
            }
            let bytes = read(path).map_err(|source| OriginError::File { path: path.clone(), source })?;
            let accounts = Accounts::parse(&bytes);
            return accounts.map(Self::File).map_err(|source| OriginError::Document { path: path.clone(), source });
        }
        if let Some(id) = options.access_key_id.as_ref().filter(|id| !is_access_key_id(id)) {
            return Err(OriginError::AccessKeyId(id.clone()));
        }
        if options.access_key_secret.as_ref().is_some_and(|secret| secret.expose().is_empty()) {
            return Err(OriginError::EmptySecret);
        }
        if let Some(arn) = options.role_arn.as_ref().filter(|arn| split_role_arn(arn).is_none()) {
            return Err(OriginError::RoleArn(arn.clone()));
        }
        Ok(Self::Named(Named {
            access_key_id: options.access_key_id.clone(),
            secret: options.access_key_secret.clone(),
            role_arn: options.role_arn.clone(),
        }))
    }

    /// The accounts to begin with. What is drawn here is kept in `files`, unless accounts are kept there already. Blocks.
    ///
    /// # Errors
    /// [`OriginError`] when what was kept cannot be read, or what was drawn cannot be kept.
    pub fn accounts(self, files: Option<&PrivateFiles>) -> Result<Accounts, OriginError> {
        let named = match self {
            Self::File(accounts) => return Ok(accounts),
            Self::Named(named) => named,
        };
        let Some(files) = files else {
            return named.one_user();
        };
        let Some(kept) = kept_in(files)? else {
            let accounts = named.one_user()?;
            // A key that the caller knows is the caller's to keep.
            if named.access_key_id.is_none() || named.secret.is_none() {
                files.write(KEPT, &accounts.in_full())?;
            }
            return Ok(accounts);
        };
        if let Some(accounts) = named.found_in(kept) {
            return Ok(accounts);
        }
        tracing::warn!(
            "{} is left aside: it lacks the key or the role that the command line or the environment names",
            files.path(KEPT).display()
        );
        named.one_user()
    }
}

impl Named {
    /// The kept accounts, if they have what is named, with the secret that is named.
    fn found_in(&self, mut kept: Accounts) -> Option<Accounts> {
        if self.role_arn.as_ref().is_some_and(|arn| kept.role(arn).is_none()) {
            return None;
        }
        let key = match &self.access_key_id {
            Some(id) => kept.key(id).map(|(_, key)| key),
            None => kept.first_key(),
        };
        match (key.map(|key| key.id.clone()), &self.secret) {
            (Some(id), Some(secret)) => kept.set_secret(&id, secret),
            (None, Some(_)) => return None,
            (None, None) if self.access_key_id.is_some() => return None,
            _ => {}
        }
        Some(kept)
    }

    /// One user and one role, drawing what is not named.
    fn one_user(&self) -> Result<Accounts, OriginError> {
        let access_key_id = match &self.access_key_id {
            Some(id) => id.clone(),
            None => format!("DEMO{}", random_text(8)?),
        };
        let secret = match &self.secret {
            Some(secret) => secret.clone(),
            None => Secret::new(random_text(15)?),
        };
        let role_arn = self.role_arn.as_deref().unwrap_or(DEFAULT_ROLE_ARN);
        let (account, role) = split_role_arn(role_arn).ok_or_else(|| OriginError::RoleArn(role_arn.to_owned()))?;
        Ok(Accounts::of_one_user(account, role, &access_key_id, &secret)?)
    }
}

/// The bytes of a file, up to one byte more than a document may have.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_DOCUMENT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn kept_in(files: &PrivateFiles) -> Result<Option<Accounts>, OriginError> {
    let Some(text) = files.read(KEPT)? else {
        return Ok(None);
    };
    let fail = |source| OriginError::KeptDocument { path: files.path(KEPT), source };
    Accounts::parse(text.as_bytes()).map(Some).map_err(fail)
}

/// Hex of so many random bytes.
fn random_text(bytes: usize) -> Result<String, getrandom::Error> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer)?;
    Ok(hex::encode(buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: Option<&str>, secret: Option<&str>, role: Option<&str>) -> Options {
        Options {
            access_key_id: id.map(str::to_owned),
            access_key_secret: secret.map(Secret::new),
            role_arn: role.map(str::to_owned),
            ..Options::default()
        }
    }

    /// The key that a start with these options begins with, and the role.
    fn begin(options: &Options, files: Option<&PrivateFiles>) -> (String, String, String) {
        let accounts = Origin::of(options).unwrap().accounts(files).unwrap();
        let key = options.access_key_id.as_ref().and_then(|id| accounts.key(id)).map(|(_, key)| key);
        let key = key.or_else(|| accounts.first_key()).unwrap();
        (key.id.clone(), key.secret.expose().to_owned(), accounts.first_role().unwrap().arn.clone())
    }

    #[test]
    fn what_was_drawn_comes_back_and_what_is_named_wins() {
        let dir = tempfile::tempdir().unwrap();
        let files = PrivateFiles::new(dir.path().to_owned());
        let first = begin(&Options::default(), Some(&files));
        assert!(first.0.starts_with("DEMO") && first.2 == DEFAULT_ROLE_ARN, "{first:?}");
        let kept = files.read(KEPT).unwrap().unwrap();
        let (id, secret) = (Some(first.0.as_str()), first.1.as_str());
        let other = "acs:ram::7:role/other";
        for (options, wanted) in [
            (named(None, None, None), [id, Some(secret), None]),
            (named(id, None, Some(DEFAULT_ROLE_ARN)), [id, Some(secret), None]),
            (named(None, Some("new"), None), [id, Some("new"), None]),
            (named(id, Some("new"), None), [id, Some("new"), None]),
            (named(Some("LTAIother"), Some("new"), None), [Some("LTAIother"), Some("new"), None]),
            (named(Some("LTAIother"), Some("new"), Some(other)), [Some("LTAIother"), Some("new"), Some(other)]),
        ] {
            let (id, secret, role) = begin(&options, Some(&files));
            assert_eq!([Some(id.as_str()), Some(secret.as_str())], wanted[..2], "{options:?}");
            assert_eq!(role, wanted[2].unwrap_or(DEFAULT_ROLE_ARN));
            assert_eq!(files.read(KEPT).unwrap().as_ref(), Some(&kept), "{options:?}: what was kept is left alone");
        }
        // Another role with no key named: the key that was kept belongs to a user of the kept world.
        assert_ne!(begin(&named(None, None, Some(other)), Some(&files)).0, first.0);
        assert_ne!(begin(&Options::default(), None).0, first.0);
    }

    #[test]
    fn a_key_that_the_caller_knows_is_not_written_down() {
        let dir = tempfile::tempdir().unwrap();
        let files = PrivateFiles::new(dir.path().to_owned());
        begin(&named(Some("LTAImine"), Some("mine"), None), Some(&files));
        assert_eq!(files.read(KEPT).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("team.json");
        std::fs::write(&path, r#"{"AccountId":"1","Users":[{"Name":"alice"}]}"#).unwrap();
        let of_file = |path: &Path| Options { accounts: Some(path.to_owned()), ..Options::default() };
        let both = Options { accounts: Some(path.clone()), ..named(Some("LTAIx"), None, None) };
        for (options, wanted) in [
            (of_file(&path), "team.json: Users[0].Name: found a field that is not known here"),
            (of_file(&dir.path().join("none.json")), "--accounts "),
            (both, "--accounts and --access-key-id both"),
            (named(Some("STS.x"), None, None), "--access-key-id \"STS.x\": expected"),
            (named(None, Some(""), None), "--access-key-secret: it is empty"),
            (named(None, None, Some("x")), "--role-arn \"x\": expected acs:ram::"),
        ] {
            let error = Origin::of(&options).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        let files = PrivateFiles::new(dir.path().to_owned());
        files.write(KEPT, "{").unwrap();
        let error = Origin::of(&Options::default()).unwrap().accounts(Some(&files)).unwrap_err().to_string();
        assert!(error.contains("accounts.json: the document: found text that is not JSON"), "{error}");
    }
}
