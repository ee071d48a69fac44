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
    /// `POST`: ask for an account of one's own; a message to the address goes on from there.
    pub const REGISTER: &str = "/auth/register";
    /// `POST`: follow the link of a verification message.
    pub const VERIFY_EMAIL: &str = "/auth/verify-email";
    /// `POST`: ask for that message once more.
    pub const RESEND_VERIFICATION: &str = "/auth/resend-verification";
    /// `POST`: ask for a message with a link to set a new password.
    pub const FORGOT_PASSWORD: &str = "/auth/forgot-password";
    /// `POST`: set a new password by such a link.
    pub const RESET_PASSWORD: &str = "/auth/reset-password";
    /// `POST`: change one's password, and end one's other sessions.
    pub const CHANGE_PASSWORD: &str = "/auth/change-password";
    /// `POST`: say by the link in a message that a sign-in was not one's own: ends all sessions.
    pub const DISOWN: &str = "/auth/disown";
    /// `POST`: prove once more that it is oneself; both windows start anew.
    pub const REAUTHENTICATE: &str = "/auth/reauthenticate";
    /// `GET`: the ways to sign in.
    pub const OAUTH_PROVIDERS: &str = "/auth/oauth/providers";
    /// `POST`: begin to sign in with a provider.
    pub const OAUTH_START: &str = "/auth/oauth/{provider}/start";
    /// `POST`: hand in what the provider answered.
    pub const OAUTH_CALLBACK: &str = "/auth/oauth/{provider}/callback";
    /// `GET`, `PATCH`: the account. The change is for owners only.
    pub const ACCOUNT: &str = "/accounts/me";
    /// `POST`: close the account for good. Owners only.
    pub const ACCOUNT_CLOSE: &str = "/accounts/me/close";
    /// `GET`: the account's people. Owners only.
    pub const MEMBERS: &str = "/accounts/me/members";
    /// `PATCH`, `DELETE`: one of them. Owners only.
    pub const MEMBER: &str = "/accounts/me/members/{id}";
    /// `POST`: end that person's sessions. Owners only.
    pub const MEMBER_REVOKE_SESSIONS: &str = "/accounts/me/members/{id}/revoke-sessions";
    /// `GET`, `POST`: the account's open invitations. Owners only.
    pub const INVITES: &str = "/accounts/me/invites";
    /// `DELETE`: one of them. Owners only.
    pub const INVITE: &str = "/accounts/me/invites/{id}";
    /// `POST`: send it once more, with a new link. Owners only.
    pub const INVITE_RESEND: &str = "/accounts/me/invites/{id}/resend";
    /// `POST`: the link of one of them, to pass on by other means than mail. Owners only.
    pub const INVITE_LINK: &str = "/accounts/me/invites/{id}/link";
    /// `GET`: who invites whom into what.
    pub const INVITATION: &str = "/invites/{token}";
    /// `POST`: join with a password.
    pub const INVITATION_ACCEPT: &str = "/invites/{token}/accept";
    /// `PATCH`: one's own name.
    pub const PROFILE: &str = "/users/me";
    /// `POST`: leave the account, which deletes one's user.
    pub const LEAVE: &str = "/users/me/leave";
    /// `POST`: ask for another e-mail address; a message to it goes on from there.
    pub const CHANGE_EMAIL: &str = "/users/me/email";
    /// `GET`: one's own live sessions.
    pub const SESSIONS: &str = "/users/me/sessions";
    /// `DELETE`: one of them.
    pub const SESSION: &str = "/users/me/sessions/{id}";
    /// `POST`: end all of them but this one.
    pub const REVOKE_OTHERS: &str = "/users/me/sessions/revoke-others";
    /// `GET`: one's own identities at providers.
    pub const IDENTITIES: &str = "/users/me/identities";
    /// `DELETE`: unlink one.
    pub const IDENTITY: &str = "/users/me/identities/{id}";
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

    /// One's own name, address, password, identities.
    pub const PROFILE: &str = "/account/profile";
    /// One's own sessions.
    pub const SESSIONS: &str = "/account/sessions";
    /// The account's people and invitations. Owners only.
    pub const MEMBERS: &str = "/account/members";
    /// Asking for an account.
    pub const REGISTER: &str = "/register";
    /// Asking for a link to set a new password.
    pub const FORGOT_PASSWORD: &str = "/forgot-password";
    /// Setting it; the link's token is in the fragment, which no server and no other site gets to see.
    pub const RESET_PASSWORD: &str = "/reset-password";
    /// Verifying an address; token in the fragment.
    pub const VERIFY_EMAIL: &str = "/verify-email";
    /// Disowning a sign-in; token in the fragment.
    pub const DISOWN: &str = "/not-me";
    /// Accepting an invitation; token in the fragment, or as one more segment.
    pub const INVITE: &str = "/invite";
    /// Where a provider sends the browser back to; the provider's name is one more segment.
    pub const OAUTH_CALLBACK: &str = "/oauth/callback";

    /// Whether the page has something to show at `path`; the server answers 404 elsewhere.
    #[must_use]
    pub fn is_known(path: &str) -> bool {
        let exact = [
            HOME,
            LOGIN,
            ACCOUNT,
            SECURITY,
            AUDIT,
            PROFILE,
            SESSIONS,
            MEMBERS,
            REGISTER,
            FORGOT_PASSWORD,
            RESET_PASSWORD,
            VERIFY_EMAIL,
            DISOWN,
            INVITE,
        ];
        exact.contains(&path)
            || [INVITE, OAUTH_CALLBACK].iter().any(|parent| {
                path.strip_prefix(parent)
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
            })
    }
}

/// Where the explanation of an error stands; the error's word follows.
pub const PROBLEMS: &str = "/problems/";
