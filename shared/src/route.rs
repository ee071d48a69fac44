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
}

/// Paths of the page.
pub mod page {
    /// Home.
    pub const HOME: &str = "/";
    /// The sign-in page.
    pub const LOGIN: &str = "/login";

    /// Whether the page has something to show at `path`; the server answers 404 elsewhere.
    #[must_use]
    pub fn is_known(path: &str) -> bool {
        [HOME, LOGIN].contains(&path)
    }
}

/// Where the explanation of an error stands; the error's word follows.
pub const PROBLEMS: &str = "/problems/";
