//! What an owner can do about a member: the question, the request, and the messages about its result.

use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    member::{MemberSummary, UpdateMemberRequest},
};

use crate::{
    api::{failure::Failure, members},
    features::messages,
    session::client::Client,
};

/// An action of an owner on a member.
#[derive(Clone, PartialEq)]
pub(super) struct MemberAction {
    pub member: MemberSummary,
    pub kind: MemberActionKind,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum MemberActionKind {
    Role(Role),
    Deactivate,
    Reactivate,
    Remove,
    SignOut,
}

/// The texts of the dialog that asks first.
#[derive(Default)]
pub(super) struct Question {
    pub title: String,
    pub body: String,
    pub confirm: String,
    /// Whether nobody loses anything.
    pub is_harmless: bool,
}

impl MemberAction {
    pub fn question(&self) -> Question {
        let name = if self.member.is_caller { "yourself" } else { &self.member.name };
        let confirm = match self.kind {
            MemberActionKind::Role(role) => format!("Make {name} {}", role.with_article()),
            MemberActionKind::Deactivate => format!("Deactivate {name}"),
            MemberActionKind::Reactivate => format!("Reactivate {name}"),
            MemberActionKind::Remove => format!("Remove {name}"),
            MemberActionKind::SignOut => format!("Sign {name} out"),
        };
        let title = match self.kind {
            MemberActionKind::Remove => format!("{confirm} from the account?"),
            _ => format!("{confirm}?"),
        };
        let is_harmless = match self.kind {
            MemberActionKind::Role(role) => role == Role::Owner || self.member.role == Role::Viewer,
            kind => kind == MemberActionKind::Reactivate,
        };
        Question { title, body: self.consequences(), confirm, is_harmless }
    }

    fn consequences(&self) -> String {
        let ends_sessions = !matches!(self.kind, MemberActionKind::Role(_) | MemberActionKind::Reactivate);
        let sessions = match self.member.session_count {
            0 => String::new(),
            _ if !ends_sessions => String::new(),
            1 => "1 session ends at once. ".into(),
            count => format!("{count} sessions end at once. "),
        };
        let rest = match self.kind {
            MemberActionKind::Role(Role::Owner) => {
                "Owners administer the account: its people, its security, its audit trail."
            }
            MemberActionKind::Role(_) if self.member.is_caller => {
                "You can no longer administer the account, nor see this page. Only another owner can undo that."
            }
            MemberActionKind::Role(_) => "It holds at once, in the sessions that are open too.",
            MemberActionKind::Reactivate => "The person can sign in again.",
            MemberActionKind::Deactivate => "The person cannot sign in until reactivated.",
            MemberActionKind::Remove => "The person no longer belongs to the account.",
            MemberActionKind::SignOut => "The person can sign in again, and is told by mail.",
        };
        let invitations =
            if self.takes_ownership() { " Pending invitations from this person are revoked." } else { "" };
        [&sessions, rest, invitations].concat()
    }

    /// Whether the member stops being an owner, so that their invitations are revoked.
    pub fn takes_ownership(&self) -> bool {
        let keeps = matches!(
            self.kind,
            MemberActionKind::Role(Role::Owner) | MemberActionKind::SignOut | MemberActionKind::Reactivate
        );
        self.member.role == Role::Owner && !keeps
    }

    /// The message once it is done.
    pub fn done(&self) -> String {
        let name = &self.member.name;
        match self.kind {
            MemberActionKind::Role(role) => format!("{name} is {} now", role.with_article()),
            MemberActionKind::Deactivate => format!("{name} is deactivated"),
            MemberActionKind::Reactivate => format!("{name} can sign in again"),
            MemberActionKind::Remove => format!("{name} is removed"),
            MemberActionKind::SignOut => format!("{name} is signed out"),
        }
    }

    /// The message if the member was removed meanwhile, so that nothing is left to do.
    pub fn already_gone(&self) -> String {
        format!("{} no longer belongs to the account", self.member.name)
    }

    /// The message if it failed.
    pub fn not_done(&self, failure: &Failure) -> String {
        match failure.code() {
            Some(ErrorCode::LastOwner) => {
                format!("{} is the only active owner. Make somebody else an owner first.", self.member.name)
            }
            _ => messages::not_done(failure),
        }
    }

    pub async fn execute(&self, client: &Client) -> Result<(), Failure> {
        let id = self.member.id;
        let request = match self.kind {
            MemberActionKind::Role(role) => UpdateMemberRequest { role: Some(role), is_active: None },
            MemberActionKind::Deactivate => UpdateMemberRequest { role: None, is_active: Some(false) },
            MemberActionKind::Reactivate => UpdateMemberRequest { role: None, is_active: Some(true) },
            MemberActionKind::Remove => return client.send(members::remove_member(id)).await,
            MemberActionKind::SignOut => {
                return client.send(members::revoke_member_sessions(id)).await.map(drop);
            }
        };
        client.send(members::update_member(id, &request)).await
    }
}
