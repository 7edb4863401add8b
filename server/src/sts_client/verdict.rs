//! What GetCallerIdentity means for the tokens of this server, in plain words, at the start.

use shared::sts::CallerIdentity;

use crate::error::StsFailure;

/// One sentence or two for the person who started the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands against it.
    Good(String),
    /// Tokens will be refused until somebody does something.
    Bad(String),
}

impl Verdict {
    /// Judges what STS said of the key `key` (masked), which came from `source`, about tokens of `role_arn`. `skew` is by how
    /// many seconds STS's clock is ahead.
    pub fn new(
        outcome: &Result<CallerIdentity, StsFailure>,
        key: &str,
        source: &str,
        role_arn: &str,
        skew: i64,
    ) -> Self {
        match outcome {
            Ok(identity) => of_identity(identity, key, role_arn, skew),
            Err(failure) => Self::Bad(of_failure(failure, key, source)),
        }
    }

    /// The words.
    pub fn text(&self) -> &str {
        match self {
            Self::Good(text) | Self::Bad(text) => text,
        }
    }
}

fn of_identity(identity: &CallerIdentity, key: &str, role_arn: &str, skew: i64) -> Verdict {
    let arn = &identity.arn;
    if identity.identity_type == "Account" {
        return Verdict::Bad(format!(
            "the key {key} is the account's own, and STS lets no account assume a role: make a RAM user with \
             AliyunSTSAssumeRoleAccess, and use its key"
        ));
    }
    let mut text = format!("STS knows the key {key}: it belongs to {arn}");
    if !role_arn.starts_with(&format!("acs:ram::{}:", identity.account_id)) {
        text.push_str(&format!(
            ". The role {role_arn} is another account's: its trust policy must name {}",
            identity.account_id
        ));
    }
    if skew != 0 {
        text.push_str(&format!(
            ". This machine's clock is {} s {} STS's: set it",
            skew.abs(),
            if skew > 0 { "behind" } else { "ahead of" }
        ));
    }
    Verdict::Good(text)
}

fn of_failure(failure: &StsFailure, key: &str, source: &str) -> String {
    let StsFailure::Refused(error) = failure else {
        return match failure {
            StsFailure::NoBaseCredentials(why) => format!("{why}. No token can be had until there is one"),
            other => format!("{other}. Tokens can be had as soon as STS answers"),
        };
    };
    match error.code.as_str() {
        "InvalidAccessKeyId.NotFound" => {
            format!(
                "STS does not know the key {key} from {source}: it was mistyped or deleted. Take another from the RAM console"
            )
        }
        "InvalidAccessKeyId.Inactive" => {
            format!("the key {key} from {source} is disabled: enable it in the RAM console, or use another")
        }
        "SignatureDoesNotMatch" => {
            format!("the secret from {source} does not belong to the key {key}: copy both anew, without blanks")
        }
        code if code.starts_with("InvalidTimeStamp") => {
            "this machine's clock is more than 15 minutes off, and STS did not say what time it is: set the clock"
                .to_owned()
        }
        code if code.starts_with("InvalidSecurityToken") || code == "MissingSecurityToken" => {
            format!("the temporary key {key} from {source} has ended, or its token is not its own")
        }
        code => format!("STS refuses the key {key} from {source} with {code}: {}", error.message),
    }
}

#[cfg(test)]
mod tests {
    use shared::sts::StsError;

    use super::*;

    #[test]
    fn each_outcome_says_what_to_do() {
        let identity = |kind: &str, account: &str| {
            let (identity_type, account_id) = (kind.to_owned(), account.to_owned());
            Ok(CallerIdentity { identity_type, account_id, arn: format!("acs:ram::{account}:user/app") })
        };
        let refused = |code: &str| Err(StsFailure::Refused(StsError::new(400, code, "as STS puts it")));
        let away = StsFailure::Timeout { endpoint: "https://sts.aliyuncs.com".to_owned(), seconds: 10 };
        for (outcome, skew, good, part) in [
            (identity("RAMUser", "1"), 0, true, "it belongs to acs:ram::1:user/app"),
            (identity("RAMUser", "2"), 0, true, "its trust policy must name 2"),
            (identity("AssumedRoleUser", "1"), 1200, true, "clock is 1200 s behind STS's"),
            (identity("Account", "1"), 0, false, "make a RAM user"),
            (refused("InvalidAccessKeyId.NotFound"), 0, false, "mistyped or deleted"),
            (refused("InvalidAccessKeyId.Inactive"), 0, false, "disabled"),
            (refused("SignatureDoesNotMatch"), 0, false, "does not belong to the key LTAI5t…d00"),
            (refused("InvalidTimeStamp.Expired"), 0, false, "set the clock"),
            (refused("InvalidSecurityToken.Expired"), 0, false, "has ended"),
            (refused("Odd"), 0, false, "as STS puts it"),
            (Err(away), 0, false, "as soon as STS answers"),
        ] {
            let verdict = Verdict::new(&outcome, "LTAI5t…d00", "the configuration", "acs:ram::1:role/r", skew);
            assert_eq!(matches!(verdict, Verdict::Good(_)), good, "{verdict:?}");
            assert!(verdict.text().contains(part), "{verdict:?} lacks {part}");
        }
    }
}
