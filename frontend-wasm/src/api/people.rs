//! The endpoints of people: registration, recovery, invitations, providers, members, one's own
//! profile and sessions. They know nothing of the store.

use curfew_shared::{
    account::{AccountResponse, CloseAccountRequest, UpdateAccountRequest},
    auth::{TokenDelivery, TokenResponse, UserSummary},
    id::{IdentityId, InviteId, SessionId, UserId},
    invite::{
        AcceptInvitationRequest, CreateInviteRequest, InvitationResponse, InviteLinkResponse, InvitePage,
    },
    member::{MemberCursor, MemberPage, UpdateMemberRequest},
    oauth::{
        IdentityList, OauthCallbackRequest, OauthPurpose, OauthStartRequest, OauthStartResponse,
        ProvidersResponse,
    },
    person::{
        ChangePasswordRequest, ChangePasswordResponse, DisownResponse, EmailRequest, LinkRequest,
        ReauthenticateRequest, RegisterRequest, ResetPasswordRequest, UpdateProfileRequest,
        VerifyEmailRequest, VerifyEmailResponse,
    },
    route::api,
    security::RevokeSessionsResponse,
    session::OwnSessionPage,
};
use serde::Deserialize;
use uuid::Uuid;

use super::http::{Call, Request};
use crate::browser::json;

/// What signing in with a provider came to.
#[derive(Debug, Deserialize)]
pub struct OauthEnd {
    /// What it was for.
    pub purpose: OauthPurpose,
    /// None after linking, which leaves the session as it is.
    #[serde(skip)]
    pub tokens: Option<TokenResponse>,
}

fn with(template: &str, name: &str, value: impl std::fmt::Display) -> String {
    template.replace(name, &value.to_string())
}

fn from(cursor: Option<impl std::fmt::Display>) -> Vec<(&'static str, String)> {
    cursor.map(|cursor| ("cursor", cursor.to_string())).into_iter().collect()
}

/// Asks for an account.
#[must_use]
pub fn register(request: &RegisterRequest) -> Call<()> {
    Request::post(api::REGISTER, request).done()
}

/// Asks for the verification message once more.
#[must_use]
pub fn resend_verification(email: String) -> Call<()> {
    Request::post(api::RESEND_VERIFICATION, &EmailRequest { email }).done()
}

/// Follows the link of a verification message. Another browser than that of the registration needs a password.
#[must_use]
pub fn verify_email(token: String, password: Option<String>) -> Call<VerifyEmailResponse> {
    Request::post(api::VERIFY_EMAIL, &VerifyEmailRequest { token, password }).json()
}

/// Asks for a link to set a new password.
#[must_use]
pub fn forgot_password(email: String) -> Call<()> {
    Request::post(api::FORGOT_PASSWORD, &EmailRequest { email }).done()
}

/// Sets a new password by such a link.
#[must_use]
pub fn reset_password(token: String, password: String) -> Call<()> {
    Request::post(api::RESET_PASSWORD, &ResetPasswordRequest { token, password }).done()
}

/// Says that a sign-in was not one's own.
#[must_use]
pub fn disown(token: String) -> Call<DisownResponse> {
    Request::post(api::DISOWN, &LinkRequest { token }).json()
}

/// Who invites whom into what.
#[must_use]
pub fn invitation(token: &str) -> Call<InvitationResponse> {
    Request::get(&with(api::INVITATION, "{token}", token)).json()
}

/// Joins with a password.
#[must_use]
pub fn accept_invitation(token: &str, name: String, password: String) -> Call<TokenResponse> {
    let request = AcceptInvitationRequest { name, password, token_delivery: TokenDelivery::Cookie };
    Request::post(&with(api::INVITATION_ACCEPT, "{token}", token), &request).json()
}

/// The ways to sign in.
#[must_use]
pub fn providers() -> Call<ProvidersResponse> {
    Request::get(api::OAUTH_PROVIDERS).json()
}

/// Begins to sign in with a provider. For any other purpose it takes the access token.
#[must_use]
pub fn oauth_start(
    provider: &str,
    purpose: OauthPurpose,
    invite_token: Option<String>,
) -> Call<OauthStartResponse> {
    let request = OauthStartRequest { purpose, invite_token, token_delivery: TokenDelivery::Cookie };
    Request::post(&with(api::OAUTH_START, "{provider}", provider), &request).json()
}

/// Hands in what the provider answered.
#[must_use]
pub fn oauth_callback(provider: &str, request: &OauthCallbackRequest, key: Uuid) -> Call<OauthEnd> {
    let call =
        Request::post(&with(api::OAUTH_CALLBACK, "{provider}", provider), request).idempotency_key(key);
    // In one object, which serde's `flatten` would keep whole in between, at a price of some kilobytes.
    call.read_by(|body| {
        let text = body.as_string()?;
        Some(OauthEnd { tokens: json::read(&text), ..json::read(&text)? })
    })
}

/// Proves once more who one is.
#[must_use]
pub fn reauthenticate(password: String, key: Uuid) -> Call<TokenResponse> {
    let request = ReauthenticateRequest { password, token_delivery: TokenDelivery::Cookie };
    Request::post(api::REAUTHENTICATE, &request).idempotency_key(key).json()
}

/// Changes one's own name.
#[must_use]
pub fn rename(name: String) -> Call<UserSummary> {
    Request::patch(api::PROFILE, &UpdateProfileRequest { name }).json()
}

/// Asks for another address.
#[must_use]
pub fn change_email(email: String) -> Call<()> {
    Request::post(api::CHANGE_EMAIL, &EmailRequest { email }).done()
}

/// Changes one's password.
#[must_use]
pub fn change_password(request: &ChangePasswordRequest) -> Call<ChangePasswordResponse> {
    Request::post(api::CHANGE_PASSWORD, request).json()
}

/// One's own sessions, from `cursor` on.
#[must_use]
pub fn sessions(cursor: Option<SessionId>) -> Call<OwnSessionPage> {
    Request::get(api::SESSIONS).query(&from(cursor)).json()
}

/// Ends one of them.
#[must_use]
pub fn end_session(id: SessionId) -> Call<()> {
    Request::delete(&with(api::SESSION, "{id}", id)).done()
}

/// Ends all of them but this one.
#[must_use]
pub fn end_other_sessions() -> Call<RevokeSessionsResponse> {
    Request::post_nothing(api::REVOKE_OTHERS).json()
}

/// One's own identities at providers.
#[must_use]
pub fn identities() -> Call<IdentityList> {
    Request::get(api::IDENTITIES).json()
}

/// Unlinks one.
#[must_use]
pub fn unlink(id: IdentityId) -> Call<()> {
    Request::delete(&with(api::IDENTITY, "{id}", id)).done()
}

/// Changes the account's name.
#[must_use]
pub fn rename_account(name: String) -> Call<AccountResponse> {
    Request::patch(api::ACCOUNT, &UpdateAccountRequest { name }).json()
}

/// Closes the account. After it, [`leave`](super::Client::leave) is due.
#[must_use]
pub fn close_account(name: String) -> Call<()> {
    Request::post(api::ACCOUNT_CLOSE, &CloseAccountRequest { name }).done()
}

/// Leaves the account. After it, [`leave`](super::Client::leave) is due.
#[must_use]
pub fn leave_account() -> Call<()> {
    Request::post_nothing(api::LEAVE).done()
}

/// The account's people, from `cursor` on.
#[must_use]
pub fn members(cursor: Option<MemberCursor>) -> Call<MemberPage> {
    Request::get(api::MEMBERS).query(&from(cursor.map(|cursor| cursor.0))).json()
}

/// Changes somebody's part in the account.
#[must_use]
pub fn update_member(id: UserId, request: &UpdateMemberRequest) -> Call<()> {
    Request::patch(&with(api::MEMBER, "{id}", id), request).done()
}

/// Removes somebody.
#[must_use]
pub fn remove_member(id: UserId) -> Call<()> {
    Request::delete(&with(api::MEMBER, "{id}", id)).done()
}

/// Ends somebody's sessions.
#[must_use]
pub fn sign_member_out(id: UserId) -> Call<RevokeSessionsResponse> {
    Request::post_nothing(&with(api::MEMBER_REVOKE_SESSIONS, "{id}", id)).json()
}

/// The open invitations, from `cursor` on.
#[must_use]
pub fn invites(cursor: Option<InviteId>) -> Call<InvitePage> {
    Request::get(api::INVITES).query(&from(cursor)).json()
}

/// Invites somebody.
#[must_use]
pub fn invite(request: &CreateInviteRequest) -> Call<()> {
    Request::post(api::INVITES, request).done()
}

/// Takes an invitation back.
#[must_use]
pub fn revoke_invite(id: InviteId) -> Call<()> {
    Request::delete(&with(api::INVITE, "{id}", id)).done()
}

/// Sends an invitation once more.
#[must_use]
pub fn resend_invite(id: InviteId) -> Call<()> {
    Request::post_nothing(&with(api::INVITE_RESEND, "{id}", id)).done()
}

/// The link of an invitation, to pass on.
#[must_use]
pub fn invite_link(id: InviteId) -> Call<InviteLinkResponse> {
    Request::post_nothing(&with(api::INVITE_LINK, "{id}", id)).json()
}
