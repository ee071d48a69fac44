//! The sign-in form.

use curfew_shared::error::FieldError;
use yew::prelude::*;

use super::{Entry, EntryForm, EntryFormProps};

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
    let on_submit = props.on_submit.reform(|values: Vec<String>| {
        let mut values = values.into_iter();
        Credentials { email: values.next().unwrap_or_default(), password: values.next().unwrap_or_default() }
    });
    let entries = vec![Entry::email(), Entry::password()];
    html! {
        <EntryForm
            submit_id="sign-in" is_busy={props.is_busy} alert={props.alert.clone()}
            errors={props.errors.clone()}
            ..EntryFormProps::new("sign-in", entries, ("Sign in", "Signing in…"), on_submit)
        />
    }
}
