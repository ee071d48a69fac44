//! The account's people, as its owners see them: requests and responses.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{auth::Role, id::UserId};

/// A person of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberSummary {
    /// The user's id.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the person may sign in.
    pub is_active: bool,
    /// When the person last signed in, if ever.
    pub last_login_at: Option<DateTime<Utc>>,
    /// How many live sessions there are.
    pub session_count: u64,
    /// Whether it is the one who asks.
    pub is_caller: bool,
}

/// A page of the account's people, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct MemberPage {
    /// The people.
    pub members: Vec<MemberSummary>,
    /// How many there are in all.
    pub member_count: u64,
    /// Send it as `cursor` for the next page; none on the last.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub next_cursor: Option<MemberCursor>,
}

/// Where a page of people ended, in a form that is the server's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberCursor(pub String);

/// Which people, as the query of `GET /accounts/me/members`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct MemberQuery {
    /// How many at most; 50 unless told, 100 at the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(value_type = Option<String>, pattern = r"^[A-Za-z0-9_-]{50,}$"))]
    pub cursor: Option<MemberCursor>,
}

/// A change of a person's part in the account. What is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields, default)]
pub struct UpdateMemberRequest {
    /// The new role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether the person may sign in. False ends all their sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}
