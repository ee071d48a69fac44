//! What a request holds. Extractors refuse with our own problem body where axum would answer with plain text.

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

pub(super) use caller::Caller;
pub(super) use form::Form;
pub(super) use idempotency_key::IdempotencyKey;
pub(super) use json::{Json, JsonOrDefault};
pub(super) use owner::Owner;
pub(super) use pages::{cut, page_limit};
pub(super) use path::Path;
pub(super) use query::Query;
pub(super) use refresh_token::Shown;
pub(super) use request_client::{Client, Delivery};
