//! Who is signed in to the account, and the buttons that end their sessions.

use chrono::{DateTime, Utc};
use curfew_shared::security::{ActiveUser, RevokeScope};
use yew::prelude::*;

use super::{email_address, past_moment};
use crate::length::{counted, people};

/// Props of [`ActiveUsers`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ActiveUsersProps {
    /// Who is signed in, newest sign-in first; not everybody if they are very many.
    pub users: Vec<ActiveUser>,
    /// How many there are in all.
    pub count: u64,
    /// Now, by the server's clock.
    pub now: DateTime<Utc>,
    /// Whether nothing can be done for the moment.
    #[prop_or_default]
    pub is_locked: bool,
    /// Called to end sessions, before anybody is asked.
    pub on_revoke: Callback<RevokeScope>,
}

/// Who is signed in. With nobody else there, there is nobody else to sign out.
#[component]
pub fn ActiveUsers(props: &ActiveUsersProps) -> Html {
    let ask = |scope| {
        let (on_revoke, is_locked) = (props.on_revoke.clone(), props.is_locked);
        Callback::from(move |_: MouseEvent| {
            if !is_locked {
                on_revoke.emit(scope);
            }
        })
    };
    let is_locked = props.is_locked.then_some("true");
    html! {
        <>
            <p id="active-users-summary" class="lead">{ summary(props) }</p>
            if !props.users.is_empty() {
                <ul id="active-users" class="people">
                    { for props.users.iter().map(|user| row(user, props.now)) }
                </ul>
            }
            <div class="actions">
                if others(props.count, &props.users) > 0 {
                    <button
                        id="revoke-others" type="button" class="button" onclick={ask(RevokeScope::Others)}
                        aria-disabled={is_locked}
                    >
                        { "Sign out everyone except me" }
                    </button>
                }
                <button
                    id="revoke-all" type="button" class="button danger-soft" onclick={ask(RevokeScope::All)}
                    aria-disabled={is_locked}
                >
                    { "Sign me out and everyone else" }
                </button>
            </div>
        </>
    }
}

/// How many of `count` people are somebody else. Whoever asks is signed in, listed or not.
#[must_use]
pub fn others(count: u64, users: &[ActiveUser]) -> u64 {
    let is_everybody_listed = users.len() as u64 == count;
    if is_everybody_listed && !users.iter().any(|user| user.is_caller) {
        return count;
    }
    count.saturating_sub(1)
}

fn summary(props: &ActiveUsersProps) -> String {
    let shown = props.users.len() as u64;
    match (others(props.count, &props.users), props.count) {
        (0, 0) => "Nobody is signed in.".into(),
        (0, _) => "Only you are signed in.".into(),
        (_, count) if count > shown => format!(
            "{} are signed in. The {shown} who signed in last are listed; {} more {} not shown.",
            people(count),
            count - shown,
            if count - shown == 1 { "is" } else { "are" }
        ),
        (_, 1) => "1 person is signed in.".into(),
        (_, count) => format!("{} are signed in.", people(count)),
    }
}

fn row(user: &ActiveUser, now: DateTime<Utc>) -> Html {
    html! {
        <li key={user.user_id.to_string()}>
            <span class="who">
                <span class="name">{ &user.name }{ if user.is_caller { " (you)" } else { "" } }</span>
                <span class="email">{ email_address(&user.email) }</span>
            </span>
            <span class="when">
                <span>{ "Signed in " }{ past_moment(user.last_login_at, now) }</span>
                if user.session_count > 1 {
                    <span>{ counted(user.session_count, "session") }</span>
                }
            </span>
        </li>
    }
}
