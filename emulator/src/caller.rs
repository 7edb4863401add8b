//! Who asks, once it is proven, and what goes with it: names, key, policies.

use shared::decision::Principal;
use shared::ram::PolicyDocument;
use shared::secret::{Secret, mask};

use crate::accounts::{AccessKey, Accounts, User};
use crate::session::Session;

/// Who asks, once it is proven.
#[derive(Debug)]
pub enum Caller<'a> {
    /// Nobody signed.
    Anonymous,
    /// The account itself: it owns the buckets, and no RAM policy speaks about it.
    Root(&'a AccessKey),
    /// A RAM user, with the long-term key that was used.
    User(&'a User, &'a AccessKey),
    /// Someone who assumed a role.
    Session(Box<Session>),
}

impl<'a> Caller<'a> {
    /// The holder of a long-term key.
    pub fn of_key((user, key): (Option<&'a User>, &'a AccessKey)) -> Self {
        user.map_or(Self::Root(key), |user| Self::User(user, key))
    }

    /// The id of the key that signed; nothing where nobody signed.
    pub fn access_key_id(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Root(key) | Self::User(_, key) => Some(&key.id),
            Self::Session(session) => Some(&session.access_key_id),
        }
    }

    /// The secret that must have signed; nothing where nobody signed.
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Anonymous => None,
            Self::Root(key) | Self::User(_, key) => Some(&key.secret),
            Self::Session(session) => Some(&session.access_key_secret),
        }
    }

    /// The caller's ARN; empty where nobody signed.
    pub fn arn(&self, accounts: &Accounts) -> String {
        match self {
            Self::Anonymous => String::new(),
            Self::Root(_) => accounts.root_arn(),
            Self::User(user, _) => user.arn.clone(),
            Self::Session(session) => format!("{}/{}", session.role_arn, session.session_name),
        }
    }

    /// The caller as a decision records it, its key masked.
    pub fn principal(&self, accounts: &Accounts) -> Principal {
        let kind = match self {
            Self::Anonymous => "anonymous",
            Self::Root(_) => "root",
            Self::User(..) => "user",
            Self::Session(_) => "role",
        };
        Principal {
            kind: kind.to_owned(),
            arn: self.arn(accounts),
            access_key_id: self.access_key_id().map(mask).unwrap_or_default(),
        }
    }

    /// The policies of the user or of the role; none for the account itself, which RAM neither allows nor denies.
    pub fn identity_policies<'b>(&'b self, accounts: &'b Accounts) -> Vec<&'b PolicyDocument> {
        match self {
            Self::Anonymous | Self::Root(_) => Vec::new(),
            Self::User(user, _) => user.policies.iter().collect(),
            Self::Session(session) => {
                accounts.role(&session.role_arn).map(|role| role.policies.iter().collect()).unwrap_or_default()
            }
        }
    }

    /// What the account's resource directory lets its users and roles do; the account itself is not bound by it.
    pub fn control_policies<'b>(&self, accounts: &'b Accounts) -> Vec<&'b PolicyDocument> {
        match self {
            Self::Anonymous | Self::Root(_) => Vec::new(),
            Self::User(..) | Self::Session(_) => accounts.control_policies.iter().collect(),
        }
    }

    /// The policy that narrows a token, if it has one.
    pub fn session_policy(&self) -> Option<&PolicyDocument> {
        match self {
            Self::Session(session) => session.policy.as_ref(),
            _ => None,
        }
    }
}
