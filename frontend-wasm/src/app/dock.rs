//! What is said at the edge of every page: that the session is about to end, and what has just been done.

use std::cell::Cell;

use chrono::TimeDelta;
use curfew_shared::id::SessionId;
use yew::prelude::*;

use crate::{
    browser::page,
    components::{SessionExpiryToast, ToastRegion},
    expiry::{Reason, SessionExpiry, Warning},
    hooks::{use_auth_session_expiry, use_client, use_toasts, use_work},
    pages::{not_extended, not_signed_in_again},
    store::auth::TroubleKind,
};

/// The warning and the messages. Its hook keeps the session, so it is there once, always.
#[component]
pub fn Dock() -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let expiry = use_auth_session_expiry(&client);
    let work = use_work::<()>();
    let (session, clock_ahead, unwarned) = client.store().read(|state| {
        let session = state.session();
        let ahead = session.map_or(0, |session| session.clock_ahead_ms);
        let unwarned = session.and_then(|session| session.unwarned);
        (session.map(|session| session.id), TimeDelta::milliseconds(ahead), unwarned)
    });
    {
        let work = work.clone();
        use_effect_with(expiry.map(|expiry| expiry.deadline), move |_| work.reset());
    }
    {
        let (before, toasts) = (use_state(|| Cell::new(None)), toasts.clone());
        use_effect_with((session, expiry), move |&now| {
            if is_extended(before.replace(now.0.zip(now.1)), now.0.zip(now.1)) && page::is_visible() {
                toasts.say("You stay signed in.");
            }
        });
    }

    let on_stay = {
        let (client, work) = (client.clone(), work.clone());
        Callback::from(move |()| {
            let client = client.clone();
            work.run(async move { client.stay().await });
        })
    };
    let on_sign_in = {
        let (client, work) = (client.clone(), work.clone());
        Callback::from(move |()| {
            let client = client.clone();
            work.run(async move { client.sign_in_again().await });
        })
    };
    let on_dismiss_warning = {
        let client = client.clone();
        Callback::from(move |deadline| client.stop_warning_of(deadline))
    };
    let error = work.failure().zip(expiry).map(|(failure, expiry)| match expiry.reason {
        Reason::Idle => not_extended(failure.trouble().unwrap_or(TroubleKind::Unavailable)),
        Reason::Absolute => not_signed_in_again(failure),
    });
    let warning = expiry.filter(|expiry| Some(expiry.deadline) != unwarned);
    let toast = toasts.current();
    let on_dismiss = {
        let toasts = toasts.clone();
        Callback::from(move |id| toasts.dismiss(id))
    };

    html! {
        <div class="dock">
            // A dialog takes it along while it is open.
            <div id="notices" class="notices">
                <SessionExpiryToast
                    expiry={warning} {clock_ahead} is_busy={work.is_busy()}
                    error={error.map(AttrValue::from)} {on_stay} {on_sign_in}
                    on_dismiss={on_dismiss_warning}
                />
                <ToastRegion
                    id={toast.map_or(0, |toast| toast.id)} message={toast.map(|toast| toast.text.clone())}
                    {on_dismiss}
                />
            </div>
        </div>
    }
}

/// Whether the session was about to end for not being used, and no longer is.
fn is_extended(before: Option<(SessionId, SessionExpiry)>, now: Option<(SessionId, SessionExpiry)>) -> bool {
    let (Some((before_id, before)), Some((now_id, now))) = (before, now) else { return false };
    before_id == now_id
        && before.reason == Reason::Idle
        && before.warning == Warning::Soon
        && now.deadline > before.deadline
}

#[cfg(test)]
mod tests {
    use crate::test;
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_extension_is_told_only_of_the_session_that_was_about_to_end_unused() {
        let state = |id, idle, now| {
            let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
            Some((SessionId(Uuid::from_u128(id)), SessionExpiry::at(at(idle), at(7_200), at(now))))
        };
        assert!(is_extended(state(1, 900, 700), state(1, 1_600, 700)));
        assert!(!is_extended(state(1, 900, 500), state(1, 1_400, 500)), "there was no warning");
        assert!(!is_extended(state(1, 900, 700), state(1, 900, 701)), "nothing moved");
        assert!(!is_extended(state(1, 900, 700), state(2, 1_600, 700)), "somebody else signed in");
        assert!(!is_extended(state(1, 900, 700), None));
        assert!(!is_extended(None, state(1, 900, 700)));
    }
}
