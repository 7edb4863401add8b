//! The accounts in force: a request works on one snapshot, a change replaces them whole.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::Accounts;
use super::origin::KEPT;
use crate::private_files::{FileError, PrivateFiles};

/// Hands out snapshots of the accounts, and takes others in their place.
#[derive(Debug)]
pub struct AccountsCell {
    current: RwLock<Arc<Accounts>>,
    /// Held while a change is kept and made, so that what is kept last is what is in force.
    change: Mutex<()>,
    files: Option<PrivateFiles>,
}

impl AccountsCell {
    /// With `accounts` in force; changes are kept in `files`, if there are any.
    pub fn new(accounts: Accounts, files: Option<PrivateFiles>) -> Self {
        Self { current: RwLock::new(Arc::new(accounts)), change: Mutex::new(()), files }
    }

    /// The accounts as they are now; a later change does not touch what was handed out.
    pub fn snapshot(&self) -> Arc<Accounts> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps `accounts`, then puts them in force. Blocks while the file is synced.
    ///
    /// # Errors
    /// [`FileError`] when they cannot be kept; then nothing has changed.
    pub fn replace(&self, accounts: Accounts) -> Result<Arc<Accounts>, FileError> {
        let _one_at_a_time = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = &self.files {
            files.write(KEPT, &accounts.in_full())?;
        }
        let accounts = Arc::new(accounts);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&accounts);
        Ok(accounts)
    }
}
