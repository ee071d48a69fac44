//! A form: its inputs, what is missing, what the server refused.

use curfew_shared::error::{FieldCode, FieldError};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{field::Field, live_region::LiveRegion};
use crate::browser::storage;

/// An input of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct FormField {
    pub id: &'static str,
    /// The name in the request, which the server's field errors refer to.
    pub name: &'static str,
    pub label: &'static str,
    /// The `type` of the input. A password can be revealed.
    pub input_type: &'static str,
    pub autocomplete: &'static str,
    /// The error if nothing was typed.
    pub required_message: &'static str,
    pub hint: Option<&'static str>,
    /// The value to begin with.
    pub initial: AttrValue,
}

impl FormField {
    /// An input for text, whose id is its name.
    pub fn text(
        name: &'static str,
        label: &'static str,
        autocomplete: &'static str,
        required_message: &'static str,
    ) -> Self {
        let initial = AttrValue::default();
        Self {
            id: name,
            name,
            label,
            input_type: "text",
            autocomplete,
            required_message,
            hint: None,
            initial,
        }
    }

    /// The email address of the person.
    pub fn email() -> Self {
        let field = Self::text("email", "E-mail", "username", "Enter your e-mail address.");
        Self { input_type: "email", ..field }
    }

    /// The current password of the person.
    pub fn password() -> Self {
        let field = Self::text("password", "Password", "current-password", "Enter your password.");
        Self { input_type: "password", ..field }
    }

    pub fn new_password() -> Self {
        Self {
            autocomplete: "new-password",
            required_message: "Choose a password.",
            hint: Some(
                "At least 12 characters. Any will do; a few unrelated words are easy to remember and hard to guess.",
            ),
            ..Self::password()
        }
    }

    fn is_password(&self) -> bool {
        self.input_type == "password"
    }
}

/// The state of the request that a form sends.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FormStatus {
    /// A second submit does nothing meanwhile.
    pub is_busy: bool,
    /// What went wrong as a whole.
    pub alert: Option<AttrValue>,
    /// What the server refused, by field.
    pub errors: Vec<FieldError>,
}

/// Props of [`Form`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct FormProps {
    /// The id of the form is this with `-form` after it.
    pub id: AttrValue,
    /// The id of the button; `id` with `-submit` after it by default.
    #[prop_or_default]
    pub submit_id: Option<AttrValue>,
    pub fields: Vec<FormField>,
    /// The label of the button.
    pub submit: AttrValue,
    /// The label of the button while the form is busy.
    pub busy: AttrValue,
    #[prop_or_default]
    pub status: FormStatus,
    /// The address that the password belongs to, for a password manager, if no input has it.
    #[prop_or_default]
    pub username: Option<AttrValue>,
    /// Whether this tab keeps what is typed, except passwords, through a reload; until [`clear_draft`].
    #[prop_or_default]
    pub keeps_draft: bool,
    /// Called with the values in the order of the fields, once nothing is missing.
    pub on_submit: Callback<Vec<String>>,
    /// Shown before the button.
    #[prop_or_default]
    pub children: Html,
}

/// Inputs, their errors, and a button. What was typed stays.
#[component]
pub fn Form(props: &FormProps) -> Html {
    let inputs =
        use_memo(props.fields.len(), |count| (0..*count).map(|_| NodeRef::default()).collect::<Vec<_>>());
    let missing = use_state(Vec::new);
    let is_revealed = use_state(|| false);
    let names: Vec<_> = props.fields.iter().map(|field| field.name).collect();
    let FormStatus { is_busy, alert, errors } = props.status.clone();

    let errors: Vec<FieldError> = if missing.is_empty() {
        errors.into_iter().filter(|error| names.contains(&error.field.as_str())).collect()
    } else {
        (*missing).clone()
    };
    {
        let inputs = inputs.clone();
        use_effect_with(errors.clone(), move |errors| {
            let first = names.iter().position(|name| errors.iter().any(|error| error.field == *name));
            if let Some(input) = first.and_then(|index| inputs[index].cast::<HtmlInputElement>()) {
                // An input that is on the page can have the focus.
                let _ = input.focus();
            }
        });
    }
    {
        let (inputs, fields) = (inputs.clone(), props.fields.clone());
        let draft = if props.keeps_draft { storage::get_from_tab(&draft_key(&props.id)) } else { None };
        use_effect_with((), move |()| fill_in(&inputs, &fields, &draft.unwrap_or_default()));
    }
    let oninput = {
        let (inputs, fields) = (inputs.clone(), props.fields.clone());
        let key = props.keeps_draft.then(|| draft_key(&props.id));
        move |_: InputEvent| {
            if let Some(key) = &key {
                storage::set_in_tab(key, &draft_of(&inputs, &fields));
            }
        }
    };
    let onsubmit = {
        let (inputs, fields) = (inputs.clone(), props.fields.clone());
        let (missing, is_revealed) = (missing.setter(), is_revealed.setter());
        let on_submit = props.on_submit.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if is_busy {
                return;
            }
            let values: Vec<_> = inputs.iter().map(value_of).collect();
            let errors = missing_values(&fields, &values);
            let is_complete = errors.is_empty();
            missing.set(errors);
            // Nobody reads it over a shoulder while the request is under way.
            is_revealed.set(false);
            if is_complete {
                on_submit.emit(values);
            }
        })
    };
    let on_reveal = {
        let is_revealed = is_revealed.clone();
        Callback::from(move |_: MouseEvent| is_revealed.set(!*is_revealed))
    };
    let alert = if errors.is_empty() { alert } else { Some("Check what is marked below.".into()) };
    let submit_id = props.submit_id.clone().unwrap_or_else(|| format!("{}-submit", props.id).into());

    html! {
        <form
            id={format!("{}-form", props.id)} class="form" novalidate=true {onsubmit} {oninput}
            aria-busy={is_busy.then_some("true")}
        >
            <LiveRegion id={format!("{}-alert", props.id)} is_alert=true text={alert} />
            if let Some(username) = &props.username {
                <input type="text" autocomplete="username" value={username.clone()} readonly=true hidden=true />
            }
            { for props.fields.iter().zip(inputs.iter()).map(|(field, input)| {
                let error = errors.iter().find(|error| error.field == field.name);
                let input_type = if field.is_password() && *is_revealed { "text" } else { field.input_type };
                html! {
                    <Field
                        key={field.id} id={field.id} label={field.label} {input_type}
                        autocomplete={field.autocomplete}
                        maxlength={(field.input_type == "email").then_some("254")}
                        hint={field.hint.map(AttrValue::from)}
                        error={error.map(|error| error.message.clone())} input={input.clone()}
                    >
                        if field.is_password() {
                            { reveal_button(field.id, *is_revealed, &on_reveal) }
                        }
                    </Field>
                }
            }) }
            { props.children.clone() }
            <button id={submit_id} type="submit" class="button primary" aria-disabled={is_busy.then_some("true")}>
                if is_busy {
                    <span class="spinner" aria-hidden="true"></span>{ &props.busy }
                } else {
                    { &props.submit }
                }
            </button>
        </form>
    }
}

fn reveal_button(input: &'static str, is_revealed: bool, onclick: &Callback<MouseEvent>) -> Html {
    let id = if input == "password" { "reveal".to_owned() } else { format!("{input}-reveal") };
    html! {
        <button
            {id} type="button" class="reveal" {onclick} aria-controls={input}
            aria-label={if is_revealed { "Hide password" } else { "Show password" }}
        >
            { if is_revealed { "Hide" } else { "Show" } }
        </button>
    }
}

fn missing_values(fields: &[FormField], values: &[String]) -> Vec<FieldError> {
    fields
        .iter()
        .zip(values)
        .filter(|(field, value)| if field.is_password() { value.is_empty() } else { value.trim().is_empty() })
        .map(|(field, _)| FieldError::new(field.name, FieldCode::Required, field.required_message))
        .collect()
}

/// Fills in the draft, or the initial values where it has none.
fn fill_in(inputs: &[NodeRef], fields: &[FormField], draft: &str) {
    let mut draft = draft.split('\n');
    for (input, field) in inputs.iter().zip(fields) {
        let value = draft.next().filter(|value| !value.is_empty()).unwrap_or(&field.initial);
        if let Some(input) = input.cast::<HtmlInputElement>().filter(|_| !value.is_empty()) {
            input.set_value(value);
        }
    }
}

/// The values, one a line; nothing for passwords.
fn draft_of(inputs: &[NodeRef], fields: &[FormField]) -> String {
    let values = inputs
        .iter()
        .zip(fields)
        .map(|(input, field)| if field.is_password() { String::new() } else { value_of(input) });
    values.collect::<Vec<_>>().join("\n")
}

/// Forgets what was typed into the form with this id.
pub fn clear_draft(id: &str) {
    drop(storage::take_from_tab(&draft_key(id)));
}

fn draft_key(id: &str) -> String {
    ["curfew.typed ", id].concat()
}

fn value_of(input: &NodeRef) -> String {
    input.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default()
}
