//! The description of the API, generated from the code, and a page that reads it.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response as HttpResponse,
};
use curfew_shared::{
    error::{ErrorCode, Problem},
    route,
};
use serde_json::Value;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, OpenApi as OpenApiDocument, Ref, RefOr, Response, Schema,
        example::Example,
        request_body::RequestBody,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_swagger_ui::SwaggerUi;

use crate::app::AppState;

/// The reader needs its own scripts, and the inline styles that it writes.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Curfew",
        description = "Accounts and sessions: sign-in, rotation of refresh tokens, and the policy that ends sessions.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    // Relative: the server that served the document.
    servers((url = "/")),
    tags(
        (name = "auth", description = "Signing in, staying signed in, signing out"),
        (name = "users", description = "One's own sessions, name, address, identities"),
        (name = "account", description = "Administering the account, for its owners"),
        (name = "service", description = "For machines"),
    ),
    security(("access_token" = [])),
    components(schemas(Problem)),
    modifiers(&Schemes),
)]
pub(in crate::http) struct Description;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut OpenApiDocument) {
        let components = openapi.components.get_or_insert_default();
        for (name, description) in [
            ("access_token", "An access token, good for five minutes"),
            ("refresh_token", "A refresh token, good for one refresh; body and cookie are read as well"),
        ] {
            let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
            let scheme = SecurityScheme::Http(bearer.description(Some(description)).build());
            components.add_security_scheme(name, scheme);
        }
    }
}

/// Adds the body of every error, the errors that every operation shares, and the example of its schema to each body.
pub(in crate::http) fn complete(openapi: &mut OpenApiDocument) {
    let components = openapi.components.get_or_insert_default();
    let examples: BTreeMap<_, _> = components
        .schemas
        .iter()
        .filter_map(|(name, schema)| Some((format!("#/components/schemas/{name}"), example(schema)?)))
        .collect();
    for (path, item) in &mut openapi.paths.paths {
        let is_api = path.starts_with(route::API);
        let all = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
        let all = all.into_iter().enumerate().filter_map(|(n, item)| Some((n > 0, item.as_mut()?)));
        for (is_change, operation) in all {
            let has_body = operation.request_body.is_some();
            let has_query = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
            // An operation without its own security needs an access token.
            let is_secured = operation.security.is_none();
            let general = [
                (
                    is_api && is_secured,
                    "401",
                    "`invalid_access_token`, `access_token_expired` or `session_revoked`",
                ),
                (has_body, "413", "`payload_too_large`"),
                (has_body, "415", "`unsupported_media_type`"),
                (is_api && (has_body || has_query), "422", "`validation_failed`"),
                (is_api && is_secured && is_change, "429", "`too_many_requests`"),
                (is_api, "503", "`unavailable`"),
            ];
            let responses = &mut operation.responses.responses;
            for (_, status, words) in general.into_iter().filter(|(applies, ..)| *applies) {
                let response = || RefOr::T(Response::new(words));
                responses.entry(status.to_owned()).or_insert_with(response);
            }
            for (status, response) in responses {
                let RefOr::T(response) = response else { continue };
                if status.starts_with(['4', '5']) && response.content.is_empty() {
                    let problem = problem(&response.description);
                    response.content.insert("application/problem+json".to_owned(), RefOr::T(problem));
                }
                add_examples(response.content.values_mut(), &examples);
            }
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                make_optional(body);
                add_examples(body.content.values_mut(), &examples);
            }
        }
    }
}

/// The body of the errors that the description of a response names, with an example of each.
fn problem(description: &str) -> Content {
    let codes = description.split('`').skip(1).step_by(2).filter_map(|word| word.parse::<ErrorCode>().ok());
    let examples = codes.map(|code| {
        let example = match code {
            ErrorCode::ValidationFailed => Problem::example(),
            code => Problem::new(code, Vec::new()),
        };
        (code.as_str(), Example::builder().value(serde_json::to_value(example).ok()).build())
    });
    Content::builder().schema(Some(Ref::from_schema_name("Problem"))).examples_from_iter(examples).build()
}

/// The example of a schema, if it has one.
fn example(schema: &RefOr<Schema>) -> Option<Value> {
    match schema {
        RefOr::T(Schema::Object(object)) => object.examples.first().cloned(),
        RefOr::T(Schema::AllOf(all)) => all.examples.first().cloned(),
        _ => None,
    }
}

/// Tools that show a body without looking into its schema show an example, too.
fn add_examples<'a>(
    contents: impl IntoIterator<Item = &'a mut RefOr<Content>>,
    examples: &BTreeMap<String, Value>,
) {
    for content in contents {
        let RefOr::T(content) = content else { continue };
        if content.example.is_none()
            && content.examples.is_empty()
            && let Some(RefOr::Ref(schema)) = &content.schema
        {
            content.example = examples.get(&schema.ref_location).cloned();
        }
    }
}

/// What may be left out is described by utoipa as what may be null.
fn make_optional(body: &mut RequestBody) {
    for content in body.content.values_mut() {
        if let RefOr::T(content) = content
            && let Some(RefOr::T(Schema::OneOf(one))) = &content.schema
            && let Some(schema) = one.items.iter().find(|item| matches!(item, RefOr::Ref(_))).cloned()
        {
            content.schema = Some(schema);
        }
    }
}

/// `/openapi.json` and `/docs`.
pub(in crate::http) fn router(openapi: OpenApiDocument) -> Router<AppState> {
    let reader: Router<AppState> = SwaggerUi::new("/docs").url("/openapi.json", openapi).into();
    reader.layer(middleware::from_fn(async |request: Request, next: Next| -> HttpResponse {
        // The description itself is data, and gets the policy of the API.
        let is_reader = request.uri().path().starts_with("/docs");
        let mut response = next.run(request).await;
        if is_reader {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        }
        response
    }))
}
