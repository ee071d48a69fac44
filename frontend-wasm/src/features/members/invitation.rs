//! A pending invitation and its actions.

use chrono::{DateTime, Utc};
use curfew_shared::{
    error::ErrorCode,
    id::InviteId,
    invite::{DeliveryProblem, InviteDelivery, InviteSummary},
};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    api::{
        failure::Failure,
        invites,
        use_request::{RequestHandle, use_request},
    },
    browser::{clipboard, dom},
    features::messages::{self, ok_unless_gone},
    session::use_client::use_client,
    ui::{
        email_address::email_address,
        role_text,
        timestamp::{past_timestamp, relative_timestamp},
        use_toasts::use_toasts,
    },
};

pub(super) const NOT_OPEN: &str = "This invitation is no longer open. It was accepted or revoked.";

#[derive(Clone, PartialEq, Properties)]
pub(super) struct InvitationProps {
    pub invite: InviteSummary,
    pub now: DateTime<Utc>,
    pub on_change: Callback<()>,
    pub on_revoke: Callback<InviteSummary>,
}

/// An invitation and its actions. It is sent again without a question.
#[component]
pub(super) fn Invitation(props: &InvitationProps) -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let resend = use_request::<()>();
    let InvitationProps { invite, now, on_change, on_revoke } = props.clone();
    let (copy, on_copy) = use_copy_link(invite.id, &on_change);
    let link_id = link_id(invite.id);
    let on_resend = {
        let (context, id) = ((client, toasts, on_change), invite.id);
        resend.callback(&context, move |(client, toasts, on_change), _: MouseEvent| async move {
            let is_done = ok_unless_gone(client.send(invites::resend_invite(id)).await)?;
            toasts.show(if is_done {
                "The invitation was sent again. Only its new link works."
            } else {
                NOT_OPEN
            });
            on_change.emit(());
            Ok(())
        })
    };
    let on_revoke = {
        let invite = invite.clone();
        on_revoke.reform(move |_: MouseEvent| invite.clone())
    };
    html! {
        <li data-email={invite.email.clone()} tabindex="-1">
            <span class="who">
                <span class="name">{ email_address(&invite.email) }</span>
                <span class="detail">
                    { role_text::name(invite.role) }{ " · " }
                    { match invite.delivery {
                        InviteDelivery::Sent => html! { <>{ "sent " }{ past_timestamp(invite.sent_at, now) }</> },
                        InviteDelivery::Queued => "being sent".into(),
                        InviteDelivery::Delayed => "not delivered yet".into(),
                        InviteDelivery::Failed => "not delivered".into(),
                    } }
                </span>
                <span role="status" class="error">{ undelivered(&invite) }</span>
                <span class="detail">
                    { if invite.expires_at > now { "Expires " } else { "Expired " } }
                    { relative_timestamp(invite.expires_at, now) }
                </span>
                <span role="alert" class="error">
                    { resend.failure().or(copy.failure()).map(not_passed_on).unwrap_or_default() }
                </span>
            </span>
            <span class="entry-actions">
                <button
                    type="button" class="button small" aria-label={format!("Send again: {}", invite.email)}
                    onclick={on_resend} aria-disabled={resend.is_busy().then_some("true")}
                >
                    { if resend.is_busy() { "Sending…" } else { "Send again" } }
                </button>
                if invite.expires_at > now {
                    <button
                        type="button" class="button small" aria-label={format!("Copy link: {}", invite.email)}
                        onclick={on_copy} aria-disabled={copy.is_busy().then_some("true")}
                    >
                        { if copy.is_busy() { "Copying…" } else { "Copy link" } }
                    </button>
                }
                <button
                    type="button" class="button small" aria-label={format!("Revoke: {}", invite.email)}
                    onclick={on_revoke}
                >
                    { "Revoke" }
                </button>
            </span>
            if let Some(url) = copy.data().cloned().flatten() {
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

/// Copies the link of an invitation to the clipboard. The result is the link if the browser refuses.
#[hook]
fn use_copy_link(
    id: InviteId,
    on_change: &Callback<()>,
) -> (RequestHandle<Option<String>>, Callback<MouseEvent>) {
    let client = use_client();
    let toasts = use_toasts();
    let copy = use_request::<Option<String>>();
    let is_shown = copy.data().is_some_and(Option::is_some);
    use_effect_with(is_shown, move |is_shown| {
        let field = is_shown.then(|| dom::find(&["#", &link_id(id)].concat())).flatten();
        if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
            let _ = field.focus();
            field.select();
        }
    });
    let context = (client, toasts, on_change.clone());
    let on_copy = copy.callback(&context, move |(client, toasts, on_change), _: MouseEvent| async move {
        let url = match client.send(invites::invite_link(id)).await {
            Ok(link) => link.url,
            Err(failure) if failure.code() == Some(ErrorCode::NotFound) => {
                toasts.show(NOT_OPEN);
                on_change.emit(());
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        };
        if clipboard::copy(&url).await {
            toasts.show("Link copied. Anyone who has the link can join.");
            return Ok(None);
        }
        Ok(Some(url))
    });
    (copy, on_copy)
}

fn link_id(id: InviteId) -> String {
    format!("invite-link-{id}")
}

fn not_passed_on(failure: &Failure) -> String {
    match failure.code() {
        Some(ErrorCode::InvalidLink) => "This invitation has expired. Send it again.".into(),
        Some(ErrorCode::Forbidden) => {
            "Only the owner who sent this invitation can copy its link. You can revoke it and invite the person yourself.".into()
        }
        _ => messages::not_done(failure),
    }
}

/// Why the last email was not delivered, and what happens next.
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
