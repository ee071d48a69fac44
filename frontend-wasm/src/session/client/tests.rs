use super::*;
use crate::{
    session::auth_state::example::{at, session},
    test,
};

#[test]
fn a_refresh_is_needless_once_another_tab_has_got_a_token_for_as_good_a_cause() {
    let mine = AccessToken::new("mine");
    let state = |token: &str, renewed: bool| {
        let mut session = session();
        session.access_token = AccessToken::new(token);
        session.issued_at = at(100);
        session.renewed_at = if renewed { at(100) } else { at(0) };
        AuthState::new(Phase::SignedIn(Box::new(session)))
    };
    for (case, seen, trigger, expected) in [
        (state("mine", true), Some(&mine), RefreshTrigger::Background, false),
        (state("theirs", true), Some(&mine), RefreshTrigger::Background, true),
        (state("theirs", true), Some(&mine), RefreshTrigger::UserActivity, true),
        (state("theirs", false), Some(&mine), RefreshTrigger::Background, true),
        // A timer's refresh left the idle window as it was; the person's still has to renew it.
        (state("theirs", false), Some(&mine), RefreshTrigger::UserActivity, false),
        (state("theirs", true), None, RefreshTrigger::UserActivity, true),
        (AuthState::new(Phase::Starting), None, RefreshTrigger::Background, false),
        (AuthState::signed_out(SignOutReason::ByUser), Some(&mine), RefreshTrigger::UserActivity, true),
    ] {
        assert_eq!(is_settled(&case, seen, trigger), expected, "{case:?} {trigger:?}");
    }
}

#[test]
fn a_refusal_after_the_deadline_is_an_expiry() {
    let signed_in = AuthState::new(Phase::SignedIn(Box::new(session())));
    let starting = AuthState::new(Phase::Starting);
    let open = Some(SessionMarker::SignedIn { until: at(900) });
    for (state, trace, second, expected) in [
        // The example's session ends at 900 unless it is refreshed.
        (&signed_in, None, 897, false),
        (&signed_in, None, 898, true),
        (&signed_in, None, 5_000, true),
        (&starting, open, 897, false),
        (&starting, open, 898, true),
        (&starting, None, 5_000, false),
        (&starting, Some(SessionMarker::SignOutPending), 5_000, false),
    ] {
        assert_eq!(has_expired(state, trace, at(second)), expected, "{state:?} {trace:?} {second}");
    }
}
