//! The people of the account and its pending invitations, for owners.

use chrono::{DateTime, Utc};
use curfew_shared::member::{MemberCursor, MemberPage, MemberSummary};
use yew::prelude::*;

use super::{
    invitations::Invitations,
    member_action::{MemberAction, MemberActionKind},
    role_select::RoleSelect,
};
use crate::{
    api::members,
    features::{
        list_end::list_end,
        messages::ok_unless_gone,
        nav_link::NavLink,
        use_confirmation::use_confirmation,
        use_cursor_list::{CursorPage, use_cursor_list},
    },
    route::Route,
    session::{use_client::use_client, use_server_now::use_server_now},
    ui::{
        confirm_modal::ConfirmModal,
        duration_text::{counted, people},
        email_address::email_address,
        timestamp::past_timestamp,
        use_document_title::{Focus, use_document_title},
        use_toasts::use_toasts,
    },
};

impl CursorPage for MemberPage {
    type Item = MemberSummary;
    type Cursor = MemberCursor;

    fn items(&self) -> &[MemberSummary] {
        &self.members
    }

    fn next_cursor(&self) -> Option<MemberCursor> {
        self.next_cursor.clone()
    }
}

/// The people and the invitations.
#[component]
pub fn Members() -> Html {
    use_document_title("Members", Focus::Untouched);
    let client = use_client();
    let toasts = use_toasts();
    let list = use_cursor_list::<MemberPage>("members", "#people-title", members::members);
    let action = use_confirmation::<MemberAction>();
    // How often an action has revoked invitations.
    let invites_revoked = use_state(|| 0_u32);
    let now = use_server_now(30);
    let on_ask = action.on_ask();
    let on_confirm = {
        let context = (client, toasts, list.clone(), action.clone(), invites_revoked.clone());
        action.on_confirm(
            &context,
            |(client, toasts, list, confirmation, invites_revoked), action| async move {
                let is_done = ok_unless_gone(action.execute(&client).await)?;
                confirmation.close();
                toasts.show(if is_done { action.done() } else { action.already_gone() });
                if action.takes_ownership() {
                    invites_revoked.set(*invites_revoked + 1);
                    if action.member.is_caller {
                        // From now on the person sees what others see.
                        let _ = client.me().await;
                        return Ok(());
                    }
                }
                list.reload();
                Ok(())
            },
        )
    };
    let question = action.subject().map(MemberAction::question).unwrap_or_default();
    let error = action.subject().zip(action.failure()).map(|(action, failure)| action.not_done(failure));
    html! {
        <div class="settings">
            <NavLink to={Route::Account} class="back">{ "‹ Account" }</NavLink>
            <h1 tabindex="-1">{ "Members" }</h1>
            <section class="card" aria-labelledby="people-title">
                <h2 id="people-title" tabindex="-1">{ "People" }</h2>
                if let Some(page) = list.first() {
                    <p id="members-summary" class="hint">
                        { format!("{} in this account.", people(page.member_count)) }
                    </p>
                    <ul id="members" class="entries">
                        { for list.items().map(|member| row(member, now, &on_ask)) }
                    </ul>
                }
                { list_end("members", "members-more", &list) }
            </section>
            <Invitations invites_revoked={*invites_revoked} />
            <ConfirmModal
                id="member-deed" is_open={action.is_open()} title={question.title} body={question.body}
                confirm={question.confirm} is_harmless={question.is_harmless} busy="One moment…"
                is_busy={action.is_busy()} {error} {on_confirm} on_cancel={action.on_cancel()}
            />
        </div>
    }
}

fn row(member: &MemberSummary, now: DateTime<Utc>, on_ask: &Callback<MemberAction>) -> Html {
    let button = |label: &'static str, class: &'static str, kind: MemberActionKind| {
        let (on_ask, member) = (on_ask.clone(), member.clone());
        html! {
            <button
                type="button" class={classes!("button", "small", class)}
                aria-label={format!("{label}: {}", member.name)}
                onclick={move |_: MouseEvent| on_ask.emit(MemberAction { member: member.clone(), kind })}
            >
                { label }
            </button>
        }
    };
    let on_choose = {
        let member = member.clone();
        on_ask.reform(move |role| MemberAction { member: member.clone(), kind: MemberActionKind::Role(role) })
    };
    html! {
        <li
            key={member.id.to_string()} data-id={member.id.to_string()} data-email={member.email.clone()}
            tabindex="-1"
        >
            <span class="who">
                <span class="name">{ &member.name }{ if member.is_caller { " (you)" } else { "" } }</span>
                if !member.is_active {
                    <span class="badge">{ "deactivated" }</span>
                }
                <span class="detail">{ email_address(&member.email) }</span>
                <span class="detail">
                    if let Some(at) = member.last_login_at {
                        { "Signed in " }{ past_timestamp(at, now) }
                    } else {
                        { "Never signed in" }
                    }
                    { format!(" · {}", counted(member.session_count, "live session")) }
                </span>
            </span>
            <span class="entry-actions">
                <RoleSelect label={format!("Role of {}", member.name)} role={member.role} {on_choose} />
                if member.session_count > 0 && !member.is_caller {
                    { button("Sign out", "", MemberActionKind::SignOut) }
                }
                if !member.is_caller {
                    if member.is_active {
                        { button("Deactivate", "", MemberActionKind::Deactivate) }
                    } else {
                        { button("Reactivate", "", MemberActionKind::Reactivate) }
                    }
                    { button("Remove", "danger-soft", MemberActionKind::Remove) }
                }
            </span>
        </li>
    }
}
