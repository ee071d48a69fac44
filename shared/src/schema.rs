//! Schemas of what people enter, for the `OpenAPI` document: as narrow as what the server accepts, where a schema can
//! say it.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use crate::{auth::TokenResponse, example};

/// The name of a person or an account.
#[derive(Debug)]
pub struct Name;

impl PartialSchema for Name {
    fn schema() -> RefOr<Schema> {
        // At least one character that shows, and none that hides or turns what is beside it.
        let pattern = r"^[^HIDDEN]*[^HIDDEN\sBLANK][^HIDDEN]*$"
            .replace(
                "HIDDEN",
                r"\x00-\x1F\x7F-\x9F\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB",
            )
            .replace(
                "BLANK",
                r"\u00AD\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200C\u200D\u206A-\u206F\u2800\u3164\uFE00-\uFE0F\uFFA0\uFFF0-\uFFF8",
            );
        string("The name of a person or an account. It holds no web address (`://`).", example::NAME)
            .min_length(Some(1))
            .max_length(Some(120))
            .pattern(Some(pattern))
            .into()
    }
}

impl ToSchema for Name {}

/// An e-mail address.
#[derive(Debug)]
pub struct EmailAddress;

impl PartialSchema for EmailAddress {
    fn schema() -> RefOr<Schema> {
        string("An e-mail address, without quotes. Letter case does not matter.", example::EMAIL)
            .format(Some(SchemaFormat::Custom("email".to_owned())))
            .min_length(Some(3))
            .max_length(Some(254))
            .pattern(Some(r#"^[^\s@"(),:;<>\[\\\]]+@[^\s@"(),:;<>\[\\\]]+$"#))
            .into()
    }
}

impl ToSchema for EmailAddress {}

/// A password to be.
#[derive(Debug)]
pub struct NewPassword;

impl PartialSchema for NewPassword {
    fn schema() -> RefOr<Schema> {
        let description = "A password to be: any characters, but none of those that are tried first.";
        string(description, example::PASSWORD)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .min_length(Some(12))
            .max_length(Some(256))
            .into()
    }
}

impl ToSchema for NewPassword {}

fn string(description: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description)).examples([example])
}

/// The members of a token response, all of them or none.
#[derive(Debug)]
pub struct OptionalTokens;

impl PartialSchema for OptionalTokens {
    fn schema() -> RefOr<Schema> {
        let mut schema = TokenResponse::schema();
        if let RefOr::T(Schema::Object(tokens)) = &mut schema {
            tokens.required.clear();
            tokens.examples.clear();
            tokens.description = Some("The members of a token response, all of them or none.".to_owned());
        }
        schema
    }
}

impl ToSchema for OptionalTokens {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        TokenResponse::schemas(schemas);
    }
}
