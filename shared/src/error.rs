//! The error taxonomy: one closed list of machine words, and the problem body (RFC 9457) that carries them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:literal, $title:literal, $explanation:literal;)+) => {
        /// What can go wrong, as one word a client can rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $word)] $name,)+
        }

        impl ErrorCode {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The machine word, as in a problem's `detail`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// The sentence for a person.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// What it means and what to do, for the page behind a problem's `type`.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)+ }
            }
        }
    };
}

error_codes! {
    /// The idle window passed without a refresh.
    SessionExpiredIdle = "session_expired_idle", 401,
        "Your session ended because it was not used for a while.",
        "The session went longer without a refresh than its idle window allows. Sign in again; nothing else is needed.";
    /// The absolute window passed, counted from the sign-in.
    SessionExpiredAbsolute = "session_expired_absolute", 401,
        "Your session reached the longest time it may last.",
        "Every session ends a fixed time after its sign-in, however much it is used. Sign in again; nothing else is needed.";
    /// Anything else that is wrong with a refresh token.
    InvalidRefreshToken = "invalid_refresh_token", 401,
        "This sign-in is no longer valid.",
        "The refresh token is missing, malformed, already used, or belongs to a session that was ended. Which of these it was is not told. Sign in again.";
    /// An access token that is missing, malformed, forged or of the wrong kind.
    InvalidAccessToken = "invalid_access_token", 401,
        "Sign in to continue.",
        "The request needs a valid access token in its Authorization header, as `Bearer <token>`. Tokens in the address or in a cookie are not read.";
    /// A genuine access token past its time.
    AccessTokenExpired = "access_token_expired", 401,
        "The access token has expired.",
        "Access tokens live for five minutes at most. Refresh the session and send the request again.";
    /// The session behind an access token was ended.
    SessionRevoked = "session_revoked", 401,
        "This session was ended.",
        "Somebody signed this session out, or the user was deactivated. Sign in again.";
    /// Wrong address or password; which of the two is not told.
    InvalidCredentials = "invalid_credentials", 401,
        "The e-mail address or the password is not right.",
        "The address and the password do not belong together, or the user cannot sign in. Which of these it was is not told. Check both and try again.";
    /// A sensitive act, and the sign-in is not fresh enough.
    ReauthenticationRequired = "reauthentication_required", 403,
        "Confirm that it is you to continue.",
        "Sensitive acts need a fresh sign-in, of the last 15 minutes unless the operator has set another time. Re-authenticate and send the request again.";
    /// Only an owner of the account may do this.
    OwnerRequired = "owner_required", 403,
        "Only an owner of the account can do this.",
        "The act is kept for users with the role `owner`. Ask one of the account's owners.";
    /// Refused for another reason than the role of owner.
    Forbidden = "forbidden", 403,
        "This is not allowed.",
        "The request was understood and refused: the role does not allow it, or a browser sent it from another site. The session cookie is honoured only for same-origin JSON requests.";
    /// The e-mail address has not been verified.
    EmailNotVerified = "email_not_verified", 403,
        "Verify your e-mail address first.",
        "Open the link in the message that was sent to the address, or ask for a new one.";
    /// No such thing, or none that the caller may know of.
    NotFound = "not_found", 404,
        "There is nothing here.",
        "No such address, or no such thing in your account. Things of other accounts are answered the same way.";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405,
        "This address does not take that kind of request.",
        "The path exists, but not with this HTTP method. The Allow header lists those that it takes.";
    /// The request contradicts the present state.
    Conflict = "conflict", 409,
        "This clashes with something that is already there.",
        "The request contradicts the present state, for example by naming an e-mail address that is taken. Read the state again and decide anew.";
    /// The account would be left without an active owner.
    LastOwner = "last_owner", 409,
        "An account needs at least one active owner.",
        "The last active owner cannot leave, or be demoted, deactivated or removed. Make someone else an owner first, or close the account.";
    /// One cannot deactivate or remove oneself.
    OwnMembership = "own_membership", 409,
        "You cannot lock yourself out.",
        "Nobody can deactivate or remove themselves. Ask another owner, or leave the account under your profile.";
    /// The address belongs to somebody already. Told only to who has proven to receive its mail, or within one account.
    AddressTaken = "address_taken", 409,
        "This e-mail address is in use already.",
        "An e-mail address names one person in the whole system. Sign in with it, or use another address.";
    /// The link in a message was used, has expired, was replaced, or never was one.
    InvalidLink = "invalid_link", 410,
        "This link is no longer good.",
        "Links in messages work once and for a limited time, and not after the password changed. Ask for a new one.";
    /// New accounts are not open to everybody here.
    RegistrationClosed = "registration_closed", 403,
        "New accounts are by invitation only.",
        "The operator has closed registration. Ask an owner of the account to invite you.";
    /// The provider's answer does not belong to this browser's attempt, or came too late.
    OauthStateInvalid = "oauth_state_invalid", 400,
        "This sign-in was not begun in this browser, or took too long.",
        "The answer of the provider must come back to the browser that asked, within ten minutes and once. Begin again.";
    /// The person or the provider said no.
    OauthDenied = "oauth_denied", 403,
        "The provider did not let you in.",
        "The sign-in was cancelled or refused at the provider. Try again, or sign in another way.";
    /// The provider's answer does not hold.
    OauthFailed = "oauth_failed", 502,
        "The provider’s answer could not be accepted.",
        "The provider's token was missing, forged, stale, or meant for somebody else. Begin again; if it stays, tell the operator.";
    /// The provider does not answer.
    OauthUnavailable = "oauth_unavailable", 503,
        "The provider cannot be reached for the moment.",
        "Curfew could not reach the provider. Try again in a moment, or sign in another way.";
    /// The person showed the provider that it is somebody else than the user here.
    IdentityMismatch = "identity_mismatch", 403,
        "You signed in as somebody else at the provider.",
        "To confirm that it is you, sign in at the provider as the one whom you linked there. Begin again.";
    /// The link was opened in another browser than the sign-in that it belongs to.
    WrongBrowser = "wrong_browser", 403,
        "Open this link in the browser in which you signed in with the provider.",
        "The provider does not vouch for the address, so the link counts only together with that sign-in, in its browser. Open it there, or sign in with the provider once more in this one.";
    /// The provider names an address that somebody has here already, whom the identity is not linked to.
    OauthLinkRequired = "oauth_link_required", 409,
        "There is a user with this e-mail address already.",
        "Sign in with the password once, then link the provider under your profile.";
    /// The identity is linked to somebody else.
    IdentityTaken = "identity_taken", 409,
        "This identity is linked to somebody else.",
        "An identity at a provider can belong to one user only. Unlink it there first.";
    /// Unlinking would leave no way to sign in.
    LastSignInMethod = "last_sign_in_method", 409,
        "This is your only way to sign in.",
        "Set a password or link another provider first.";
    /// The body is larger than is accepted.
    PayloadTooLarge = "payload_too_large", 413,
        "The request is too large.",
        "Request bodies may be 64 KiB long at most.";
    /// The body's content type is not one that is accepted here.
    UnsupportedMediaType = "unsupported_media_type", 415,
        "The request's content type is not accepted here.",
        "Send JSON as `application/json`; the sign-in form as `application/x-www-form-urlencoded`.";
    /// A malformed body, an unknown field, a value out of bounds.
    ValidationFailed = "validation_failed", 422,
        "Something in the request is not right.",
        "The body is malformed, has an unknown field, lacks one, or a value is out of bounds. `errors` names the fields.";
    /// Asked too often.
    TooManyRequests = "too_many_requests", 429,
        "Too many attempts. Wait a moment and try again.",
        "There were too many attempts in a short time. The Retry-After header says how many seconds to wait.";
    /// A fault of the server's own.
    Internal = "internal_error", 500,
        "Something went wrong on our side.",
        "The server met a fault that it did not expect. It has been logged with the request's id (the X-Request-Id header). Try again; if it stays, tell the operator that id.";
    /// The server cannot answer for the moment.
    Unavailable = "unavailable", 503,
        "The service cannot answer for the moment. Nothing was changed, and nobody was signed out.",
        "The server cannot reach its database or has too much to do. Nothing was ended. The Retry-After header says how many seconds to wait.";
}

// Derived, it would name the variants: the renaming is hidden in the macro.
#[cfg(feature = "openapi")]
crate::words_schema!(ErrorCode);

impl ErrorCode {
    /// Where the explanation stands: a problem's `type`.
    #[must_use]
    pub fn type_uri(self) -> String {
        format!("{}{}", crate::route::PROBLEMS, self.as_str())
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not one of the taxonomy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownErrorCode;

impl FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word).ok_or(UnknownErrorCode)
    }
}

/// The body of every error: `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct Problem {
    /// A page that explains the error, relative to the server.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The sentence for a person.
    pub title: String,
    /// The HTTP status once more.
    pub status: u16,
    /// The machine word.
    pub detail: ErrorCode,
    /// What is wrong with which field; only with `validation_failed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// The body for `code`.
    #[must_use]
    pub fn new(code: ErrorCode, errors: Vec<FieldError>) -> Self {
        Self {
            type_uri: code.type_uri(),
            title: code.title().to_owned(),
            status: code.status(),
            detail: code,
            errors,
        }
    }
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's name in the request; empty for the body as a whole.
    pub field: String,
    /// What is wrong, as a word.
    pub code: FieldCode,
    /// The same as a sentence for a person.
    pub message: String,
    /// The bound that was passed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
}

impl FieldError {
    /// An error without a bound.
    pub fn new(field: impl Into<String>, code: FieldCode, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into(), limit: None }
    }

    /// The same with the bound that was passed.
    #[must_use]
    pub fn with_limit(self, limit: i64) -> Self {
        Self { limit: Some(limit), ..self }
    }
}

/// What can be wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldCode {
    /// Not there.
    Required,
    /// Not a field of this request.
    Unknown,
    /// Not of the form that is asked for.
    Malformed,
    /// Below the least value; `limit` is that value.
    TooSmall,
    /// Above the greatest value; `limit` is that value.
    TooLarge,
    /// Shorter than the least length; `limit` is that length.
    TooShort,
    /// Longer than the greatest length; `limit` is that length.
    TooLong,
    /// The effective idle window is longer than the effective absolute one; `limit` is the latter, in minutes.
    ExceedsAbsolute,
    /// A password that is among the first that an attacker tries.
    TooCommon,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_its_way_through_json_and_text() {
        for &code in ErrorCode::ALL {
            let json = serde_json::to_string(&code).unwrap();
            assert_eq!(json, format!("\"{code}\""));
            assert_eq!(serde_json::from_str::<ErrorCode>(&json).unwrap(), code);
            assert_eq!(code.as_str().parse(), Ok(code));
        }
        assert_eq!("unheard_of".parse::<ErrorCode>(), Err(UnknownErrorCode));
    }

    #[test]
    fn a_problem_has_its_five_members() {
        let problem = Problem::new(
            ErrorCode::ValidationFailed,
            vec![FieldError::new("idle_minutes", FieldCode::TooSmall, "At least 15.").with_limit(15)],
        );
        assert_eq!(
            serde_json::to_value(&problem).unwrap(),
            serde_json::json!({
                "type": "/problems/validation_failed",
                "title": "Something in the request is not right.",
                "status": 422,
                "detail": "validation_failed",
                "errors": [{"field": "idle_minutes", "code": "too_small", "message": "At least 15.", "limit": 15}],
            })
        );
        let bare = serde_json::to_value(Problem::new(ErrorCode::NotFound, vec![])).unwrap();
        assert_eq!(bare.as_object().unwrap().len(), 4, "no empty `errors`");
    }
}
