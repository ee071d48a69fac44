//! The open invitations, and inviting somebody.

use chrono::{DateTime, Utc};
use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    id::InviteId,
    invite::{CreateInviteRequest, DeliveryProblem, InviteDelivery, InvitePage, InviteSummary},
};
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    api::{Failure, people},
    browser::{clipboard, page},
    components::{
        ConfirmModal, ConfirmModalProps, Entry, EntryFormProps, RoleSelect, RoleSelectProps, email_address,
        past_moment, short_moment,
    },
    hooks::{Page, Work, use_client, use_pages, use_server_now, use_toasts, use_work},
    kept::{use_change, use_kept, use_while},
    pages::{done_or_gone, list_end, status, words, work_form},
    part::{keyed, with},
    role,
};

/// What somebody is invited as unless told.
const USUAL_ROLE: Role = Role::Engineer;
/// When to look whether queued messages were sent, in milliseconds after they were seen. Most are sent at once.
const LOOKS_MS: [u32; 3] = [2_000, 10_000, 60_000];

impl Page for InvitePage {
    type Item = InviteSummary;
    type Cursor = InviteId;

    fn items(&self) -> &[InviteSummary] {
        &self.invites
    }

    fn next(&self) -> Option<InviteId> {
        self.next_cursor
    }
}

#[derive(Clone, PartialEq, Properties)]
pub(super) struct InvitationsProps {
    /// How often what was done to members has taken invitations back.
    pub taken_back: u32,
}

/// The form and the list.
#[component]
pub(super) fn Invitations(props: &InvitationsProps) -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let list = use_pages::<InvitePage>("invites", "#invitations-title", people::invites);
    let inviting = use_work::<String>();
    let taking_back = use_work::<()>();
    let asked = use_kept(|| None::<InviteSummary>);
    let last_asked = use_mut_ref(|| AttrValue::from(""));
    let role = use_kept(|| USUAL_ROLE);
    // A form anew for each invitation.
    let forms = use_kept(|| 0_u32);
    let now = use_server_now(30);
    if let Some(invite) = &*asked {
        *last_asked.borrow_mut() = invite.email.clone().into();
    }
    {
        let list = list.clone();
        use_change(props.taken_back, move |count| {
            if *count > 0 {
                list.reload();
            }
        });
    }
    {
        let list = list.clone();
        let is_queued = |invite: &&InviteSummary| invite.delivery == InviteDelivery::Queued;
        use_while(list.items().filter(is_queued).count(), move |count| {
            let looks = LOOKS_MS.iter().filter(|_| *count > 0).map(|ms| {
                let list = list.clone();
                Timeout::new(*ms, move || list.reload())
            });
            let looks: Vec<_> = looks.collect();
            move || drop(looks)
        });
    }
    use_change(*forms, |forms| {
        if *forms > 0 {
            page::give_lost_focus_to(page::find("#invite_email").as_ref());
        }
    });

    let on_submit = {
        let (client, inviting, list) = (client.clone(), inviting.clone(), list.clone());
        let (role, forms) = (role.clone(), forms.clone());
        Callback::from(move |values: Vec<String>| {
            let email = values.into_iter().next().unwrap_or_default().trim().to_owned();
            let (client, list, role, forms) = (client.clone(), list.clone(), role.clone(), forms.clone());
            inviting.run(async move {
                let request = CreateInviteRequest { email: email.clone(), role: *role };
                let outcome = client.ask(people::invite(&request)).await;
                let is_open_already =
                    outcome.as_ref().err().and_then(Failure::code) == Some(ErrorCode::Conflict);
                if outcome.is_ok() || is_open_already {
                    list.reload();
                }
                outcome?;
                role.set(USUAL_ROLE);
                forms.set(*forms + 1);
                Ok(email)
            });
        })
    };
    let on_changed = {
        let list = list.clone();
        Callback::from(move |()| list.reload())
    };
    let on_ask = {
        let (asked, taking_back) = (asked.setter(), taking_back.clone());
        Callback::from(move |invite| {
            taking_back.reset();
            asked.set(Some(invite));
        })
    };
    let on_cancel = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(None))
    };
    let on_confirm = {
        let (asked, taking_back, list) = (asked.clone(), taking_back.clone(), list.clone());
        Callback::from(move |()| {
            let Some(invite) = (*asked).clone() else { return };
            let (client, closing) = (client.clone(), asked.setter());
            let (list, toasts) = (list.clone(), toasts.clone());
            taking_back.run(async move {
                let is_done = done_or_gone(client.ask(people::revoke_invite(invite.id)).await)?;
                closing.set(None);
                toasts.say(if is_done { "The invitation was taken back." } else { NOT_OPEN });
                list.reload();
                Ok(())
            });
        })
    };
    let entry = Entry {
        id: "invite_email",
        autocomplete: "off",
        missing: "Enter an e-mail address.",
        ..Entry::email()
    };
    let on_role = {
        let role = role.setter();
        Callback::from(move |chosen| role.set(chosen))
    };
    let children = html! {
        <div class="field">
            <label for="invite_role">{ "Role" }</label>
            { with::<RoleSelect>(RoleSelectProps {
                id: Some("invite_role".into()),
                label: None,
                role: *role,
                is_explained: true,
                on_choose: on_role,
            }) }
        </div>
    };
    let submit = ("Send the invitation", "Sending…");
    let form = EntryFormProps { children, ..EntryFormProps::new("invite", vec![entry], submit, on_submit) };
    let email = last_asked.borrow();
    html! {
        <section class="card" aria-labelledby="invitations-title">
            <h2 id="invitations-title" tabindex="-1">{ "Invitations" }</h2>
            { work_form(&forms.to_string(), &inviting, not_invited, form) }
            { status("invite-done", inviting.done().map(|email| {
                format!("An invitation is on its way to {email}. It can be accepted for seven days.")
            })) }
            if let Some(page) = list.first() {
                if page.invites.is_empty() {
                    <p id="invites-empty" class="hint">{ "There are no open invitations." }</p>
                } else {
                    <ul id="invites" class="entries">
                        { for list.items().map(|invite| keyed::<Invitation>(&invite.id.to_string(), InvitationProps {
                            invite: invite.clone(),
                            now,
                            on_changed: on_changed.clone(),
                            on_take_back: on_ask.clone(),
                        })) }
                    </ul>
                }
            }
            { list_end("invites", "invites-more", &list) }
            { with::<ConfirmModal>(ConfirmModalProps {
                id: "take-back".into(),
                is_open: asked.is_some(),
                title: format!("Take the invitation to {email} back?").into(),
                body: "Its link is no longer good then. You can invite the same address again.".into(),
                confirm: "Take it back".into(),
                is_harmless: false,
                busy: "One moment…".into(),
                is_busy: taking_back.is_busy(),
                error: taking_back.failure().map(words::not_done).map(AttrValue::from),
                on_confirm,
                on_cancel,
            }) }
        </section>
    }
}

const NOT_OPEN: &str = "That invitation is open no longer: it was accepted, or taken back.";

fn not_invited(failure: &Failure) -> String {
    match failure.code() {
        Some(ErrorCode::AddressTaken) => "Somebody of this account has that address already.".into(),
        Some(ErrorCode::Conflict) => {
            "That address has an open invitation already. Send it again below.".into()
        }
        _ => words::not_done(failure),
    }
}

fn not_passed_on(failure: &Failure) -> String {
    match failure.code() {
        Some(ErrorCode::InvalidLink) => "This invitation has expired. Send it again.".into(),
        _ => words::not_done(failure),
    }
}

/// Why the last message was not delivered, and what becomes of it.
fn undelivered(invite: &InviteSummary) -> String {
    let Some(problem) = invite.delivery_problem else { return String::new() };
    let reason = match problem {
        DeliveryProblem::Refused => "The mail server refused the address or the message.",
        DeliveryProblem::Unavailable => "The mail server could not be reached.",
    };
    let next = match invite.delivery {
        InviteDelivery::Failed => "Check the address, send it again, or copy the link and pass it on.",
        _ => "We keep trying. You can also copy the link and pass it on.",
    };
    [reason, next].join(" ")
}

#[derive(Clone, PartialEq, Properties)]
struct InvitationProps {
    invite: InviteSummary,
    now: DateTime<Utc>,
    on_changed: Callback<()>,
    on_take_back: Callback<InviteSummary>,
}

/// Copying an invitation's link to the clipboard, and the way to begin. It answers the link if the browser refuses.
#[hook]
fn use_link_copy(id: InviteId, on_changed: Callback<()>) -> (Work<Option<String>>, Callback<MouseEvent>) {
    let client = use_client();
    let toasts = use_toasts();
    let copying = use_work::<Option<String>>();
    let is_shown = copying.done().is_some_and(Option::is_some);
    use_change(is_shown, move |is_shown| {
        let field = is_shown.then(|| page::find(&["#", &link_id(id)].concat())).flatten();
        if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
            let _ = field.focus();
            field.select();
        }
    });
    let on_copy = {
        let copying = copying.clone();
        Callback::from(move |_: MouseEvent| {
            let (client, toasts, on_changed) = (client.clone(), toasts.clone(), on_changed.clone());
            copying.run(async move {
                let url = match client.ask(people::invite_link(id)).await {
                    Ok(link) => link.url,
                    Err(failure) if failure.code() == Some(ErrorCode::NotFound) => {
                        toasts.say(NOT_OPEN);
                        on_changed.emit(());
                        return Ok(None);
                    }
                    Err(failure) => return Err(failure),
                };
                if clipboard::copy(&url).await {
                    toasts.say("Link copied. Anyone who has the link can join.");
                    return Ok(None);
                }
                Ok(Some(url))
            });
        })
    };
    (copying, on_copy)
}

fn link_id(id: InviteId) -> String {
    format!("invite-link-{id}")
}

/// An invitation, and what can be done with it. Each is sent again by itself.
#[component]
fn Invitation(props: &InvitationProps) -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let sending = use_work::<()>();
    let InvitationProps { invite, now, on_changed, on_take_back } = props.clone();
    let (copying, on_copy) = use_link_copy(invite.id, on_changed.clone());
    let link_id = link_id(invite.id);
    let on_again = {
        let (sending, id) = (sending.clone(), invite.id);
        move |_: MouseEvent| {
            let (client, toasts, on_changed) = (client.clone(), toasts.clone(), on_changed.clone());
            sending.run(async move {
                let is_done = done_or_gone(client.ask(people::resend_invite(id)).await)?;
                toasts.say(if is_done {
                    "The invitation was sent again. Only its new link is good."
                } else {
                    NOT_OPEN
                });
                on_changed.emit(());
                Ok(())
            });
        }
    };
    let failure = sending.failure().or(copying.failure());
    let on_back = {
        let invite = invite.clone();
        move |_: MouseEvent| on_take_back.emit(invite.clone())
    };
    html! {
        <li data-email={invite.email.clone()} tabindex="-1">
            <span class="who">
                <span class="name">{ email_address(&invite.email) }</span>
                <span class="detail">
                    { role::name(invite.role) }{ " · " }
                    { match invite.delivery {
                        InviteDelivery::Sent => html! { <>{ "sent " }{ past_moment(invite.sent_at, now) }</> },
                        InviteDelivery::Queued => "being sent".into(),
                        InviteDelivery::Delayed => "not delivered yet".into(),
                        InviteDelivery::Failed => "not delivered".into(),
                    } }
                </span>
                <span role="status" class="error">{ undelivered(&invite) }</span>
                <span class="detail">
                    { if invite.expires_at > now { "Can be accepted " } else { "Ran out " } }
                    { short_moment(invite.expires_at, now) }
                </span>
                <span role="alert" class="error">
                    { failure.map(not_passed_on).unwrap_or_default() }
                </span>
            </span>
            <span class="deeds">
                <button
                    type="button" class="button small" aria-label={format!("Send again: {}", invite.email)}
                    onclick={on_again} aria-disabled={sending.is_busy().then_some("true")}
                >
                    { if sending.is_busy() { "Sending…" } else { "Send again" } }
                </button>
                if invite.expires_at > now {
                    <button
                        type="button" class="button small" aria-label={format!("Copy link: {}", invite.email)}
                        onclick={on_copy} aria-disabled={copying.is_busy().then_some("true")}
                    >
                        { if copying.is_busy() { "Copying…" } else { "Copy link" } }
                    </button>
                }
                <button
                    type="button" class="button small" aria-label={format!("Take back: {}", invite.email)}
                    onclick={on_back}
                >
                    { "Take back" }
                </button>
            </span>
            if let Some(url) = copying.done().cloned().flatten() {
                <span class="field">
                    <label for={link_id.clone()}>
                        { format!("The browser did not copy the link for {}. Copy it here:", invite.email) }
                    </label>
                    <span class="input">
                        <input id={link_id} type="text" readonly=true value={url} />
                    </span>
                </span>
            }
        </li>
    }
}
