//! A caller who owns the account.

use axum::{extract::FromRequestParts, http::request::Parts};
use curfew_shared::{auth::Role, error::ErrorCode};

use super::caller::Caller;
use crate::{
    app::AppState,
    error::{Error, Result},
};

/// A caller who is an owner of the account.
#[derive(Debug)]
pub struct Owner(pub Caller);

impl FromRequestParts<AppState> for Owner {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self> {
        let caller = Caller::from_request_parts(parts, app).await?;
        if caller.user.role == Role::Owner { Ok(Self(caller)) } else { Err(ErrorCode::OwnerRequired.into()) }
    }
}
