//! The form for the session policy.

use std::{cell::RefCell, rc::Rc};

use curfew_shared::{
    error::{FieldCode, FieldError},
    policy::{Bounds, Policy, PolicyOverride, resolve},
    security::{PolicyView, Preset, PresetName},
};
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{Event, EventInit};
use yew::Callback;

use super::screen::{Screen, has_focus, until};
use curfew_frontend::features::security::policy_form::{PolicyForm, PolicyFormProps};

type Form = Screen<PolicyForm>;
type Saved = Rc<RefCell<Vec<PolicyOverride>>>;

fn policy(set: PolicyOverride, preset: PresetName) -> PolicyView {
    let preset_of = |name, sets: PolicyOverride| Preset {
        name,
        idle_minutes: sets.idle_minutes,
        absolute_minutes: sets.absolute_minutes,
    };
    PolicyView {
        set,
        effective: resolve(set, Policy::STRICT),
        default: Policy::STRICT,
        bounds: Bounds::WIDEST,
        presets: vec![
            preset_of(PresetName::Strict, PolicyOverride::default()),
            preset_of(PresetName::Standard, PolicyOverride::STANDARD),
        ],
        preset,
    }
}

fn props() -> (PolicyFormProps, Saved) {
    let saved = Saved::default();
    let on_save = {
        let saved = Rc::clone(&saved);
        Callback::from(move |set| saved.borrow_mut().push(set))
    };
    let props = PolicyFormProps {
        policy: policy(PolicyOverride::default(), PresetName::Strict),
        is_busy: false,
        saves: 0,
        alert: None,
        errors: vec![],
        draft: None,
        on_save,
    };
    (props, saved)
}

async fn type_into(screen: &Form, selector: &str, text: &str) {
    until("an input that can be typed into", || screen.query(&format!("{selector}:enabled"))).await;
    let input = screen.input(selector).await;
    input.set_value(text);
    let init = EventInit::new();
    init.set_bubbles(true);
    input.dispatch_event(&Event::new_with_event_init_dict("input", &init).unwrap()).unwrap();
    let reading = format!("{selector}-reading");
    let expected =
        format!("minutes = {}", curfew_frontend::ui::duration_text::minutes_in_words(text.parse().unwrap()));
    screen.sees(&reading, &expected).await;
}

async fn value(screen: &Form, selector: &str) -> String {
    screen.input(selector).await.value()
}

#[test]
async fn presets_are_told_in_words_and_their_numbers_cannot_be_typed() {
    let (props, saved) = props();
    let screen = Form::show(props);
    let text = screen.find("fieldset").await.text_content().unwrap();
    assert!(text.contains("3 days idle, 14 days maximum"), "{text}");
    assert!(text.contains("7 days idle, 30 days maximum"), "{text}");
    screen.find("#preset-strict:checked").await;
    screen.find("#idle_minutes:disabled").await;
    screen.find("#absolute_minutes:disabled").await;
    screen.sees("#idle_minutes-reading", "minutes = 3 days").await;
    screen.click("#preset-standard").await;
    screen.sees("#idle_minutes-reading", "minutes = 7 days").await;
    assert_eq!(value(&screen, "#absolute_minutes").await, "43200");
    screen.submit().await;
    until("a save", || saved.borrow().first().copied()).await;
    assert_eq!(*saved.borrow(), [PolicyOverride::STANDARD]);
}

#[test]
async fn own_numbers_are_checked_before_anybody_is_asked() {
    let (props, saved) = props();
    let screen = Form::show(props);
    screen.click("#preset-custom").await;
    type_into(&screen, "#idle_minutes", "5").await;
    screen.lacks("#idle_minutes-error").await;
    screen.submit().await;
    screen.sees("#idle_minutes-error", "At least 15 minutes.").await;
    screen.find("#policy-alert[role=alert] .alert").await;
    let input = screen.find("#idle_minutes[aria-invalid=true]").await;
    assert!(input.get_attribute("aria-describedby").unwrap().contains("idle_minutes-error"));
    has_focus("#idle_minutes").await;
    type_into(&screen, "#idle_minutes", "60").await;
    screen.lacks("#idle_minutes-error").await;
    screen.sees("#idle_minutes-reading", "minutes = 1 hour").await;
    type_into(&screen, "#absolute_minutes", "240").await;
    assert!(saved.borrow().is_empty());
    screen.submit().await;
    let set = until("a save", || saved.borrow().first().copied()).await;
    assert_eq!(set, PolicyOverride { idle_minutes: Some(60), absolute_minutes: Some(240) });
}

#[test]
async fn what_the_server_says_of_a_field_stands_there_until_it_is_changed() {
    let (first, _) = props();
    let mut screen = Form::show(first.clone());
    screen.click("#preset-custom").await;
    type_into(&screen, "#absolute_minutes", "20000").await;
    screen.submit().await;
    let errors = vec![
        FieldError::new("absolute_minutes", FieldCode::TooLarge, "At most 10080 minutes.").with_limit(10_080),
    ];
    screen.update(PolicyFormProps { errors, alert: Some("Nothing was saved.".into()), ..first });
    screen.sees("#absolute_minutes-error", "At most 10080 minutes. That is 7 days.").await;
    has_focus("#absolute_minutes").await;
    assert_eq!(value(&screen, "#absolute_minutes").await, "20000", "kept");
    type_into(&screen, "#absolute_minutes", "10080").await;
    screen.lacks("#absolute_minutes-error").await;
}

#[test]
async fn a_save_is_announced_and_a_busy_form_saves_only_once() {
    let (first, saved) = props();
    let mut screen = Form::show(PolicyFormProps { is_busy: true, ..first.clone() });
    let region = screen.find("#policy-saved[role=status]").await;
    assert_eq!(region.text_content().as_deref(), Some(""));
    screen.submit().await;
    screen.sees("#policy-save", "Saving…").await;
    assert!(saved.borrow().is_empty());
    let now = policy(PolicyOverride::STANDARD, PresetName::Standard);
    screen.update(PolicyFormProps { policy: now, saves: 1, ..first });
    screen.sees("#policy-saved", "Saved. It applies from the next sign-in.").await;
    screen.find("#policy-saved .ping").await;
    assert!(region.is_connected(), "the same region, not a new one");
    screen.find("#preset-standard:checked").await;
    screen.click("#preset-strict").await;
    screen.sees("#policy-saved", "").await;
}
