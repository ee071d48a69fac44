//! The open invitations, and inviting someone.

use curfew_shared::{
    auth::Role,
    error::ErrorCode,
    id::InviteId,
    invite::{CreateInviteRequest, InviteDelivery, InvitePage, InviteSummary},
};
use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::{
    invitation::{Invitation, NOT_OPEN},
    role_select::RoleSelect,
};
use crate::{
    api::{failure::Failure, invites, use_request::use_request},
    browser::dom,
    features::{
        form_status::form_status,
        list_end::list_end,
        messages::{self, ok_unless_gone},
        use_confirmation::use_confirmation,
        use_cursor_list::{CursorPage, use_cursor_list},
    },
    session::{use_client::use_client, use_server_now::use_server_now},
    ui::{
        confirm_modal::ConfirmModal,
        form::{Form, FormField},
        live_region::LiveRegion,
        use_toasts::use_toasts,
    },
};

const DEFAULT_ROLE: Role = Role::Engineer;

/// When to check whether queued emails were sent, in milliseconds after they were seen. Most are sent at once.
const CHECK_QUEUED_MS: [u32; 3] = [2_000, 10_000, 60_000];

impl CursorPage for InvitePage {
    type Item = InviteSummary;
    type Cursor = InviteId;

    fn items(&self) -> &[InviteSummary] {
        &self.invites
    }

    fn next_cursor(&self) -> Option<InviteId> {
        self.next_cursor
    }
}

#[derive(Clone, PartialEq, Properties)]
pub(super) struct InvitationsProps {
    /// How often an action on a member has revoked invitations.
    pub invites_revoked: u32,
}

/// The form and the list.
#[component]
pub(super) fn Invitations(props: &InvitationsProps) -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let list = use_cursor_list::<InvitePage>("invites", "#invitations-title", invites::invites);
    let invite = use_request::<String>();
    let revoking = use_confirmation::<InviteSummary>();
    let role = use_state(|| DEFAULT_ROLE);
    // Each invitation gets a new form.
    let form_number = use_state(|| 0_u32);
    let now = use_server_now(30);
    {
        let list = list.clone();
        use_effect_with(props.invites_revoked, move |count| {
            if *count > 0 {
                list.reload();
            }
        });
    }
    {
        let list = list.clone();
        let is_queued = |invite: &&InviteSummary| invite.delivery == InviteDelivery::Queued;
        use_effect_with(list.items().filter(is_queued).count(), move |count| {
            let timers = CHECK_QUEUED_MS.iter().filter(|_| *count > 0).map(|ms| {
                let list = list.clone();
                Timeout::new(*ms, move || list.reload())
            });
            let timers: Vec<_> = timers.collect();
            move || drop(timers)
        });
    }
    use_effect_with(*form_number, |number| {
        if *number > 0 {
            dom::restore_focus(dom::find("#invite_email").as_ref());
        }
    });

    let on_submit = {
        let context = (client.clone(), list.clone(), role.clone(), form_number.clone());
        invite.callback(&context, |(client, list, role, form_number), values: Vec<String>| async move {
            let email = values.into_iter().next().unwrap_or_default().trim().to_owned();
            let request = CreateInviteRequest { email: email.clone(), role: *role };
            let result = client.send(invites::create_invite(&request)).await;
            let is_open_already = result.as_ref().err().and_then(Failure::code) == Some(ErrorCode::Conflict);
            if result.is_ok() || is_open_already {
                list.reload();
            }
            result?;
            role.set(DEFAULT_ROLE);
            form_number.set(*form_number + 1);
            Ok(email)
        })
    };
    let on_change = {
        let list = list.clone();
        Callback::from(move |()| list.reload())
    };
    let on_confirm = {
        let context = (client, toasts, list.clone(), revoking.clone());
        revoking.on_confirm(&context, |(client, toasts, list, revoking), invite| async move {
            let is_done = ok_unless_gone(client.send(invites::revoke_invite(invite.id)).await)?;
            revoking.close();
            toasts.show(if is_done { "The invitation was revoked." } else { NOT_OPEN });
            list.reload();
            Ok(())
        })
    };
    let field = FormField {
        id: "invite_email",
        autocomplete: "off",
        required_message: "Enter an e-mail address.",
        ..FormField::email()
    };
    let on_role = {
        let role = role.setter();
        Callback::from(move |chosen| role.set(chosen))
    };
    let done = invite
        .data()
        .map(|email| format!("An invitation is on its way to {email}. It can be accepted for seven days."));
    let email = revoking.subject().map(|invite| invite.email.clone()).unwrap_or_default();
    html! {
        <section class="card" aria-labelledby="invitations-title">
            <h2 id="invitations-title" tabindex="-1">{ "Invitations" }</h2>
            <Form
                key={form_number.to_string()} id="invite" fields={vec![field]} submit="Send the invitation"
                busy="Sending…" status={form_status(&invite, not_invited)} {on_submit}
            >
                <div class="field">
                    <label for="invite_role">{ "Role" }</label>
                    <RoleSelect id="invite_role" role={*role} is_explained=true on_choose={on_role} />
                </div>
            </Form>
            <LiveRegion id="invite-done" text={done} />
            if let Some(page) = list.first() {
                if page.invites.is_empty() {
                    <p id="invites-empty" class="hint">{ "There are no open invitations." }</p>
                } else {
                    <ul id="invites" class="entries">
                        { for list.items().map(|invite| html! {
                            <Invitation
                                key={invite.id.to_string()} invite={invite.clone()} {now} on_change={&on_change}
                                on_revoke={revoking.on_ask()}
                            />
                        }) }
                    </ul>
                }
            }
            { list_end("invites", "invites-more", &list) }
            <ConfirmModal
                id="take-back" is_open={revoking.is_open()} title={format!("Revoke the invitation to {email}?")}
                body="Its link stops working. You can invite the same address again." confirm="Revoke"
                busy="One moment…" is_busy={revoking.is_busy()}
                error={revoking.failure().map(messages::not_done)} {on_confirm} on_cancel={revoking.on_cancel()}
            />
        </section>
    }
}

fn not_invited(failure: &Failure) -> String {
    match failure.code() {
        Some(ErrorCode::AddressTaken) => "Someone in this account already uses this address.".into(),
        Some(ErrorCode::Conflict) => {
            "That address has an open invitation already. Send it again below.".into()
        }
        _ => messages::not_done(failure),
    }
}
