//! The account itself: requests and responses.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::AccountId;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct AccountResponse {
    /// The account's id.
    pub id: AccountId,
    /// The name.
    pub name: String,
    /// Since when it exists.
    pub created_at: DateTime<Utc>,
    /// How many people belong to it, deactivated ones included.
    pub member_count: u64,
}

/// A change of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct UpdateAccountRequest {
    /// The new name.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub name: String,
}

/// Closing the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct CloseAccountRequest {
    /// The account's name, to confirm that it is this one.
    #[cfg_attr(feature = "openapi", schema(max_length = 120))]
    pub name: String,
}
