//! The messages at the edge of every page: the session is about to end, and what has just been done.

use chrono::TimeDelta;
use curfew_shared::id::SessionId;
use yew::prelude::*;

use super::session_expiry_toast::SessionExpiryToast;
use crate::{
    api::{failure::ConnectionProblem, use_request::use_request},
    browser::dom,
    features::messages::{not_extended, not_signed_in_again},
    session::{
        client::Client,
        expiry::{Reason, SessionExpiry, Warning},
        use_client::use_client,
        use_session_expiry::use_session_expiry,
    },
    ui::{toast_region::ToastRegion, use_toasts::use_toasts},
};

/// The warning and the toasts. Its hook keeps the session alive, so it is mounted once, always.
#[component]
pub fn StatusDock() -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let expiry = use_session_expiry(&client);
    let request = use_request::<()>();
    let (session, clock_ahead, dismissed_warning) = client.store().read(|state| {
        let session = state.session();
        let ahead = session.map_or(0, |session| session.clock_ahead_ms);
        let dismissed = session.and_then(|session| session.dismissed_warning);
        (session.map(|session| session.id), TimeDelta::milliseconds(ahead), dismissed)
    });
    {
        let request = request.clone();
        use_effect_with(expiry.map(|expiry| expiry.deadline), move |_| request.reset());
    }
    {
        let (before, toasts) = (use_mut_ref(|| None), toasts.clone());
        use_effect_with(session.zip(expiry), move |&now| {
            if is_extended(before.replace(now), now) && dom::is_visible() {
                toasts.show("You stay signed in.");
            }
        });
    }
    let on_stay =
        request.callback(&client, |client: Client, ()| async move { client.extend_session().await });
    let on_sign_in =
        request.callback(&client, |client: Client, ()| async move { client.sign_in_again().await });
    let on_dismiss_warning = {
        let client = client.clone();
        Callback::from(move |deadline| client.dismiss_warning(deadline))
    };
    let error = request.failure().zip(expiry).map(|(failure, expiry)| match expiry.reason {
        Reason::Idle => not_extended(failure.connection_problem().unwrap_or(ConnectionProblem::Unavailable)),
        Reason::Absolute => not_signed_in_again(failure),
    });
    let warning = expiry.filter(|expiry| Some(expiry.deadline) != dismissed_warning);
    let toast = toasts.current();
    let on_dismiss = {
        let toasts = toasts.clone();
        Callback::from(move |id| toasts.dismiss(id))
    };

    html! {
        <div class="dock">
            // An open dialog takes it along.
            <div id="notices" class="notices">
                <SessionExpiryToast
                    expiry={warning} {clock_ahead} is_busy={request.is_busy()} {error} {on_stay} {on_sign_in}
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

/// Whether the session was about to end for inactivity, and no longer is.
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
    fn an_extension_is_announced_only_for_the_session_that_was_about_to_end() {
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
