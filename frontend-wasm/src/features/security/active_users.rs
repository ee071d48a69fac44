//! The people who are signed in to the account, and the buttons that sign them out.

use chrono::{DateTime, Utc};
use curfew_shared::security::{ActiveUser, RevokeScope};
use yew::prelude::*;

use crate::ui::{
    duration_text::{counted, people},
    email_address::email_address,
    timestamp::past_timestamp,
};

/// Props of [`ActiveUsers`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ActiveUsersProps {
    /// The people who are signed in, newest sign-in first; not all if there are very many.
    pub users: Vec<ActiveUser>,
    /// How many are signed in.
    pub count: u64,
    /// The server's clock.
    pub now: DateTime<Utc>,
    /// Whether the buttons have no effect for the moment.
    #[prop_or_default]
    pub is_locked: bool,
    /// Called to end sessions; the person still has to confirm.
    pub on_revoke: Callback<RevokeScope>,
}

/// The list and the buttons. If only the caller is signed in, there is no button for the others.
#[component]
pub fn ActiveUsers(props: &ActiveUsersProps) -> Html {
    let on_click = |scope| {
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
                        id="revoke-others" type="button" class="button" onclick={on_click(RevokeScope::Others)}
                        aria-disabled={is_locked}
                    >
                        { "Sign out everyone except me" }
                    </button>
                }
                <button
                    id="revoke-all" type="button" class="button danger-soft" onclick={on_click(RevokeScope::All)}
                    aria-disabled={is_locked}
                >
                    { "Sign me out and everyone else" }
                </button>
            </div>
        </>
    }
}

/// How many of `count` people are not the caller, who is signed in, listed or not.
pub fn others(count: u64, users: &[ActiveUser]) -> u64 {
    let is_complete = users.len() as u64 == count;
    if is_complete && !users.iter().any(|user| user.is_caller) {
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
                <span>{ "Signed in " }{ past_timestamp(user.last_login_at, now) }</span>
                if user.session_count > 1 {
                    <span>{ counted(user.session_count, "session") }</span>
                }
            </span>
        </li>
    }
}
