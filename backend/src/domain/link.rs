//! Links in messages: what their tokens say, and what makes them useless.
//!
//! A token is good once because it names the state that following it changes: the fingerprint of
//! the credentials, the number of an invitation's message, the version of the password.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `typ` of a link token's header.
pub const LINK_TYP: &str = "link+jwt";

/// How far back a takeover is undone: a link to disown a sign-in works for seven days, and its message may wait
/// for two before it is sent.
pub const DISOWN_REACH: TimeDelta = TimeDelta::days(9);

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// To prove the address of a registration; `sub` is the registration.
    VerifyRegistration,
    /// To prove a user's new address; `sub` is the user.
    VerifyEmail,
    /// To set a new password; `sub` is the user.
    ResetPassword,
    /// To say that a sign-in was somebody else's; `sub` is the user.
    Disown,
    /// To join an account; `sub` is the invitation.
    Invite,
    /// The same by a link that an owner copied, which proves no address.
    CopiedInvite,
}

impl LinkPurpose {
    /// How long a link is good.
    #[must_use]
    pub const fn lifetime(self) -> TimeDelta {
        match self {
            Self::ResetPassword => TimeDelta::hours(1),
            Self::VerifyRegistration | Self::VerifyEmail => TimeDelta::hours(24),
            Self::Disown | Self::Invite | Self::CopiedInvite => TimeDelta::days(7),
        }
    }
}

/// Claims of a link's token. Times are seconds since the epoch.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkClaims {
    /// Who made it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// What it is about; see the purpose.
    pub sub: Uuid,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Until when it is good.
    pub exp: i64,
    /// The credentials that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The address to be; of a disowned sign-in, the one that the message went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Which message of an invitation it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sends: Option<i32>,
    /// The version of the user's credentials that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

impl std::fmt::Debug for LinkClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkClaims").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl LinkClaims {
    /// A link for `purpose` about `sub`; the rest is up to the purpose, and to who signs it.
    #[must_use]
    pub const fn new(purpose: LinkPurpose, sub: Uuid) -> Self {
        Self {
            iss: String::new(),
            aud: String::new(),
            sub,
            purpose,
            exp: 0,
            fingerprint: None,
            email: None,
            sends: None,
            version: None,
        }
    }
}

/// A fingerprint of what a person signs in with: it changes with the password and with the address, and
/// when the person says that a sign-in was somebody else's.
#[must_use]
pub fn fingerprint(email: &str, password_hash: Option<&str>, disowned_at: Option<DateTime<Utc>>) -> String {
    let disowned_at = disowned_at.map(|at| at.timestamp_micros()).unwrap_or_default();
    let text = format!("{email}\n{disowned_at}\n{}", password_hash.unwrap_or_default());
    URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_changes_with_the_address_the_password_and_a_disowned_sign_in() {
        let before = fingerprint("ada@example.com", Some("hash"), None);
        assert_eq!(before, fingerprint("ada@example.com", Some("hash"), None));
        for (email, hash, disowned_at) in [
            ("ada@example.com", Some("other"), None),
            ("eve@example.com", Some("hash"), None),
            ("ada@example.com", None, None),
            ("ada@example.com", Some("hash"), DateTime::from_timestamp(1, 0)),
        ] {
            assert_ne!(before, fingerprint(email, hash, disowned_at));
        }
    }
}
