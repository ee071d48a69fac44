//! The account itself. After [`close`] and [`leave`] the session is over.

use curfew_shared::{
    account::{AccountResponse, CloseAccountRequest, UpdateAccountRequest},
    route::api,
};

use super::request::{Call, Request};

pub fn rename(name: String) -> Call<AccountResponse> {
    Request::patch(api::ACCOUNT, &UpdateAccountRequest { name }).json()
}

/// Closes the account called `name`.
pub fn close(name: String) -> Call<()> {
    Request::post(api::ACCOUNT_CLOSE, &CloseAccountRequest { name }).no_content()
}

/// Deletes the caller's user.
pub fn leave() -> Call<()> {
    Request::post_without_body(api::LEAVE).no_content()
}
