//! What crosses the wire between Curfew's server and page, and the rules that both apply to it.
//!
//! No HTTP, no database, no clock: this crate builds for the server and for wasm32 alike.

/// Describes a closed list of words, with `ALL` and `as_str`, to the `OpenAPI` document.
#[cfg(feature = "openapi")]
macro_rules! words_schema {
    ($name:ident) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .enum_values(Some(Self::ALL.iter().map(|word| word.as_str())))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
#[cfg(feature = "openapi")]
pub(crate) use words_schema;

pub mod account;
pub mod audit;
pub mod auth;
pub mod error;
#[cfg(feature = "openapi")]
mod example;
pub mod id;
pub mod invite;
pub mod member;
pub mod oauth;
pub mod person;
pub mod policy;
pub mod route;
#[cfg(feature = "openapi")]
pub mod schema;
pub mod security;
pub mod session;
