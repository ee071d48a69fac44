//! Registration, recovery, one's own name, address and password: requests.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::auth::TokenDelivery;

/// Asking for an account. The answer (202) is the same whether or not the address is known; a
/// message to it goes on from there.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// The account's name.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub account_name: String,
    /// The person's name.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub name: String,
    /// The e-mail address.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::EmailAddress))]
    pub email: String,
    /// The password to be.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::NewPassword))]
    pub password: String,
}

impl fmt::Debug for RegisterRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterRequest").finish_non_exhaustive()
    }
}

/// Asking for a message to an address. The answer (202) is the same whether or not it is known.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct EmailRequest {
    /// The e-mail address.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::EmailAddress))]
    pub email: String,
}

impl fmt::Debug for EmailRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailRequest").finish_non_exhaustive()
    }
}

/// The token of a link in a message.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// What stands behind `#` in the link.
    pub token: String,
}

impl fmt::Debug for LinkRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkRequest").finish_non_exhaustive()
    }
}

/// Following the link of a verification message.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct VerifyEmailRequest {
    /// What stands behind `#` in the link.
    pub token: String,
    /// The password to sign in with from now on, in the place of the one that was chosen at registration. Required
    /// for a registration anywhere but in the browser in which it was begun. Not used for a new address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::schema::NewPassword>))]
    pub password: Option<String>,
}

impl fmt::Debug for VerifyEmailRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyEmailRequest").finish_non_exhaustive()
    }
}

/// What following a verification link came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct VerifyEmailResponse {
    /// The address that is verified now; sign in with it.
    pub email: String,
}

/// What disowning a sign-in came to. A link to set a new password is on its way by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct DisownResponse {
    /// How many sessions ended.
    pub revoked_count: u64,
}

/// Setting a new password by a link. Ends every session of the user.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct ResetPasswordRequest {
    /// What stands behind `#` in the link.
    pub token: String,
    /// The password to be.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::NewPassword))]
    pub password: String,
}

impl fmt::Debug for ResetPasswordRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResetPasswordRequest").finish_non_exhaustive()
    }
}

/// Changing one's password. Ends one's other sessions.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The password so far. May be left out by who has none; then a fresh sign-in is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256, format = Password))]
    pub current_password: Option<String>,
    /// The password to be.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::NewPassword))]
    pub new_password: String,
}

impl fmt::Debug for ChangePasswordRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangePasswordRequest").finish_non_exhaustive()
    }
}

/// What changing one's password came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct ChangePasswordResponse {
    /// How many other sessions ended.
    pub revoked_count: u64,
    /// How many linked identities can still sign in; see `GET /users/me/identities`.
    #[serde(default)]
    pub identity_count: u64,
    /// How many pending invitations of one's own can still be accepted; see `GET /accounts/me/invites`.
    #[serde(default)]
    pub invite_count: u64,
}

/// Proving once more that it is oneself. Answers tokens; both windows start anew.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct ReauthenticateRequest {
    /// The password.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256, format = Password))]
    pub password: String,
    /// Where the refresh token shall travel.
    #[serde(default)]
    pub token_delivery: TokenDelivery,
}

impl fmt::Debug for ReauthenticateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReauthenticateRequest").finish_non_exhaustive()
    }
}

/// A change of one's own profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct UpdateProfileRequest {
    /// The new name.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name))]
    pub name: String,
}
