//! Invitations: for owners by id, for the invited person by the token of the link.

use curfew_shared::{
    auth::{TokenDelivery, TokenResponse},
    id::InviteId,
    invite::{
        AcceptInvitationRequest, CreateInviteRequest, InvitationResponse, InviteLinkResponse, InvitePage,
    },
    route::api,
};

use super::request::{Call, Request};

/// The pending invitations.
pub fn invites(cursor: Option<InviteId>) -> Call<InvitePage> {
    Request::get(api::INVITES).page(cursor).json()
}

pub fn create_invite(request: &CreateInviteRequest) -> Call<()> {
    Request::post(api::INVITES, request).no_content()
}

pub fn revoke_invite(id: InviteId) -> Call<()> {
    Request::delete(&Request::path(api::INVITE, "{id}", id)).no_content()
}

pub fn resend_invite(id: InviteId) -> Call<()> {
    Request::post_without_body(&Request::path(api::INVITE_RESEND, "{id}", id)).no_content()
}

/// The link of an invitation, for the owner to pass on.
pub fn invite_link(id: InviteId) -> Call<InviteLinkResponse> {
    Request::post_without_body(&Request::path(api::INVITE_LINK, "{id}", id)).json()
}

pub fn invitation(token: &str) -> Call<InvitationResponse> {
    Request::get(&Request::path(api::INVITATION, "{token}", token)).json()
}

/// Joins the account with a password.
pub fn accept_invitation(token: &str, name: String, password: String) -> Call<TokenResponse> {
    let request = AcceptInvitationRequest { name, password, token_delivery: TokenDelivery::Cookie };
    Request::post(&Request::path(api::INVITATION_ACCEPT, "{token}", token), &request).json()
}
