//! The RAM side of the world: one account with its root keys, users and roles, their keys and policies.

mod cell;
mod document;
mod origin;

use serde_json::json;
use shared::ram::PolicyDocument;
use shared::secret::Secret;

pub use cell::AccountsCell;
pub use document::{DocumentError, MAX_DOCUMENT};
pub use origin::{Origin, OriginError};

/// A long-term key.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// Its id, as requests name it.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// Whether its `Status` is `Active`; an inactive key opens nothing.
    pub active: bool,
}

/// A RAM user.
#[derive(Debug, Clone)]
pub struct User {
    /// The `UserName`.
    pub name: String,
    /// `acs:ram::<account>:user/<name>`.
    pub arn: String,
    /// The user's number.
    pub id: String,
    /// Its long-term keys.
    pub access_keys: Vec<AccessKey>,
    /// Its identity policies.
    pub policies: Vec<PolicyDocument>,
}

/// A RAM role.
#[derive(Debug, Clone)]
pub struct Role {
    /// The `RoleName`.
    pub name: String,
    /// `acs:ram::<account>:role/<name>`.
    pub arn: String,
    /// The role's number.
    pub id: String,
    /// The longest life of its tokens, in seconds; 3600 to 43200.
    pub max_session_duration: u32,
    /// Who may assume it.
    pub trust: PolicyDocument,
    /// What it may do.
    pub policies: Vec<PolicyDocument>,
}

/// One Alibaba Cloud account. Names, ids and key ids are each given once.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// The account's number, which owns all buckets.
    pub account_id: String,
    /// Those of its resource directory; none where the account is in none.
    pub control_policies: Vec<PolicyDocument>,
    root_access_keys: Vec<AccessKey>,
    users: Vec<User>,
    roles: Vec<Role>,
}

/// `acs:ram::<account>:role/<name>`, split; `None` when it is of another form.
pub fn split_role_arn(arn: &str) -> Option<(&str, &str)> {
    let (account, name) = arn.strip_prefix("acs:ram::")?.split_once(":role/")?;
    (is_number(account) && is_name(name)).then_some((account, name))
}

/// Whether `text` may be the number of an account, a user or a role.
fn is_number(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')
}

/// Whether `text` may be a UserName or a RoleName.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(is_name_byte)
}

/// Whether `text` may be the id of a long-term key: it must fit in an Authorization header, and be told from a temporary key's.
fn is_access_key_id(text: &str) -> bool {
    (3..=128).contains(&text.len()) && text.bytes().all(is_name_byte) && !text.starts_with("STS.")
}

impl Accounts {
    /// An account with one RAM user, who has full rights to OSS and may assume one role, which has them too: what a
    /// token can do is then decided by its session policy.
    ///
    /// # Errors
    /// [`DocumentError`] when a name, the key's id or its secret is of another form.
    fn of_one_user(
        account_id: &str,
        role_name: &str,
        access_key_id: &str,
        secret: &Secret,
    ) -> Result<Self, DocumentError> {
        let allow = |action: &str, resource: &str| {
            let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
            json!({ "Version": "1", "Statement": [statement] })
        };
        let trust = json!({
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": { "RAM": [format!("acs:ram::{account_id}:root")] },
        });
        Self::from_value(&json!({
            "AccountId": account_id,
            "Users": [{
                "UserName": "app-server",
                "UserId": "200000000000000001",
                "AccessKeys": [{ "AccessKeyId": access_key_id, "AccessKeySecret": secret.expose() }],
                "Policies": [
                    allow("oss:*", "*"),
                    allow("sts:AssumeRole", &format!("acs:ram::{account_id}:role/{role_name}")),
                ],
            }],
            "Roles": [{
                "RoleName": role_name,
                "RoleId": "300000000000000001",
                "AssumeRolePolicyDocument": { "Version": "1", "Statement": [trust] },
                "Policies": [allow("oss:*", "*")],
            }],
        }))
    }

    /// The ARN of the account itself, by which a trust policy names all its users and roles.
    pub fn root_arn(&self) -> String {
        format!("acs:ram::{}:root", self.account_id)
    }

    /// The long-term key with this id, active or not, and whose it is; of the account itself where there is no user.
    pub fn key(&self, access_key_id: &str) -> Option<(Option<&User>, &AccessKey)> {
        self.keys().find(|(_, key)| key.id == access_key_id)
    }

    /// All keys, those of users first.
    fn keys(&self) -> impl Iterator<Item = (Option<&User>, &AccessKey)> {
        let of_users = self.users.iter().flat_map(|user| user.access_keys.iter().map(move |key| (Some(user), key)));
        of_users.chain(self.root_access_keys.iter().map(|key| (None, key)))
    }

    /// The first active key: a user's, or else the account's own.
    pub fn first_key(&self) -> Option<&AccessKey> {
        self.keys().map(|(_, key)| key).find(|key| key.active)
    }

    /// Gives the key with this id another secret.
    fn set_secret(&mut self, access_key_id: &str, secret: &Secret) {
        let of_users = self.users.iter_mut().flat_map(|user| user.access_keys.iter_mut());
        for key in of_users.chain(&mut self.root_access_keys).filter(|key| key.id == access_key_id) {
            key.secret = secret.clone();
        }
    }

    /// The role with this ARN.
    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn == arn)
    }

    /// The first role.
    pub fn first_role(&self) -> Option<&Role> {
        self.roles.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_arns_are_read_strictly() {
        assert_eq!(split_role_arn("acs:ram::123:role/app"), Some(("123", "app")));
        for bad in ["", "acs:ram::123:user/app", "acs:ram::x:role/app", "acs:ram::123:role/", "acs:ram::1:role/a b"] {
            assert_eq!(split_role_arn(bad), None, "{bad}");
        }
    }
}
