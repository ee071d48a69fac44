//! Creating an account, and verifying an email address.

use curfew_shared::{
    person::{EmailRequest, RegisterRequest, VerifyEmailRequest, VerifyEmailResponse},
    route::api,
};

use super::request::{Call, Request};

pub fn register(request: &RegisterRequest) -> Call<()> {
    Request::post(api::REGISTER, request).no_content()
}

pub fn resend_verification(email: String) -> Call<()> {
    Request::post(api::RESEND_VERIFICATION, &EmailRequest { email }).no_content()
}

/// Follows a verification link. In another browser than that of the registration it needs a password.
pub fn verify_email(token: String, password: Option<String>) -> Call<VerifyEmailResponse> {
    Request::post(api::VERIFY_EMAIL, &VerifyEmailRequest { token, password }).json()
}
