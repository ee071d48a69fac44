//! The account's people and its open invitations, for owners.

use chrono::{DateTime, Utc};
use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    id::InviteId,
    invite::{CreateInviteRequest, InvitePage, InviteSummary},
    member::{MemberCursor, MemberPage, MemberSummary, UpdateMemberRequest},
};
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;
use yew_router::prelude::*;

use super::{alert, load_state, status, words, work_button};
use crate::{
    api::{Client, Failure, people},
    components::{ConfirmModal, Entry, EntryForm, short_moment},
    hooks::{Focus, use_client, use_page, use_server_now, use_toasts, use_work},
    kept::{use_kept, use_once},
    length::{self, counted},
    part::part,
    route::Route,
};

const ROLES: [(Role, &str); 3] = [
    (Role::Owner, "Owner: administers the account"),
    (Role::Engineer, "Engineer: works in it"),
    (Role::Viewer, "Viewer: looks on"),
];

/// What an owner asks for about a person.
#[derive(Clone, PartialEq)]
enum Deed {
    Role(MemberSummary, Role),
    Activate(MemberSummary, bool),
    Remove(MemberSummary),
    SignOut(MemberSummary),
}

impl Deed {
    fn words(&self) -> (String, String, String, String) {
        let and = |member: &MemberSummary, rest: &str| match member.session_count {
            0 => rest.to_owned(),
            1 => format!("1 session ends at once. {rest}"),
            count => format!("{count} sessions end at once. {rest}"),
        };
        match self {
            Self::Role(member, role) => (
                format!("Make {} {}?", member.name, role.with_article()),
                match role {
                    Role::Owner => {
                        "Owners administer the account: its people, its security, its audit trail.".into()
                    }
                    _ => "It holds at once, in the sessions that are open too.".into(),
                },
                format!("Make {} {}", member.name, role.with_article()),
                format!("{} is {} now", member.name, role.with_article()),
            ),
            Self::Activate(member, true) => (
                format!("Reactivate {}?", member.name),
                "The person can sign in again.".into(),
                format!("Reactivate {}", member.name),
                format!("{} can sign in again", member.name),
            ),
            Self::Activate(member, false) => (
                format!("Deactivate {}?", member.name),
                and(member, "The person cannot sign in until reactivated."),
                format!("Deactivate {}", member.name),
                format!("{} is deactivated", member.name),
            ),
            Self::Remove(member) => (
                format!("Remove {} from the account?", member.name),
                and(member, "The person no longer belongs to the account."),
                format!("Remove {}", member.name),
                format!("{} is removed", member.name),
            ),
            Self::SignOut(member) => (
                format!("Sign {} out?", member.name),
                and(member, "The person can sign in again, and is told by mail."),
                format!("Sign {} out", member.name),
                format!("{} is signed out", member.name),
            ),
        }
    }

    async fn carry_out(&self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Role(member, role) => {
                let request = UpdateMemberRequest { role: Some(*role), ..UpdateMemberRequest::default() };
                client.ask(people::update_member(member.id, &request)).await
            }
            Self::Activate(member, active) => {
                let request =
                    UpdateMemberRequest { is_active: Some(*active), ..UpdateMemberRequest::default() };
                client.ask(people::update_member(member.id, &request)).await
            }
            Self::Remove(member) => client.ask(people::remove_member(member.id)).await,
            Self::SignOut(member) => client.ask(people::sign_member_out(member.id)).await.map(drop),
        }
    }
}

/// The people and the invitations. For owners.
#[component]
pub fn Members() -> Html {
    use_page("Members", Focus::Untouched);
    let client = use_client();
    let toasts = use_toasts();
    let load = use_work::<MemberPage>();
    let more = use_work::<()>();
    let members = use_kept(Vec::<MemberSummary>::new);
    let cursor = use_kept(|| None::<MemberCursor>);
    let doing = use_work::<()>();
    let asked = use_kept(|| None::<Deed>);
    let last_asked = use_mut_ref(|| None::<Deed>);
    let now = use_server_now(30);
    if asked.is_some() {
        last_asked.borrow_mut().clone_from(&asked);
    }

    let fetch = {
        let (client, load, members, cursor) =
            (client.clone(), load.clone(), members.setter(), cursor.setter());
        Callback::from(move |()| {
            let (client, members, cursor) = (client.clone(), members.clone(), cursor.clone());
            load.run(async move {
                let page = client.ask(people::members(None)).await?;
                members.set(page.members.clone());
                cursor.set(page.next_cursor.clone());
                Ok(page)
            });
        })
    };
    {
        let fetch = fetch.clone();
        use_once(move || fetch.emit(()));
    }
    let on_more = {
        let (client, more, members, cursor) = (client.clone(), more.clone(), members.clone(), cursor.clone());
        Callback::from(move |()| {
            let (client, members, cursor) = (client.clone(), members.clone(), cursor.clone());
            more.run(async move {
                let page = client.ask(people::members((*cursor).clone())).await?;
                members.set([(*members).clone(), page.members].concat());
                cursor.set(page.next_cursor);
                Ok(())
            });
        })
    };
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
        let (fetch, toasts) = (fetch.clone(), toasts.clone());
        Callback::from(move |()| {
            let Some(deed) = (*asked).clone() else { return };
            let (client, closing) = (client.clone(), asked.setter());
            let (fetch, toasts) = (fetch.clone(), toasts.clone());
            doing.run(async move {
                deed.carry_out(&client).await?;
                closing.set(None);
                toasts.say(deed.words().3);
                fetch.emit(());
                Ok(())
            });
        })
    };
    let (title, body, confirm, _) = last_asked.borrow().as_ref().map(Deed::words).unwrap_or_default();
    let count = load.done().map(|page| page.member_count);
    html! {
        <div class="settings">
            <Link<Route> to={Route::Account} classes="back">{ "‹ Account" }</Link<Route>>
            <h1 tabindex="-1">{ "Members" }</h1>
            <section class="card" aria-labelledby="people-title">
                <h2 id="people-title">{ "People" }</h2>
                if members.is_empty() {
                    { load_state("members", load.is_busy(), load.failure().map(words::not_loaded), &fetch) }
                } else {
                    if let Some(count) = count {
                        <p id="members-summary" class="hint">{ format!("{} in this account.", length::people(count)) }</p>
                    }
                    <ul id="members" class="entries">
                        { for members.iter().map(|member| row(member, now, &on_ask)) }
                    </ul>
                    { alert("members-note", more.failure().or(load.failure()).map(words::not_loaded)) }
                    if cursor.is_some() {
                        { work_button("members-more", "button", "Load more", more.is_busy(), &on_more) }
                    }
                }
            </section>
            { part::<Invitations>("") }
            <ConfirmModal
                id="member-deed" is_open={asked.is_some()} {title} {body} {confirm} busy="One moment…"
                is_busy={doing.is_busy()} error={doing.failure().map(words::not_done).map(AttrValue::from)}
                {on_confirm} {on_cancel}
            />
        </div>
    }
}

fn row(member: &MemberSummary, now: DateTime<Utc>, on_ask: &Callback<Deed>) -> Html {
    let ask = |words: &'static str, class: &'static str, deed: Deed| {
        let on_ask = on_ask.clone();
        let label = format!("{words}: {}", member.name);
        html! {
            <button
                type="button" class={classes!("button", "small", class)} aria-label={label}
                onclick={move |_: MouseEvent| on_ask.emit(deed.clone())}
            >
                { words }
            </button>
        }
    };
    let on_role = {
        let (on_ask, member) = (on_ask.clone(), member.clone());
        move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            let Some(select) = select else { return };
            let chosen = ROLES.iter().find(|(role, _)| role.as_str() == select.value());
            // It shows what is, until the server has agreed.
            select.set_value(member.role.as_str());
            if let Some((role, _)) = chosen.filter(|(role, _)| *role != member.role) {
                on_ask.emit(Deed::Role(member.clone(), *role));
            }
        }
    };
    html! {
        <li key={member.id.to_string()} data-id={member.id.to_string()} data-email={member.email.clone()}>
            <span class="who">
                <span class="name">{ &member.name }{ if member.is_caller { " (you)" } else { "" } }</span>
                if !member.is_active {
                    <span class="badge">{ "deactivated" }</span>
                }
                <span class="detail">{ &member.email }</span>
                <span class="detail">
                    if let Some(at) = member.last_login_at {
                        { "Signed in " }{ short_moment(at, now) }
                    } else {
                        { "Never signed in" }
                    }
                    { format!(" · {}", counted(member.session_count, "live session")) }
                </span>
            </span>
            <span class="deeds">
                <select aria-label={format!("Role of {}", member.name)} onchange={on_role}>
                    { for ROLES.iter().map(|(role, _)| html! {
                        <option value={role.as_str()} selected={*role == member.role}>{ name_of(*role) }</option>
                    }) }
                </select>
                if member.session_count > 0 && !member.is_caller {
                    { ask("Sign out", "", Deed::SignOut(member.clone())) }
                }
                if !member.is_caller {
                    if member.is_active {
                        { ask("Deactivate", "", Deed::Activate(member.clone(), false)) }
                    } else {
                        { ask("Reactivate", "", Deed::Activate(member.clone(), true)) }
                    }
                    { ask("Remove", "danger-soft", Deed::Remove(member.clone())) }
                }
            </span>
        </li>
    }
}

fn name_of(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Engineer => "Engineer",
        Role::Viewer => "Viewer",
    }
}

#[component]
fn Invitations() -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let load = use_work::<InvitePage>();
    let inviting = use_work::<String>();
    let changing = use_work::<()>();
    let role = use_kept(|| Role::Engineer);
    let forms = use_kept(|| 0_u32);
    let now = use_server_now(30);
    let fetch = {
        let (client, load) = (client.clone(), load.clone());
        Callback::from(move |()| {
            let client = client.clone();
            load.run(async move { client.ask(people::invites()).await });
        })
    };
    {
        let fetch = fetch.clone();
        use_once(move || fetch.emit(()));
    }
    let on_role = {
        let role = role.setter();
        move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            let chosen = select.and_then(|it| ROLES.iter().find(|(role, _)| role.as_str() == it.value()));
            if let Some((chosen, _)) = chosen {
                role.set(*chosen);
            }
        }
    };
    let on_submit = {
        let (client, inviting, role) = (client.clone(), inviting.clone(), *role);
        let (fetch, forms) = (fetch.clone(), forms.clone());
        Callback::from(move |values: Vec<String>| {
            let email = values.into_iter().next().unwrap_or_default().trim().to_owned();
            let (client, fetch, forms) = (client.clone(), fetch.clone(), forms.clone());
            inviting.run(async move {
                client.ask(people::invite(&CreateInviteRequest { email: email.clone(), role })).await?;
                forms.set(*forms + 1);
                fetch.emit(());
                Ok(email)
            });
        })
    };
    let change = {
        let (client, changing, fetch, toasts) =
            (client.clone(), changing.clone(), fetch.clone(), toasts.clone());
        Callback::from(move |(id, is_again): (InviteId, bool)| {
            let (client, fetch, toasts) = (client.clone(), fetch.clone(), toasts.clone());
            changing.run(async move {
                if is_again {
                    client.ask(people::resend_invite(id)).await?;
                    toasts.say("The invitation was sent again. Only its new link is good.");
                } else {
                    client.ask(people::revoke_invite(id)).await?;
                    toasts.say("The invitation was taken back.");
                }
                fetch.emit(());
                Ok(())
            });
        })
    };
    let not_invited = |failure: &Failure| match failure.code() {
        Some(ErrorCode::AddressTaken) => "Somebody of this account has that address already.".into(),
        Some(ErrorCode::Conflict) => {
            "That address has an open invitation already. Send it again below.".into()
        }
        _ => words::not_done(failure),
    };
    let entry = Entry {
        id: "invite_email",
        autocomplete: "off",
        missing: "Enter an e-mail address.",
        ..Entry::email()
    };
    html! {
        <section class="card" aria-labelledby="invitations-title">
            <h2 id="invitations-title">{ "Invitations" }</h2>
            <EntryForm
                key={forms.to_string()} id="invite" entries={vec![entry]} submit="Send the invitation" busy="Sending…"
                is_busy={inviting.is_busy()} alert={inviting.failure().map(not_invited).map(AttrValue::from)}
                errors={words::field_errors(inviting.failure())} {on_submit}
            >
                <div class="field">
                    <label for="invite_role">{ "Role" }</label>
                    <select id="invite_role" onchange={on_role}>
                        { for ROLES.iter().map(|(it, words)| html! {
                            <option value={it.as_str()} selected={*it == *role}>{ *words }</option>
                        }) }
                    </select>
                </div>
            </EntryForm>
            { status("invite-done", inviting.done().map(|email| {
                format!("An invitation is on its way to {email}. It can be accepted for seven days.")
            })) }
            { alert("invites-note", changing.failure().map(words::not_done)) }
            if let Some(list) = load.done() {
                if list.invites.is_empty() {
                    <p id="invites-empty" class="hint">{ "There are no open invitations." }</p>
                } else {
                    <ul id="invites" class="entries">
                        { for list.invites.iter().map(|invite| invitation(invite, now, &change)) }
                    </ul>
                }
            } else {
                { load_state("invites", load.is_busy(), load.failure().map(words::not_loaded), &fetch) }
            }
        </section>
    }
}

fn invitation(invite: &InviteSummary, now: DateTime<Utc>, change: &Callback<(InviteId, bool)>) -> Html {
    let id = invite.id;
    let button = |words: &'static str, is_again| {
        html! {
            <button
                type="button" class="button small" aria-label={format!("{words}: {}", invite.email)}
                onclick={change.reform(move |_: MouseEvent| (id, is_again))}
            >
                { words }
            </button>
        }
    };
    html! {
        <li key={id.to_string()} data-email={invite.email.clone()}>
            <span class="who">
                <span class="name">{ &invite.email }</span>
                <span class="detail">{ name_of(invite.role) }{ " · sent " }{ short_moment(invite.sent_at, now) }</span>
                <span class="detail">
                    { if invite.expires_at > now { "Can be accepted " } else { "Ran out " } }
                    { short_moment(invite.expires_at, now) }
                </span>
            </span>
            <span class="deeds">
                { button("Send again", true) }
                { button("Take back", false) }
            </span>
        </li>
    }
}
