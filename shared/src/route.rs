//! Paths that server and page both name, so that they cannot drift apart.

/// What every path of the API begins with.
pub const API: &str = "/api/v1";

/// Paths below [`API`].
pub mod api {
    /// `POST`: sign in with the OAuth 2.0 password form (RFC 6749 §4.3.2).
    pub const LOGIN: &str = "/auth/login";
    /// `POST`: sign in with JSON.
    pub const LOGIN_JSON: &str = "/auth/login/json";
    /// `POST`: exchange a refresh token for its successor.
    pub const REFRESH: &str = "/auth/refresh";
    /// `POST`: end the session.
    pub const LOGOUT: &str = "/auth/logout";
    /// `GET`: who is signed in, where, until when.
    pub const ME: &str = "/auth/me";
    /// `GET`, `PATCH`: the account's session policy and who is signed in. Owners only.
    pub const SECURITY: &str = "/accounts/me/security";
    /// `POST`: end the account's sessions in bulk. Owners only.
    pub const REVOKE_SESSIONS: &str = "/accounts/me/security/revoke-sessions";
    /// `GET`: the account's audit trail. Owners only.
    pub const AUDIT_EVENTS: &str = "/accounts/me/audit-events";
}

/// Paths of the page.
pub mod page {
    /// Home.
    pub const HOME: &str = "/";
    /// The sign-in page.
    pub const LOGIN: &str = "/login";
    /// One's own account, and the way to its settings.
    pub const ACCOUNT: &str = "/account";
    /// Session policy, who is signed in, ending sessions. Owners only.
    pub const SECURITY: &str = "/account/security";
    /// The audit trail. Owners only.
    pub const AUDIT: &str = "/account/audit";

    /// Whether the page has something to show at `path`; the server answers 404 elsewhere.
    #[must_use]
    pub fn is_known(path: &str) -> bool {
        [HOME, LOGIN, ACCOUNT, SECURITY, AUDIT].contains(&path)
    }
}

/// Where the explanation of an error stands; the error's word follows.
pub const PROBLEMS: &str = "/problems/";
