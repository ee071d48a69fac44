//! Invitations: requests and responses.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    auth::{Role, TokenDelivery},
    id::InviteId,
};

/// An open invitation, as the account's owners see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct InviteSummary {
    /// The invitation's id.
    pub id: InviteId,
    /// Whom it was sent to.
    pub email: String,
    /// What the person will be.
    pub role: Role,
    /// Who invited; none once that person was removed.
    pub invited_by: Option<String>,
    /// When it was first sent.
    pub created_at: DateTime<Utc>,
    /// When it was last sent.
    pub sent_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// A page of the account's open invitations, newest first. Those past their time stay until they are
/// sent again or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct InvitePage {
    /// The invitations.
    pub invites: Vec<InviteSummary>,
    /// Send it as `cursor` for the next page; none on the last.
    pub next_cursor: Option<InviteId>,
}

/// Which page, as the query of `GET /accounts/me/invites`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct InviteQuery {
    /// How many at most; 50 unless told, 100 at the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(value_type = Option<uuid::Uuid>))]
    pub cursor: Option<InviteId>,
}

/// An invitation to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct CreateInviteRequest {
    /// Whom to send it to.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::EmailAddress))]
    pub email: String,
    /// What the person will be.
    pub role: Role,
}

/// An invitation, as the invited person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct InvitationResponse {
    /// The account's name.
    pub account_name: String,
    /// Who invited; none once that person was removed.
    pub invited_by: Option<String>,
    /// Whom it was sent to.
    pub email: String,
    /// What the person will be.
    pub role: Role,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// Joining with a password. Answers tokens.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitationRequest {
    /// The person's name.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub name: String,
    /// The password to be.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::NewPassword))]
    pub password: String,
    /// Where the refresh token shall travel.
    #[serde(default)]
    pub token_delivery: TokenDelivery,
}

impl fmt::Debug for AcceptInvitationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptInvitationRequest").field("name", &self.name).finish_non_exhaustive()
    }
}
