//! The sign-in form.

use curfew_shared::error::FieldError;
use yew::prelude::*;

use crate::ui::form::{Form, FormField, FormStatus};

/// What was typed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub email: String,
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
    /// A second submit does nothing meanwhile.
    pub is_busy: bool,
    /// What went wrong as a whole.
    #[prop_or_default]
    pub alert: Option<AttrValue>,
    /// What the server refused, by field.
    #[prop_or_default]
    pub errors: Vec<FieldError>,
    /// Called with what was typed, once nothing is missing.
    pub on_submit: Callback<Credentials>,
}

/// Email and password, and their errors. What was typed stays.
#[component]
pub fn SignInForm(props: &SignInFormProps) -> Html {
    let on_submit = props.on_submit.reform(|values: Vec<String>| {
        let mut values = values.into_iter();
        Credentials { email: values.next().unwrap_or_default(), password: values.next().unwrap_or_default() }
    });
    let status =
        FormStatus { is_busy: props.is_busy, alert: props.alert.clone(), errors: props.errors.clone() };
    html! {
        <Form
            id="sign-in" submit_id="sign-in" fields={vec![FormField::email(), FormField::password()]}
            submit="Sign in" busy="Signing in…" {status} {on_submit}
        />
    }
}
