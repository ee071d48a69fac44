//! The person's own name, address and password.

use curfew_shared::{
    auth::UserSummary,
    person::{ChangePasswordRequest, ChangePasswordResponse, EmailRequest, UpdateProfileRequest},
    route::api,
};

use super::request::{Call, Request};

pub fn rename(name: String) -> Call<UserSummary> {
    Request::patch(api::PROFILE, &UpdateProfileRequest { name }).json()
}

/// Sends a verification link to the new address.
pub fn change_email(email: String) -> Call<()> {
    Request::post(api::CHANGE_EMAIL, &EmailRequest { email }).no_content()
}

pub fn change_password(request: &ChangePasswordRequest) -> Call<ChangePasswordResponse> {
    Request::post(api::CHANGE_PASSWORD, request).json()
}
