//! The addresses of the page, and how one of them is kept while somebody signs in.

use serde::{Deserialize, Serialize};
use yew_router::Routable;

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Routable)]
pub enum Route {
    /// Home. Needs a session.
    #[at("/")]
    Home,
    /// Sign-in. Its path is [`curfew_shared::route::page::LOGIN`].
    #[at("/login")]
    Login,
    /// One's own account, and the way to its settings. Needs a session.
    #[at("/account")]
    Account,
    /// Session policy, who is signed in, ending sessions. For owners.
    #[at("/account/security")]
    Security,
    /// The audit trail. For owners.
    #[at("/account/audit")]
    Audit,
    /// Everything else.
    #[not_found]
    #[at("/404")]
    NotFound,
}

impl Route {
    /// Whether there is nothing to see without a session.
    #[must_use]
    pub fn needs_session(self) -> bool {
        match self {
            Self::Home | Self::Account | Self::Security | Self::Audit => true,
            Self::Login | Self::NotFound => false,
        }
    }
}

/// The query of the sign-in page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoginQuery {
    /// Why somebody has to sign in; only [`SESSION_EXPIRED`] means anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where to go afterwards: a path of this page, with its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The reason that shows the banner.
pub const SESSION_EXPIRED: &str = "session_expired";

/// Where to go after signing in: a page and its query. Whatever is not an address of this page, on
/// this origin, is home: `next` is whatever somebody put into a link.
#[must_use]
pub fn destination(next: Option<&str>) -> (Route, String) {
    let home = (Route::Home, String::new());
    // `//host` and `/\host` are other origins to a browser, and it skips tabs and line breaks.
    let Some(next) = next.filter(|next| {
        next.starts_with('/')
            && !next.starts_with("//")
            && !next.contains(|c: char| c == '\\' || c.is_control())
    }) else {
        return home;
    };
    let without_fragment = next.split('#').next().unwrap_or_default();
    let (path, query) = without_fragment.split_once('?').unwrap_or((without_fragment, ""));
    match Route::recognize(path) {
        None | Some(Route::Login | Route::NotFound) => home,
        Some(route) => (route, query.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_server_and_the_page_agree_on_every_address() {
        use curfew_shared::route::page;
        for (route, path) in [
            (Route::Home, page::HOME),
            (Route::Login, page::LOGIN),
            (Route::Account, page::ACCOUNT),
            (Route::Security, page::SECURITY),
            (Route::Audit, page::AUDIT),
        ] {
            assert_eq!(route.to_path(), path);
            assert!(page::is_known(path), "{path}");
        }
    }

    #[test]
    fn only_pages_of_this_origin_are_gone_to_after_signing_in() {
        assert_eq!(destination(Some("/?tab=1#x")), (Route::Home, "tab=1".into()));
        assert_eq!(destination(Some("/account/security")), (Route::Security, String::new()));
        for elsewhere in [
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "evil.example",
            "",
            "/login?next=/login",
            "/nowhere",
        ] {
            assert_eq!(destination(Some(elsewhere)), (Route::Home, String::new()), "{elsewhere}");
        }
        assert_eq!(destination(None), (Route::Home, String::new()));
    }
}
