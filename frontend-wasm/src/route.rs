//! The addresses of the page, and how one of them is kept while somebody signs in.

use web_sys::UrlSearchParams;
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
    /// One's own name, address, password, providers. Needs a session.
    #[at("/account/profile")]
    Profile,
    /// One's own sessions. Needs a session.
    #[at("/account/sessions")]
    Sessions,
    /// The account's people and invitations. For owners.
    #[at("/account/members")]
    Members,
    /// Asking for an account.
    #[at("/register")]
    Register,
    /// Asking for a link to set a new password.
    #[at("/forgot-password")]
    ForgotPassword,
    /// Setting it by that link.
    #[at("/reset-password")]
    ResetPassword,
    /// Verifying an address by a link.
    #[at("/verify-email")]
    VerifyEmail,
    /// Disowning a sign-in by a link.
    #[at("/not-me")]
    Disown,
    /// Accepting an invitation; its token is in the fragment.
    #[at("/invite")]
    Invite,
    /// The same with the token as a segment.
    #[at("/invite/:token")]
    InviteToken {
        /// The token.
        token: Segment,
    },
    /// Back from a provider.
    #[at("/oauth/callback/:provider")]
    OauthCallback {
        /// The provider's name.
        provider: Segment,
    },
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

/// A segment that can be anything. The page takes it from the address itself, so that a route stays
/// small and no token is copied about.
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
    /// Why somebody has to sign in; only [`SESSION_EXPIRED`] means anything.
    pub reason: Option<String>,
    /// Where to go afterwards: a path of this page, with its query.
    pub next: Option<String>,
}

impl LoginQuery {
    /// What the query of an address says.
    #[must_use]
    pub fn read(query: &str) -> Self {
        let value = |name| UrlSearchParams::new_with_str(query).ok()?.get(name);
        Self { reason: value("reason"), next: value("next") }
    }

    /// The query that says this.
    #[must_use]
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
