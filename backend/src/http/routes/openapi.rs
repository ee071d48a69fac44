//! The description of the API, generated from the code, and a page that reads it.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response as HttpResponse,
};
use curfew_shared::{error::Problem, route};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, OpenApi as OpenApiDocument, Ref, RefOr, Response,
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

/// Adds the body of every error, and the errors that every operation shares.
pub(in crate::http) fn complete(openapi: &mut OpenApiDocument) {
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
                if let RefOr::T(response) = response
                    && status.starts_with(['4', '5'])
                    && response.content.is_empty()
                {
                    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
                    response.content.insert("application/problem+json".to_owned(), RefOr::T(problem));
                }
            }
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
