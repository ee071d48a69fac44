//! The description of the API, generated from the code, and a page that reads it.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_swagger_ui::SwaggerUi;

use crate::app::AppState;

/// What the reader needs beyond the rest: its own scripts, and styles that it writes itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Curfew",
        description = "Accounts and sessions: sign-in, rotation of refresh tokens, and the policy that ends sessions.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "auth", description = "Signing in, staying signed in, signing out"),
        (name = "account", description = "Administering the account, for its owners"),
        (name = "service", description = "For machines"),
    ),
    security(("access_token" = [])),
    modifiers(&Schemes),
)]
pub(super) struct Description;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
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

/// `/openapi.json` and `/docs`.
pub(super) fn router(openapi: utoipa::openapi::OpenApi) -> Router<AppState> {
    let reader: Router<AppState> = SwaggerUi::new("/docs").url("/openapi.json", openapi).into();
    reader.layer(middleware::from_fn(async |request: Request, next: Next| -> Response {
        // The description itself is data, and gets the policy of the API.
        let is_reader = request.uri().path().starts_with("/docs");
        let mut response = next.run(request).await;
        if is_reader {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        }
        response
    }))
}
