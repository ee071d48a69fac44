//! Leaving the account, which deletes the person's own user.

use curfew_shared::error::ErrorCode;
use yew::prelude::*;

use crate::{
    api::{account, failure::Failure},
    features::{messages, use_confirmation::use_confirmation},
    session::use_client::use_client,
    ui::{
        action_button::ActionButton,
        confirm_modal::ConfirmModal,
        use_toasts::{FAREWELL_MS, use_toasts},
    },
};

/// A button, and a dialog that asks first.
#[component]
pub fn LeaveAccount() -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let leaving = use_confirmation::<String>();
    let name = client.store().read(|state| state.session().map(|it| it.account.name.clone()));
    let name = name.unwrap_or_default();
    let on_press = {
        let name = name.clone();
        leaving.on_ask().reform(move |()| name.clone())
    };
    let on_confirm = {
        let context = (client.clone(), toasts.clone(), leaving.clone());
        leaving.on_confirm(&context, |(client, toasts, leaving), name| async move {
            client.send(account::leave()).await?;
            leaving.close();
            toasts.show_now(format!("You left {name}."));
            client.sign_out_after(FAREWELL_MS).await;
            Ok(())
        })
    };
    html! {
        <section class="card" aria-labelledby="leave-title">
            <h2 id="leave-title">{ "Leave the account" }</h2>
            <p class="hint">
                { "This deletes your user and signs you out everywhere. You can use your email address for another \
                   account. The audit trail keeps your name, your address and what you did." }
            </p>
            <ActionButton id="leave" class="button danger-soft" label={format!("Leave {name}")} {on_press} />
            <ConfirmModal
                id="leaving" is_open={leaving.is_open()} title={format!("Leave {name}?")}
                body="Your user is deleted, your pending invitations are cancelled, and you’re signed out \
                      everywhere. You can only come back if an owner invites you."
                confirm="Leave" busy="Leaving…" is_busy={leaving.is_busy()}
                error={leaving.failure().map(not_left)} {on_confirm} on_cancel={leaving.on_cancel()}
            />
        </section>
    }
}

fn not_left(failure: &Failure) -> String {
    match failure.code() {
        Some(ErrorCode::LastOwner) => {
            "You’re the only active owner. Make someone else an owner first, or close the account.".into()
        }
        _ => messages::not_done(failure),
    }
}
