//! A forgotten password, and disowning a sign-in.

use curfew_shared::{
    person::{DisownResponse, EmailRequest, LinkRequest, ResetPasswordRequest},
    route::api,
};

use super::request::{Call, Request};

/// Sends a link to reset the password.
pub fn forgot_password(email: String) -> Call<()> {
    Request::post(api::FORGOT_PASSWORD, &EmailRequest { email }).no_content()
}

pub fn reset_password(token: String, password: String) -> Call<()> {
    Request::post(api::RESET_PASSWORD, &ResetPasswordRequest { token, password }).no_content()
}

/// Reports a sign-in as someone else's.
pub fn disown(token: String) -> Call<DisownResponse> {
    Request::post(api::DISOWN, &LinkRequest { token }).json()
}
