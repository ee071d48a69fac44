//! The person's identities at providers.

use curfew_shared::{id::IdentityId, oauth::IdentityList, route::api};

use super::request::{Call, Request};

pub fn identities() -> Call<IdentityList> {
    Request::get(api::IDENTITIES).json()
}

pub fn unlink(id: IdentityId) -> Call<()> {
    Request::delete(&Request::path(api::IDENTITY, "{id}", id)).no_content()
}
