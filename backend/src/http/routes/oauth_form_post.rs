//! A response that the provider has the browser post as a form (OAuth 2.0 Form Post Response Mode).

use axum::{extract::State, response::Redirect};
use curfew_shared::{error::ErrorCode, route::page};
use serde::{Deserialize, Serialize};

use crate::{
    app::AppState,
    config::provider::ResponseMode,
    error::Result,
    http::extract::{Form, Path},
};

/// The fields that the page sends; others are left out.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
}

/// Redirects the browser to the page, with the response in the query, as other providers return it.
///
/// Browsers send no `SameSite=Lax` cookie with a form that another site posts, so the flow cannot be completed here.
/// The page then sends the response from our own site.
pub(super) async fn receive(
    State(app): State<AppState>,
    Path(name): Path<String>,
    Form(answer): Form<Answer>,
) -> Result<Redirect> {
    let provider = app.oidc.provider(&name).ok_or(ErrorCode::NotFound)?;
    if provider.config.response_mode != ResponseMode::FormPost {
        tracing::info!(
            provider = name,
            "the provider posts its answer: set {}=form_post",
            provider.config.variable("response_mode")
        );
        return Err(ErrorCode::MethodNotAllowed.into());
    }
    let query = serde_urlencoded::to_string(&answer).map_err(|_| ErrorCode::Internal)?;
    // Relative: a proxy may serve us under another name.
    Ok(Redirect::to(&format!("{}/{}?{query}", page::OAUTH_CALLBACK, provider.config.name)))
}
