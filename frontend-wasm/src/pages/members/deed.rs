//! What an owner does about a person: asked first, then done, then said.

use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    member::{MemberSummary, UpdateMemberRequest},
};

use crate::{
    api::{Client, Failure, people},
    pages::words,
};

/// What an owner asks for about a person.
#[derive(Clone, PartialEq)]
pub(super) struct Deed {
    pub member: MemberSummary,
    pub kind: DeedKind,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum DeedKind {
    Role(Role),
    Deactivate,
    Reactivate,
    Remove,
    SignOut,
}

/// The question, what will happen, and what the button does.
#[derive(Default)]
pub(super) struct Question {
    pub title: String,
    pub body: String,
    pub confirm: String,
    /// Whether it takes nothing from anybody.
    pub is_harmless: bool,
}

impl Deed {
    /// What to ask before it is done.
    pub fn question(&self) -> Question {
        let name = if self.member.is_caller { "yourself" } else { &self.member.name };
        let deed = match self.kind {
            DeedKind::Role(role) => format!("Make {name} {}", role.with_article()),
            DeedKind::Deactivate => format!("Deactivate {name}"),
            DeedKind::Reactivate => format!("Reactivate {name}"),
            DeedKind::Remove => format!("Remove {name}"),
            DeedKind::SignOut => format!("Sign {name} out"),
        };
        let title = match self.kind {
            DeedKind::Remove => format!("{deed} from the account?"),
            _ => format!("{deed}?"),
        };
        let is_harmless = match self.kind {
            DeedKind::Role(role) => role == Role::Owner || self.member.role == Role::Viewer,
            kind => kind == DeedKind::Reactivate,
        };
        Question { title, body: self.consequences(), confirm: deed, is_harmless }
    }

    fn consequences(&self) -> String {
        let ends_sessions = !matches!(self.kind, DeedKind::Role(_) | DeedKind::Reactivate);
        let sessions = match self.member.session_count {
            0 => String::new(),
            _ if !ends_sessions => String::new(),
            1 => "1 session ends at once. ".into(),
            count => format!("{count} sessions end at once. "),
        };
        let rest = match self.kind {
            DeedKind::Role(Role::Owner) => {
                "Owners administer the account: its people, its security, its audit trail."
            }
            DeedKind::Role(_) if self.member.is_caller => {
                "You can no longer administer the account, nor see this page. Only another owner can undo that."
            }
            DeedKind::Role(_) => "It holds at once, in the sessions that are open too.",
            DeedKind::Reactivate => "The person can sign in again.",
            DeedKind::Deactivate => "The person cannot sign in until reactivated.",
            DeedKind::Remove => "The person no longer belongs to the account.",
            DeedKind::SignOut => "The person can sign in again, and is told by mail.",
        };
        let invitations = if self.takes_ownership() {
            " Invitations from this person that nobody has accepted yet are taken back."
        } else {
            ""
        };
        [&sessions, rest, invitations].concat()
    }

    /// Whether somebody is an owner no longer, and what only owners may have is gone.
    pub fn takes_ownership(&self) -> bool {
        let keeps =
            matches!(self.kind, DeedKind::Role(Role::Owner) | DeedKind::SignOut | DeedKind::Reactivate);
        self.member.role == Role::Owner && !keeps
    }

    /// What to say once it is done.
    pub fn done(&self) -> String {
        let name = &self.member.name;
        match self.kind {
            DeedKind::Role(role) => format!("{name} is {} now", role.with_article()),
            DeedKind::Deactivate => format!("{name} is deactivated"),
            DeedKind::Reactivate => format!("{name} can sign in again"),
            DeedKind::Remove => format!("{name} is removed"),
            DeedKind::SignOut => format!("{name} is signed out"),
        }
    }

    /// What to say where the person was removed meanwhile, so that nothing is left to do.
    pub fn is_void(&self) -> String {
        format!("{} does not belong to the account any more", self.member.name)
    }

    /// Why it was not done.
    pub fn not_done(&self, failure: &Failure) -> String {
        match failure.code() {
            Some(ErrorCode::LastOwner) => {
                format!("{} is the only active owner. Make somebody else an owner first.", self.member.name)
            }
            _ => words::not_done(failure),
        }
    }

    pub async fn carry_out(&self, client: &Client) -> Result<(), Failure> {
        let id = self.member.id;
        let request = match self.kind {
            DeedKind::Role(role) => UpdateMemberRequest { role: Some(role), is_active: None },
            DeedKind::Deactivate => UpdateMemberRequest { role: None, is_active: Some(false) },
            DeedKind::Reactivate => UpdateMemberRequest { role: None, is_active: Some(true) },
            DeedKind::Remove => return client.ask(people::remove_member(id)).await,
            DeedKind::SignOut => return client.ask(people::sign_member_out(id)).await.map(drop),
        };
        client.ask(people::update_member(id, &request)).await
    }
}
