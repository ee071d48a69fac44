//! The sign-in form.

use std::{cell::RefCell, rc::Rc};

use curfew_shared::error::{FieldCode, FieldError};
use wasm_bindgen_test::wasm_bindgen_test as test;
use yew::Callback;

use super::screen::{Screen, has_focus, until};
use curfew_frontend::features::sign_in::sign_in_form::{Credentials, SignInForm, SignInFormProps};

type Submitted = Rc<RefCell<Vec<Credentials>>>;

fn props() -> (SignInFormProps, Submitted) {
    let submitted = Submitted::default();
    let on_submit = {
        let submitted = Rc::clone(&submitted);
        Callback::from(move |credentials| submitted.borrow_mut().push(credentials))
    };
    (SignInFormProps { is_busy: false, alert: None, errors: vec![], on_submit }, submitted)
}

#[test]
async fn an_empty_form_says_what_is_missing_and_asks_nobody() {
    let (props, submitted) = props();
    let screen = Screen::<SignInForm>::show(props);
    screen.submit().await;
    screen.sees("#email-error", "Enter your e-mail address.").await;
    screen.sees("#password-error", "Enter your password.").await;
    let email = screen.input("#email").await;
    assert_eq!(email.get_attribute("aria-invalid").as_deref(), Some("true"));
    assert_eq!(email.get_attribute("aria-describedby").as_deref(), Some("email-error"));
    has_focus("#email").await;
    assert!(submitted.borrow().is_empty());
}

#[test]
async fn only_what_is_missing_is_marked() {
    let (props, _) = props();
    let screen = Screen::<SignInForm>::show(props);
    screen.type_into("#email", "ada@example.com").await;
    screen.submit().await;
    screen.find("#password-error").await;
    screen.lacks("#email-error").await;
    has_focus("#password").await;
}

#[test]
async fn a_complete_form_hands_over_what_was_typed() {
    let (props, submitted) = props();
    let screen = Screen::<SignInForm>::show(props);
    screen.type_into("#email", "ada@example.com").await;
    screen.type_into("#password", " with spaces ").await;
    screen.submit().await;
    let credentials = until("a submit", || submitted.borrow().first().cloned()).await;
    assert_eq!(credentials.email, "ada@example.com");
    assert_eq!(credentials.password, " with spaces ");
}

#[test]
async fn a_refusal_is_announced_in_a_region_that_stood_there_and_keeps_what_was_typed() {
    let (props, _) = props();
    let mut screen = Screen::<SignInForm>::show(props.clone());
    let region = screen.find("[role=alert]").await;
    assert_eq!(region.text_content().as_deref(), Some(""));
    screen.type_into("#email", "ada@example.com").await;
    screen.type_into("#password", "wrong").await;
    screen.update(SignInFormProps { alert: Some("Not right.".into()), ..props });
    screen.sees("[role=alert]", "Not right.").await;
    assert!(region.is_connected(), "the same region, not a new one");
    screen.holds("#email", "ada@example.com").await;
    screen.holds("#password", "wrong").await;
}

#[test]
async fn what_the_server_says_of_a_field_stands_at_the_field() {
    let (props, _) = props();
    let errors = vec![FieldError::new("email", FieldCode::TooLong, "At most 254 characters.")];
    let screen = Screen::<SignInForm>::show(SignInFormProps { errors, ..props });
    screen.sees("#email-error", "At most 254 characters.").await;
    screen.lacks("#password-error").await;
}

#[test]
async fn a_busy_form_shows_it_and_does_not_submit_again() {
    let (props, submitted) = props();
    let screen = Screen::<SignInForm>::show(SignInFormProps { is_busy: true, ..props });
    screen.type_into("#email", "ada@example.com").await;
    screen.type_into("#password", "secret").await;
    screen.submit().await;
    screen.sees("#sign-in", "Signing in…").await;
    let button = screen.find("#sign-in").await;
    assert_eq!(button.get_attribute("aria-disabled").as_deref(), Some("true"));
    assert!(submitted.borrow().is_empty());
}

#[test]
async fn the_password_is_shown_on_demand_and_hidden_again_on_submit() {
    let (props, _) = props();
    let screen = Screen::<SignInForm>::show(props);
    screen.type_into("#email", "ada@example.com").await;
    screen.type_into("#password", "secret").await;
    screen.click("#reveal").await;
    screen.find("#password[type=text]").await;
    screen.find("#reveal[aria-label='Hide password']").await;
    screen.holds("#password", "secret").await;
    screen.submit().await;
    screen.find("#password[type=password]").await;
    screen.find("#reveal[aria-label='Show password']").await;
}
