use curfew_shared::id::SessionId;
use uuid::Uuid;

use super::*;
use crate::{
    session::auth_state::example::{at, me, session, tokens},
    test,
};

fn signed_in() -> AuthState {
    AuthState::new(Phase::SignedIn(Box::new(session())))
}

fn renewed_at(second: i64) -> AuthAction {
    AuthAction::Refreshed {
        tokens: tokens(second),
        auth_time: None,
        trigger: RefreshTrigger::UserActivity,
        at: at(second),
    }
}

fn someone_else(issued: i64) -> Session {
    Session { id: SessionId(Uuid::from_u128(99)), issued_at: at(issued), ..session() }
}

#[test]
fn deadlines_are_counted_by_the_servers_clock() {
    // The device is an hour slow.
    let session = Session::new(me(0), tokens(0), RefreshTrigger::UserActivity, at(-3_600));
    assert_eq!(session.now(at(-3_600)), at(0));
    assert_eq!(session.now(at(-3_000)), at(600));
    assert_eq!(session.device_time(at(600)), at(-3_000));
    assert_eq!(session.expires_at(), at(900));
}

#[test]
fn a_refresh_for_a_person_starts_the_idle_window_anew_and_a_timers_does_not() {
    let renewed = |trigger| {
        signed_in()
            .next(AuthAction::Refreshed { tokens: tokens(60), auth_time: None, trigger, at: at(60) })
            .session()
            .map(|session| (session.access_token.clone(), session.issued_at, session.renewed_at))
    };
    let token = AccessToken::new("token of second 60");
    assert_eq!(renewed(RefreshTrigger::UserActivity), Some((token.clone(), at(60), at(60))));
    assert_eq!(renewed(RefreshTrigger::Background), Some((token, at(60), at(0))));
}

#[test]
fn who_proves_who_they_are_has_signed_in_then() {
    let since = |auth_time| {
        let renewed = AuthAction::Refreshed {
            tokens: tokens(60),
            auth_time,
            trigger: RefreshTrigger::UserActivity,
            at: at(60),
        };
        signed_in().next(renewed).session().map(|session| session.auth_time)
    };
    assert_eq!(since(None), Some(at(0)));
    assert_eq!(since(Some(at(60))), Some(at(60)));
}

#[test]
fn a_warning_that_was_dismissed_stays_so_through_refreshes_and_trouble() {
    let trouble =
        AuthAction::ServerFailed { problem: ConnectionProblem::Offline, at: at(1), wait: TimeDelta::zero() };
    let state = signed_in().next(trouble).next(AuthAction::WarningDismissed { deadline: at(900) });
    let dismissed_warning = |state: &AuthState| state.session().and_then(|session| session.dismissed_warning);
    assert_eq!((dismissed_warning(&state), state.outage.is_some()), (Some(at(900)), true));
    let newer = Session { issued_at: at(60), ..session() };
    assert_eq!(dismissed_warning(&state.clone().next(AuthAction::SignedIn(Box::new(newer)))), Some(at(900)));
    assert_eq!(dismissed_warning(&state.next(renewed_at(60))), Some(at(900)));
    let nobody = AuthState::signed_out(SignOutReason::ByUser);
    assert_eq!(nobody.clone().next(AuthAction::WarningDismissed { deadline: at(900) }), nobody);
}

#[test]
fn what_is_older_never_replaces_what_is_newer() {
    let state = signed_in().next(renewed_at(60));
    assert_eq!(state.clone().next(AuthAction::SignedIn(Box::new(session()))), state);
    assert_eq!(state.clone().next(AuthAction::MeLoaded { me: me(59), at: at(61) }), state);
}

#[test]
fn a_sign_in_in_another_tab_replaces_the_person() {
    let state = signed_in().next(AuthAction::SignedIn(Box::new(someone_else(10))));
    assert_eq!(state.session().map(|session| session.id), Some(someone_else(10).id));
}

#[test]
fn an_ended_session_does_not_come_back_by_a_late_word_but_another_may_begin() {
    let over = signed_in().next(AuthAction::Ended { reason: SignOutReason::ByUser, session: None });
    assert_eq!(over.phase, Phase::SignedOut { reason: SignOutReason::ByUser, ended: Some(session().id) });
    assert_eq!(over.clone().next(AuthAction::SignedIn(Box::new(session()))), over);
    assert!(over.next(AuthAction::SignedIn(Box::new(someone_else(10)))).session().is_some());
}

#[test]
fn only_the_end_of_the_session_in_hand_ends_it() {
    let end = |session| AuthAction::Ended { reason: SignOutReason::Expired, session };
    let other = Some(someone_else(0).id);
    assert_eq!(signed_in().next(end(other)), signed_in());
    let over = Phase::SignedOut { reason: SignOutReason::Expired, ended: Some(session().id) };
    assert_eq!(signed_in().next(end(Some(session().id))).phase, over);
    assert_eq!(signed_in().next(end(None)).phase, over);
    let starting = AuthState::new(Phase::Starting);
    assert_eq!(starting.clone().next(end(other)), starting, "its own answer decides");
}

#[test]
fn nothing_of_the_person_is_left_after_the_end() {
    let over = signed_in().next(AuthAction::Ended { reason: SignOutReason::Refused, session: None });
    let text = format!("{over:?}");
    assert!(!text.contains("Ada") && !text.contains("example.com") && !text.contains("token"), "{text}");
}

#[test]
fn trouble_keeps_the_session_and_counts_its_attempts_until_the_server_answers() {
    let wait = TimeDelta::seconds(2);
    let trouble = |at| AuthAction::ServerFailed { problem: ConnectionProblem::Offline, at, wait };
    let state = signed_in().next(trouble(at(10))).next(trouble(at(20)));
    assert_eq!(
        state.outage,
        Some(Outage { problem: ConnectionProblem::Offline, tried_at: at(20), retry_at: at(22), attempts: 2 })
    );
    assert_eq!(state.phase, signed_in().phase);
    let hurried = state.clone().next(AuthAction::RetryNow { at: at(21) });
    assert_eq!(hurried.outage.map(|outage| (outage.retry_at, outage.attempts)), Some((at(21), 2)));
    assert_eq!(state.clone().next(AuthAction::ServerRecovered), signed_in());
    let renewed = state.next(renewed_at(30));
    assert_eq!(renewed.outage, None);
}

#[test]
fn nobody_who_is_signed_out_is_told_of_trouble_unless_the_server_still_has_to_be_told() {
    let troubled = |reason| {
        let trouble = AuthAction::ServerFailed {
            problem: ConnectionProblem::Offline,
            at: at(0),
            wait: TimeDelta::seconds(1),
        };
        AuthState::signed_out(reason).next(trouble).outage.is_some()
    };
    assert!(troubled(SignOutReason::Unconfirmed));
    assert!(!troubled(SignOutReason::ByUser) && !troubled(SignOutReason::Expired));
}

#[test]
fn the_late_confirmation_of_a_sign_out_ends_no_session_that_began_since() {
    let untold = AuthState::signed_out(SignOutReason::Unconfirmed);
    assert_eq!(untold.next(AuthAction::SignOutConfirmed), AuthState::signed_out(SignOutReason::ByUser));
    assert_eq!(signed_in().next(AuthAction::SignOutConfirmed), signed_in());
}

#[test]
fn what_the_server_says_of_the_session_is_taken_over() {
    let mut news = me(100);
    news.user.name = "Ada L.".into();
    news.session.idle_expires_at = at(700);
    // The device is 20 seconds slow.
    let state = signed_in().next(AuthAction::MeLoaded { me: news, at: at(80) });
    let session = state.session().unwrap();
    assert_eq!((session.user.name.as_str(), session.idle_expires_at), ("Ada L.", at(700)));
    assert_eq!(session.now(at(80)), at(100));
}

#[test]
fn a_token_is_not_in_what_is_printed() {
    assert!(!format!("{:?}", signed_in()).contains("token of second"));
}
