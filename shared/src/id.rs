//! Identifiers, one type each, so that no function can be handed the wrong kind.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = Uuid))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// An account: one customer organisation.
    AccountId
);
id!(
    /// A user: one person, member of one account.
    UserId
);
id!(
    /// A session: one sign-in on one device.
    SessionId
);
id!(
    /// An entry of an account's audit trail.
    AuditEventId
);
id!(
    /// An invitation into an account.
    InviteId
);
id!(
    /// A user's identity at an `OpenID` provider.
    IdentityId
);
