//! The audit trail: what was done in an account, by whom, and when.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{AuditEventId, SessionId, UserId};

macro_rules! audit_kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)+) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum AuditKind {
            $($(#[$doc])* #[serde(rename = $word)] $name,)+
        }

        impl AuditKind {
            /// Every kind there is.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The word, as in JSON and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

audit_kinds! {
    /// A person signed in; `{method}` is `password`, `invitation` or a provider's name.
    SignedIn = "session.signed_in";
    /// A sign-in failed, or a re-authentication in a session; `{user_id}` is whom it was tried for.
    SignInFailed = "session.sign_in_failed";
    /// A person signed out; with `{reason}` `replaced` by signing in anew in the same browser.
    SignedOut = "session.signed_out";
    /// A session reached the end of a window; `{user_id, reason}` with reason `idle` or `absolute`.
    SessionExpired = "session.expired";
    /// A used refresh token was shown again, and its session ended for it; `{user_id}`.
    ReplayDetected = "session.replay_detected";
    /// The session policy was changed; `{old, new, effective_old, effective_new}`.
    PolicyUpdated = "account.session_policy_update";
    /// Sessions were ended in bulk; `{scope, revoked_count}`.
    SessionsRevoked = "account.sessions_revoked_bulk";
    /// A person ended sessions of their own; `{scope, revoked_count}` with scope `one` (and
    /// `session_id`) or `others`.
    OwnSessionsRevoked = "user.sessions_revoked";
    /// A person said that a sign-in was not theirs, and all their sessions ended;
    /// `{revoked_count, unlinked_count, revoked_invite_count, old_email, email}`.
    SignInDisowned = "user.sign_in_disowned";
    /// A person proved once more who they are; `{method}` is `password` or a provider's name.
    Reauthenticated = "user.reauthenticated";
    /// A person changed their password; `{revoked_count}`.
    PasswordChanged = "user.password_changed";
    /// A person set a new password by a link in a message; `{revoked_count, unlinked_count, revoked_invite_count}`.
    PasswordReset = "user.password_reset";
    /// A person changed their name; `{old, new}`.
    NameChanged = "user.name_changed";
    /// A person changed their e-mail address; `{old, new}`.
    EmailChanged = "user.email_changed";
    /// An identity at a provider was linked; `{provider, identity_id, by}`, where `by` is `person`, `address`,
    /// `invitation` or `registration`.
    IdentityLinked = "user.identity_linked";
    /// A person unlinked an identity at a provider; `{provider, identity_id}`.
    IdentityUnlinked = "user.identity_unlinked";
    /// The account came into being with its first owner; without an actor, an operator made it.
    AccountCreated = "account.created";
    /// The account's name was changed; `{old, new}`.
    AccountRenamed = "account.renamed";
    /// The account was closed; `{name, member_count, revoked_invite_count}`. Without an actor, an operator did it.
    AccountClosed = "account.closed";
    /// An owner invited somebody; `{invite_id, email, role}`.
    InviteCreated = "invite.created";
    /// An owner sent an invitation once more; `{invite_id, email}`.
    InviteResent = "invite.resent";
    /// An owner copied the link of an invitation; `{invite_id, email}`.
    InviteLinkCopied = "invite.link_copied";
    /// An owner took an invitation back; `{invite_id, email}`.
    InviteRevoked = "invite.revoked";
    /// An invited person joined; `{invite_id, email, role}`.
    InviteAccepted = "invite.accepted";
    /// An owner changed somebody's role; `{user_id, old, new}`.
    MemberRoleChanged = "member.role_changed";
    /// An owner deactivated somebody, also by reporting a takeover; `{user_id, revoked_count}`.
    MemberDeactivated = "member.deactivated";
    /// An owner reactivated somebody; `{user_id}`.
    MemberReactivated = "member.reactivated";
    /// An owner removed somebody, or closed the account; `{user_id, name, email, revoked_count}`. Without an actor,
    /// an operator closed it.
    MemberRemoved = "member.removed";
    /// A person left the account; `{user_id, name, email, revoked_count}`.
    MemberLeft = "member.left";
    /// An owner ended somebody's sessions; `{user_id, revoked_count}`.
    MemberSessionsRevoked = "member.sessions_revoked";
    /// An operator made a user; `{user_id, role}`.
    UserCreatedByOperator = "operator.user_created";
    /// An operator ended sessions; `{user_id, revoked_count}`.
    SessionsRevokedByOperator = "operator.sessions_revoked";
    /// An operator deactivated a user; `{user_id, revoked_count}`.
    UserDeactivatedByOperator = "operator.user_deactivated";
    /// An operator deleted a user; `{user_id, name, email, revoked_count}`.
    UserDeletedByOperator = "operator.user_deleted";
    /// An operator reactivated a user; `{user_id}`.
    UserReactivatedByOperator = "operator.user_reactivated";
    /// An operator set a user's password; `{user_id, revoked_count, unlinked_count, revoked_invite_count}`.
    PasswordSetByOperator = "operator.password_set";
}

#[cfg(feature = "openapi")]
crate::words_schema!(AuditKind);

impl fmt::Display for AuditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not the name of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownAuditKind;

impl FromStr for AuditKind {
    type Err = UnknownAuditKind;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word).ok_or(UnknownAuditKind)
    }
}

/// An entry of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct AuditEvent {
    /// Its id; later entries have later ids.
    pub id: AuditEventId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: AuditKind,
    /// Whose deed it was, where it was somebody's of this account.
    pub actor: Option<AuditPerson>,
    /// Whom it was done to, or tried for, where that was somebody of this account: the payload's `user_id`.
    pub subject: Option<AuditPerson>,
    /// The session that it was done in, or to.
    pub session_id: Option<SessionId>,
    /// The network address that the request came from.
    pub address: Option<String>,
    /// The rest; see the kind.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub payload: serde_json::Value,
}

/// A person in an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPerson {
    /// The user's id.
    pub user_id: UserId,
    /// The name as it is now; none once the user was removed.
    pub name: Option<String>,
    /// The e-mail address as it is now; none once the user was removed.
    pub email: Option<String>,
}

/// A page of the trail, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct AuditPage {
    /// The entries.
    pub events: Vec<AuditEvent>,
    /// Send it as `cursor` for the next page; none on the last.
    pub next_cursor: Option<AuditEventId>,
}

/// Which entries, as the query of `GET /accounts/me/audit-events`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct AuditQuery {
    /// Only of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(inline))]
    pub kind: Option<AuditKind>,
    /// Only deeds of this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(value_type = Option<uuid::Uuid>))]
    pub actor_id: Option<UserId>,
    /// Only what this user did, or what was done to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(value_type = Option<uuid::Uuid>))]
    pub person_id: Option<UserId>,
    /// Only from this moment on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Only before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// How many at most; 50 unless told, 100 at the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(value_type = Option<uuid::Uuid>))]
    pub cursor: Option<AuditEventId>,
}
