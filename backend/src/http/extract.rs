//! What a request holds. Our own extractors reject with a problem body where axum would send plain text.

pub(super) mod accept;
mod bearer;
mod body;
mod caller;
mod decode;
pub(super) mod fetch_metadata;
mod form;
mod idempotency_key;
mod json;
mod owner;
mod pages;
mod path;
mod query;
mod refresh_token;
mod request_client;
mod sign_in_client;

pub(super) use caller::Caller;
pub(super) use form::Form;
pub(super) use idempotency_key::IdempotencyKey;
pub(super) use json::{Json, JsonOrDefault};
pub(super) use owner::Owner;
pub(super) use pages::{page_limit, truncate_page};
pub(super) use path::Path;
pub(super) use query::Query;
pub(super) use refresh_token::PresentedToken;
pub(super) use request_client::RequestClient;
pub(super) use sign_in_client::SignInClient;
