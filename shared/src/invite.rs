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
    /// The state of the last message.
    pub delivery: InviteDelivery,
    /// Why the last message is `delayed` or `failed`; none otherwise.
    pub delivery_problem: Option<DeliveryProblem>,
}

/// The state of an invitation's last message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InviteDelivery {
    /// It waits for its first attempt.
    Queued,
    /// An attempt failed, and another follows.
    Delayed,
    /// The mail server accepted it. A mail server that rejects it later is not noticed.
    Sent,
    /// The last attempt failed.
    Failed,
}

/// Why a message was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryProblem {
    /// The mail server refused the address or the message.
    Refused,
    /// The mail server could not be reached, or does not accept messages at the moment.
    Unavailable,
}

impl DeliveryProblem {
    /// Every problem there is.
    pub const ALL: [Self; 2] = [Self::Refused, Self::Unavailable];

    /// The word, as in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
        }
    }
}

/// The link of an open invitation, for an owner to pass on. Joining with it does not prove the address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct InviteLinkResponse {
    /// The address to open in a browser.
    pub url: String,
}

impl fmt::Debug for InviteLinkResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InviteLinkResponse").finish_non_exhaustive()
    }
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
