//! The account's people and its open invitations, for owners.

mod deed;
mod invitations;

use chrono::{DateTime, Utc};
use curfew_shared::member::{MemberCursor, MemberPage, MemberSummary};
use yew::prelude::*;

use self::{
    deed::{Deed, DeedKind},
    invitations::Invitations,
};
use super::{done_or_gone, link, list_end};
use crate::{
    api::people,
    components::{ConfirmModal, RoleSelect, email_address, past_moment},
    hooks::{Focus, Page, use_client, use_page, use_pages, use_server_now, use_toasts, use_work},
    length::{self, counted},
    route::Route,
};

impl Page for MemberPage {
    type Item = MemberSummary;
    type Cursor = MemberCursor;

    fn items(&self) -> &[MemberSummary] {
        &self.members
    }

    fn next(&self) -> Option<MemberCursor> {
        self.next_cursor.clone()
    }
}

/// The people and the invitations. For owners.
#[component]
pub fn Members() -> Html {
    use_page("Members", Focus::Untouched);
    let client = use_client();
    let toasts = use_toasts();
    let list = use_pages::<MemberPage>("members", "#people-title", people::members);
    let doing = use_work::<()>();
    let asked = use_state(|| None::<Deed>);
    let last_asked = use_mut_ref(|| None::<Deed>);
    // How often a deed has taken invitations back.
    let taken_back = use_state(|| 0_u32);
    let now = use_server_now(30);
    if asked.is_some() {
        last_asked.borrow_mut().clone_from(&asked);
    }

    let on_ask = {
        let (asked, doing) = (asked.setter(), doing.clone());
        Callback::from(move |deed| {
            doing.reset();
            asked.set(Some(deed));
        })
    };
    let on_cancel = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(None))
    };
    let on_confirm = {
        let (client, asked, doing) = (client.clone(), asked.clone(), doing.clone());
        let (list, toasts, taken_back) = (list.clone(), toasts.clone(), taken_back.clone());
        Callback::from(move |()| {
            let Some(deed) = (*asked).clone() else { return };
            let (client, closing) = (client.clone(), asked.setter());
            let (list, toasts, taken_back) = (list.clone(), toasts.clone(), taken_back.clone());
            doing.run(async move {
                let is_done = done_or_gone(deed.carry_out(&client).await)?;
                closing.set(None);
                toasts.say(if is_done { deed.done() } else { deed.is_void() });
                if deed.takes_ownership() {
                    taken_back.set(*taken_back + 1);
                    if deed.member.is_caller {
                        // From now on they see what others see.
                        let _ = client.me().await;
                        return Ok(());
                    }
                }
                list.reload();
                Ok(())
            });
        })
    };
    let last_asked = last_asked.borrow();
    let question = last_asked.as_ref().map(Deed::question).unwrap_or_default();
    let error = last_asked.as_ref().zip(doing.failure()).map(|(deed, failure)| deed.not_done(failure));
    html! {
        <div class="settings">
            { link(Route::Account, "back", "‹ Account".into()) }
            <h1 tabindex="-1">{ "Members" }</h1>
            <section class="card" aria-labelledby="people-title">
                <h2 id="people-title" tabindex="-1">{ "People" }</h2>
                if let Some(page) = list.first() {
                    <p id="members-summary" class="hint">
                        { format!("{} in this account.", length::people(page.member_count)) }
                    </p>
                    <ul id="members" class="entries">
                        { for list.items().map(|member| row(member, now, &on_ask)) }
                    </ul>
                }
                { list_end("members", "members-more", &list) }
            </section>
            <Invitations taken_back={*taken_back} />
            <ConfirmModal
                id="member-deed" is_open={asked.is_some()} title={question.title} body={question.body}
                confirm={question.confirm} is_harmless={question.is_harmless} busy="One moment…"
                is_busy={doing.is_busy()} error={error.map(AttrValue::from)} {on_confirm} {on_cancel}
            />
        </div>
    }
}

fn row(member: &MemberSummary, now: DateTime<Utc>, on_ask: &Callback<Deed>) -> Html {
    let ask = |words: &'static str, class: &'static str, kind: DeedKind| {
        let (on_ask, member) = (on_ask.clone(), member.clone());
        let label = format!("{words}: {}", member.name);
        html! {
            <button
                type="button" class={classes!("button", "small", class)} aria-label={label}
                onclick={move |_: MouseEvent| on_ask.emit(Deed { member: member.clone(), kind })}
            >
                { words }
            </button>
        }
    };
    let on_choose = {
        let member = member.clone();
        on_ask.reform(move |role| Deed { member: member.clone(), kind: DeedKind::Role(role) })
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
                        { "Signed in " }{ past_moment(at, now) }
                    } else {
                        { "Never signed in" }
                    }
                    { format!(" · {}", counted(member.session_count, "live session")) }
                </span>
            </span>
            <span class="deeds">
                <RoleSelect
                    label={format!("Role of {}", member.name)} role={member.role} {on_choose}
                />
                if member.session_count > 0 && !member.is_caller {
                    { ask("Sign out", "", DeedKind::SignOut) }
                }
                if !member.is_caller {
                    if member.is_active {
                        { ask("Deactivate", "", DeedKind::Deactivate) }
                    } else {
                        { ask("Reactivate", "", DeedKind::Reactivate) }
                    }
                    { ask("Remove", "danger-soft", DeedKind::Remove) }
                }
            </span>
        </li>
    }
}
