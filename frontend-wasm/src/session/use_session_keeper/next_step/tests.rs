use super::*;
use crate::{
    api::failure::ConnectionProblem,
    session::auth_state::{
        AuthAction,
        example::{at, session},
    },
    test,
};

/// `second` after the sign-in, the page is looked at, last touched at `input`.
fn seen_at(second: i64, input: impl Into<Option<i64>>) -> Circumstances {
    Circumstances { device_now: at(second), last_input_at: input.into().map(at), is_visible: true }
}

/// A session that ends unused after 15 minutes and at the latest after an hour.
fn signed_in() -> AuthState {
    AuthState::new(Phase::SignedIn(Box::new(session())))
}

fn troubled(state: AuthState, tried: i64, wait: i64) -> AuthState {
    state.next(AuthAction::ServerFailed {
        problem: ConnectionProblem::Unreachable,
        at: at(tried),
        wait: TimeDelta::seconds(wait),
    })
}

fn wait_of(seconds: i64) -> Step {
    Step::Wait(TimeDelta::seconds(seconds))
}

#[test]
fn an_open_page_alone_never_renews_its_session() {
    for second in 0..900 {
        assert!(matches!(next_step(&signed_in(), seen_at(second, None)), Step::Wait(_)), "{second}");
    }
    assert_eq!(next_step(&signed_in(), seen_at(900, None)), Step::Refresh(RefreshTrigger::Background));
}

#[test]
fn the_page_looks_at_the_exact_deadline_and_at_least_every_30_seconds() {
    assert_eq!(next_step(&signed_in(), seen_at(0, None)), wait_of(30));
    assert_eq!(next_step(&signed_in(), seen_at(889, None)), wait_of(11));
    assert_eq!(next_step(&signed_in(), seen_at(589, None)), wait_of(11), "the warning comes on time");
    let mut far = session();
    far.idle_expires_at = at(90 * 24 * 3_600);
    far.absolute_expires_at = at(90 * 24 * 3_600);
    let far = AuthState::new(Phase::SignedIn(Box::new(far)));
    assert_eq!(next_step(&far, seen_at(0, None)), wait_of(30), "no timer beyond 2³¹ ms");
}

#[test]
fn the_nearer_deadline_counts() {
    let mut session = session();
    session.absolute_expires_at = at(600);
    let state = AuthState::new(Phase::SignedIn(Box::new(session)));
    assert_eq!(next_step(&state, seen_at(599, None)), wait_of(1));
    assert_eq!(next_step(&state, seen_at(600, None)), Step::Refresh(RefreshTrigger::Background));
}

#[test]
fn deadlines_are_counted_by_the_servers_clock() {
    let mut session = session();
    session.clock_ahead_ms = 3_600_000;
    let state = AuthState::new(Phase::SignedIn(Box::new(session)));
    assert_eq!(next_step(&state, seen_at(899 - 3_600, None)), wait_of(1));
    assert_eq!(next_step(&state, seen_at(900 - 3_600, None)), Step::Refresh(RefreshTrigger::Background));
}

#[test]
fn real_input_renews_the_idle_window_once_a_minute() {
    for (second, input, expected) in [
        (59, 30, wait_of(1)),
        (60, 30, Step::Refresh(RefreshTrigger::UserActivity)),
        (60, 60, Step::Refresh(RefreshTrigger::UserActivity)),
        // Input before the last renewal has had its effect.
        (60, 0, wait_of(30)),
        // Long ago: the device slept, and nobody has touched it since.
        (149, 30, Step::Refresh(RefreshTrigger::UserActivity)),
        (150, 30, wait_of(30)),
        (899, 898, Step::Refresh(RefreshTrigger::UserActivity)),
        // Too late is too late.
        (900, 899, Step::Refresh(RefreshTrigger::Background)),
    ] {
        assert_eq!(next_step(&signed_in(), seen_at(second, input)), expected, "{second} {input}");
    }
}

#[test]
fn a_clock_that_was_put_back_makes_nobody_present() {
    for (second, input) in [(300, 3_900), (300, 301), (899, 900)] {
        assert!(matches!(next_step(&signed_in(), seen_at(second, input)), Step::Wait(_)), "{second} {input}");
    }
    let starting = troubled(AuthState::new(Phase::Starting), 0, 8);
    assert_eq!(next_step(&starting, seen_at(8, 9)), Step::Refresh(RefreshTrigger::Background));
}

#[test]
fn the_page_looks_on_time_whatever_it_is_busy_with() {
    for (second, seconds) in [(0, 30), (589, 11), (600, 30), (889, 11), (899, 1), (900, 30)] {
        assert_eq!(next_check(&signed_in(), at(second)), TimeDelta::seconds(seconds), "{second}");
    }
    assert_eq!(next_check(&AuthState::new(Phase::Starting), at(0)), LONGEST_WAIT);
}

#[test]
fn a_short_idle_window_is_renewed_four_times_as_often_as_it_ends() {
    let mut session = session();
    session.idle_expires_at = at(40);
    let state = AuthState::new(Phase::SignedIn(Box::new(session)));
    assert_eq!(next_step(&state, seen_at(9, 5)), wait_of(1));
    assert_eq!(next_step(&state, seen_at(10, 5)), Step::Refresh(RefreshTrigger::UserActivity));
}

#[test]
fn a_tab_that_nobody_looks_at_never_renews() {
    let hidden = Circumstances { is_visible: false, ..seen_at(61, 60) };
    assert_eq!(next_step(&signed_in(), hidden), wait_of(30));
    let starting = AuthState::new(Phase::Starting);
    assert_eq!(next_step(&starting, hidden), Step::Refresh(RefreshTrigger::Background));
    assert_eq!(next_step(&starting, seen_at(61, None)), Step::Refresh(RefreshTrigger::UserActivity));
}

#[test]
fn a_silent_server_is_tried_again_when_its_pause_is_over() {
    let state = troubled(signed_in(), 100, 8);
    assert_eq!(next_step(&state, seen_at(100, 99)), wait_of(8), "input does not hurry it");
    assert_eq!(next_step(&state, seen_at(108, None)), Step::Refresh(RefreshTrigger::Background));
    assert_eq!(next_step(&state, seen_at(108, 107)), Step::Refresh(RefreshTrigger::UserActivity));
    let starting = troubled(AuthState::new(Phase::Starting), 100, 8);
    assert_eq!(next_step(&starting, seen_at(107, None)), wait_of(1));
    assert_eq!(
        next_step(&starting, seen_at(108, None)),
        Step::Refresh(RefreshTrigger::Background),
        "nobody may be left"
    );
    assert_eq!(next_step(&starting, seen_at(108, 107)), Step::Refresh(RefreshTrigger::UserActivity));
}

#[test]
fn past_a_deadline_the_page_asks_once_and_without_an_answer_clears_itself() {
    let before = troubled(signed_in(), 890, 60);
    assert_eq!(next_step(&before, seen_at(890, None)), wait_of(10));
    assert_eq!(
        next_step(&before, seen_at(900, None)),
        Step::Refresh(RefreshTrigger::Background),
        "pause or not"
    );
    assert_eq!(next_step(&troubled(before, 900, 60), seen_at(900, None)), Step::Expire);
}

#[test]
fn a_server_that_sees_no_deadline_yet_is_not_hammered() {
    let mut session = session();
    session.issued_at = at(900);
    let state = AuthState::new(Phase::SignedIn(Box::new(session)));
    assert_eq!(next_step(&state, seen_at(901, None)), wait_of(4));
    assert_eq!(next_step(&state, seen_at(905, None)), Step::Refresh(RefreshTrigger::Background));
}

#[test]
fn signed_out_there_is_nothing_to_do_but_to_tell_a_server_that_was_not_told() {
    for reason in
        [SignOutReason::NoSession, SignOutReason::ByUser, SignOutReason::Expired, SignOutReason::Refused]
    {
        assert_eq!(next_step(&AuthState::signed_out(reason), seen_at(0, 0)), Step::Idle);
    }
    let untold = AuthState::signed_out(SignOutReason::Unconfirmed);
    assert_eq!(next_step(&untold, seen_at(0, None)), Step::ConfirmSignOut);
    assert_eq!(next_step(&troubled(untold, 0, 9), seen_at(0, None)), wait_of(9));
}
