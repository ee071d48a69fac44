//! The addresses of the page, and how one is kept through a sign-in.

use web_sys::UrlSearchParams;
use yew_router::Routable;

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Routable)]
pub enum Route {
    #[at("/")]
    Home,
    #[at("/login")]
    Login,
    #[at("/account")]
    Account,
    /// For owners.
    #[at("/account/security")]
    Security,
    /// For owners.
    #[at("/account/audit")]
    Audit,
    #[at("/account/profile")]
    Profile,
    #[at("/account/sessions")]
    Sessions,
    /// For owners.
    #[at("/account/members")]
    Members,
    #[at("/register")]
    Register,
    #[at("/forgot-password")]
    ForgotPassword,
    #[at("/reset-password")]
    ResetPassword,
    #[at("/verify-email")]
    VerifyEmail,
    #[at("/not-me")]
    Disown,
    /// The token of the invitation is in the fragment.
    #[at("/invite")]
    Invite,
    /// The same with the token in the path.
    #[at("/invite/:token")]
    InviteToken { token: Segment },
    /// A provider sends the browser back to it.
    #[at("/oauth/callback/:provider")]
    OauthCallback { provider: Segment },
    #[not_found]
    #[at("/404")]
    NotFound,
}

impl Route {
    /// Whether the page shows nothing without a session.
    #[must_use]
    pub fn needs_session(self) -> bool {
        match self {
            Self::Home
            | Self::Account
            | Self::Security
            | Self::Audit
            | Self::Profile
            | Self::Sessions
            | Self::Members => true,
            Self::Login
            | Self::Register
            | Self::ForgotPassword
            | Self::ResetPassword
            | Self::VerifyEmail
            | Self::Disown
            | Self::Invite
            | Self::InviteToken { .. }
            | Self::OauthCallback { .. }
            | Self::NotFound => false,
        }
    }
}

/// A segment that can be anything. The page reads it from the address, so that a route stays small and no token is
/// copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Segment;

impl std::str::FromStr for Segment {
    type Err = std::convert::Infallible;

    fn from_str(_: &str) -> Result<Self, Self::Err> {
        Ok(Self)
    }
}

impl std::fmt::Display for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("-")
    }
}

/// The query of the sign-in page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginQuery {
    /// Why a sign-in is needed; only [`SESSION_EXPIRED`] has a meaning.
    pub reason: Option<String>,
    /// Where to go afterwards: a path of the page with its query.
    pub next: Option<String>,
}

impl LoginQuery {
    pub fn read(query: &str) -> Self {
        let value = |name| UrlSearchParams::new_with_str(query).ok()?.get(name);
        Self { reason: value("reason"), next: value("next") }
    }

    pub fn write(&self) -> String {
        let Ok(query) = UrlSearchParams::new() else { return String::new() };
        for (name, value) in [("reason", &self.reason), ("next", &self.next)] {
            if let Some(value) = value {
                query.append(name, value);
            }
        }
        query.to_string().into()
    }
}

/// The reason that shows a banner.
pub const SESSION_EXPIRED: &str = "session_expired";

/// Where to go after signing in: a page and its query. Anything but an address of the page leads home, since anyone can
/// put a `next` into a link.
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
        Some(route) if route.needs_session() => (route, query.to_owned()),
        _ => home,
    }
}

#[cfg(test)]
mod tests {
    use crate::test;

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
            (Route::Profile, page::PROFILE),
            (Route::Sessions, page::SESSIONS),
            (Route::Members, page::MEMBERS),
            (Route::Register, page::REGISTER),
            (Route::ForgotPassword, page::FORGOT_PASSWORD),
            (Route::ResetPassword, page::RESET_PASSWORD),
            (Route::VerifyEmail, page::VERIFY_EMAIL),
            (Route::Disown, page::DISOWN),
            (Route::Invite, page::INVITE),
            (Route::InviteToken { token: Segment }, "/invite/-"),
            (Route::OauthCallback { provider: Segment }, "/oauth/callback/-"),
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
            "/invite/x",
            "/nowhere",
        ] {
            assert_eq!(destination(Some(elsewhere)), (Route::Home, String::new()), "{elsewhere}");
        }
        assert_eq!(destination(None), (Route::Home, String::new()));
    }
}
