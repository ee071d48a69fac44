//! Signing in with an `OpenID` provider: requests and responses.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    auth::{TokenDelivery, TokenResponse},
    id::IdentityId,
};

/// The ways to sign in besides a password, and whether new accounts are open to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct ProvidersResponse {
    /// The providers, in the order to show them in.
    pub providers: Vec<Provider>,
    /// Whether `POST /auth/register` is open.
    pub registration_open: bool,
}

/// A provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provider {
    /// Its name in addresses, such as `google`.
    pub name: String,
    /// Its name for people, such as `Google`.
    pub display_name: String,
    /// Its icon.
    pub icon: ProviderIcon,
}

/// The icon of a provider's button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProviderIcon {
    /// Google's mark.
    Google,
    /// Microsoft's mark.
    Microsoft,
    /// A key.
    Key,
}

/// What the person wants of the provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OauthPurpose {
    /// To sign in, or to join.
    #[default]
    SignIn,
    /// To add the identity to the caller, who sends a bearer token and signed in a short while ago.
    Link,
    /// To prove once more that it is the caller, who sends a bearer token.
    Reauthenticate,
}

/// Beginning to sign in with a provider.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields, default)]
pub struct OauthStartRequest {
    /// What for.
    pub purpose: OauthPurpose,
    /// The invitation to accept with it, as the token in its link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_token: Option<String>,
    /// Where the refresh token shall travel.
    pub token_delivery: TokenDelivery,
}

impl fmt::Debug for OauthStartRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthStartRequest").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// Where to send the browser. The answer also sets a cookie that the callback needs.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct OauthStartResponse {
    /// The provider's address.
    pub authorization_url: String,
}

impl fmt::Debug for OauthStartResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthStartResponse").finish_non_exhaustive()
    }
}

/// What the provider sent the browser back with.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields, default)]
pub struct OauthCallbackRequest {
    /// The state.
    pub state: String,
    /// The code, unless it is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The issuer, where the provider sends it (RFC 9207).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The provider's word for what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What it says about that. Of it no more is read than Microsoft's codes, for the operator's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}

impl fmt::Debug for OauthCallbackRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthCallbackRequest").finish_non_exhaustive()
    }
}

/// What signing in with a provider came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(examples(Self::example, Self::example_of_link))
)]
pub struct OauthTokenResponse {
    /// The tokens; none after linking, which leaves the session as it is.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::OptionalTokens))]
    pub tokens: Option<TokenResponse>,
    /// Whether the user was made by this sign-in. Who had to prove the address by a message was made when
    /// its link was followed, so it is false for them.
    pub is_new_user: bool,
    /// What it was for.
    pub purpose: OauthPurpose,
}

/// An identity of one's own at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Identity {
    /// The identity's id.
    pub id: IdentityId,
    /// The provider's name; one that is configured no longer is named by its issuer.
    pub provider: String,
    /// The address that the provider named, to tell identities apart by.
    pub email: Option<String>,
    /// Since when it is linked.
    pub linked_at: DateTime<Utc>,
    /// When it was last used to sign in.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// One's own identities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct IdentityList {
    /// The identities, oldest first.
    pub identities: Vec<Identity>,
    /// Whether there is a password to sign in with, too.
    pub has_password: bool,
}
