//! The sign-in form: what is typed, what is missing, what the server refused.

use curfew_shared::error::{FieldCode, FieldError};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::Field;

/// What was typed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Props of [`SignInForm`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct SignInFormProps {
    /// Whether an answer is awaited; a second submit does nothing meanwhile.
    pub is_busy: bool,
    /// What went wrong as a whole.
    #[prop_or_default]
    pub alert: Option<AttrValue>,
    /// What the server said about single fields.
    #[prop_or_default]
    pub errors: Vec<FieldError>,
    /// Called with what was typed, once nothing is missing.
    pub on_submit: Callback<Credentials>,
}

/// E-mail, password and what is wrong with them. Keeps what was typed.
#[component]
pub fn SignInForm(props: &SignInFormProps) -> Html {
    let email = use_node_ref();
    let password = use_node_ref();
    let missing = use_state(Vec::new);
    let is_revealed = use_state(|| false);

    let errors = if missing.is_empty() { &props.errors } else { &*missing };
    let error_of = |field: &str| {
        errors.iter().find(|error| error.field == field).map(|error| AttrValue::from(error.message.clone()))
    };
    {
        let inputs = [("email", email.clone()), ("password", password.clone())];
        use_effect_with(errors.clone(), move |errors| {
            let first = inputs.iter().find(|(field, _)| errors.iter().any(|error| error.field == *field));
            if let Some(input) = first.and_then(|(_, input)| input.cast::<HtmlInputElement>()) {
                // An input that is on the page takes the focus.
                let _ = input.focus();
            }
        });
    }

    let onsubmit = {
        let (email, password) = (email.clone(), password.clone());
        let (missing, is_revealed) = (missing.setter(), is_revealed.setter());
        let (is_busy, on_submit) = (props.is_busy, props.on_submit.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if is_busy {
                return;
            }
            let credentials = Credentials { email: value_of(&email), password: value_of(&password) };
            let found = what_is_missing(&credentials);
            let is_complete = found.is_empty();
            missing.set(found);
            // Nobody shall read it over a shoulder while the answer is on its way.
            is_revealed.set(false);
            if is_complete {
                on_submit.emit(credentials);
            }
        })
    };
    let on_reveal = {
        let is_revealed = is_revealed.clone();
        Callback::from(move |_: MouseEvent| is_revealed.set(!*is_revealed))
    };
    let alert =
        if errors.is_empty() { props.alert.clone() } else { Some("Check what is marked below.".into()) };

    html! {
        <form class="form" novalidate=true {onsubmit} aria-busy={props.is_busy.then_some("true")}>
            <div id="sign-in-alert" role="alert" class="live">
                if let Some(alert) = alert {
                    <p class="alert">{ alert }</p>
                }
            </div>
            <Field
                id="email" label="E-mail" kind="email" autocomplete="username" maxlength="254"
                error={error_of("email")} input={email}
            />
            <Field
                id="password" label="Password" kind={if *is_revealed { "text" } else { "password" }}
                autocomplete="current-password" error={error_of("password")} input={password}
            >
                <button
                    id="reveal" type="button" class="reveal" onclick={on_reveal}
                    aria-controls="password"
                    aria-label={if *is_revealed { "Hide password" } else { "Show password" }}
                >
                    { if *is_revealed { "Hide" } else { "Show" } }
                </button>
            </Field>
            <button id="sign-in" type="submit" class="button primary" aria-disabled={props.is_busy.then_some("true")}>
                if props.is_busy {
                    <span class="spinner" aria-hidden="true"></span>{ "Signing in…" }
                } else {
                    { "Sign in" }
                }
            </button>
        </form>
    }
}

fn value_of(input: &NodeRef) -> String {
    input.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default()
}

/// What the server need not be asked to know. Everything else is for it to judge.
fn what_is_missing(credentials: &Credentials) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if credentials.email.trim().is_empty() {
        errors.push(FieldError::new("email", FieldCode::Required, "Enter your e-mail address."));
    }
    if credentials.password.is_empty() {
        errors.push(FieldError::new("password", FieldCode::Required, "Enter your password."));
    }
    errors
}
