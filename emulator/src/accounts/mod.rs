//! The RAM side of the world: one account with a user, a role, their keys and policies. Nobody stands above the evaluator.

use serde_json::json;
use shared::ram::{PolicyDocument, PolicyError, PolicyKind};
use shared::secret::Secret;

/// A RAM user with one long-term key.
#[derive(Debug)]
pub struct User {
    /// `acs:ram::<account>:user/<name>`.
    pub arn: String,
    /// The user's number.
    pub id: String,
    /// The id of its key.
    pub access_key_id: String,
    /// The secret of its key.
    pub access_key_secret: Secret,
    /// Its identity policies.
    pub policies: Vec<PolicyDocument>,
}

/// A RAM role.
#[derive(Debug)]
pub struct Role {
    /// `acs:ram::<account>:role/<name>`.
    pub arn: String,
    /// The role's number.
    pub id: String,
    /// The longest life of its tokens, in seconds.
    pub max_session_duration: u32,
    /// Who may assume it.
    pub trust: PolicyDocument,
    /// What it may do.
    pub policies: Vec<PolicyDocument>,
}

/// One Alibaba Cloud account.
#[derive(Debug)]
pub struct Accounts {
    /// The account's number, which owns all buckets.
    pub account_id: String,
    users: Vec<User>,
    roles: Vec<Role>,
}

/// Why an account cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The role's ARN is of another form.
    #[error("role ARN {0:?}: expected acs:ram::<account number>:role/<name>")]
    RoleArn(String),
    /// A policy of ours does not parse.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// `acs:ram::<account>:role/<name>`, split; `None` when it is of another form.
pub fn split_role_arn(arn: &str) -> Option<(&str, &str)> {
    let (account, name) = arn.strip_prefix("acs:ram::")?.split_once(":role/")?;
    let digits = !account.is_empty() && account.bytes().all(|b| b.is_ascii_digit());
    let clean = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (digits && !name.is_empty() && name.len() <= 64 && name.bytes().all(clean)).then_some((account, name))
}

impl Accounts {
    /// An account with one RAM user, who has full rights to OSS and may assume one role, which has them too: what a
    /// token can do is then decided by its session policy.
    ///
    /// # Errors
    /// [`AccountError::RoleArn`] when `role_arn` is no role's ARN.
    pub fn new(role_arn: &str, access_key_id: String, access_key_secret: Secret) -> Result<Self, AccountError> {
        let (account, _) = split_role_arn(role_arn).ok_or_else(|| AccountError::RoleArn(role_arn.to_owned()))?;
        let identity = |action: &str, resource: &str| {
            let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
            PolicyDocument::from_value(&json!({ "Version": "1", "Statement": [statement] }), PolicyKind::Identity)
        };
        let trust = json!({ "Version": "1", "Statement": [{
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": { "RAM": [format!("acs:ram::{account}:root")] },
        }]});
        let user = User {
            arn: format!("acs:ram::{account}:user/app-server"),
            id: "200000000000000001".to_owned(),
            access_key_id,
            access_key_secret,
            policies: vec![identity("oss:*", "*")?, identity("sts:AssumeRole", role_arn)?],
        };
        let role = Role {
            arn: role_arn.to_owned(),
            id: "300000000000000001".to_owned(),
            max_session_duration: 3600,
            trust: PolicyDocument::from_value(&trust, PolicyKind::Trust)?,
            policies: vec![identity("oss:*", "*")?],
        };
        Ok(Self { account_id: account.to_owned(), users: vec![user], roles: vec![role] })
    }

    /// The user whose key has this id.
    pub fn user_of_key(&self, access_key_id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.access_key_id == access_key_id)
    }

    /// The role with this ARN.
    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn == arn)
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
