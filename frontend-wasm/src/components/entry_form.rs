//! A form of inputs: what is typed, what is missing, what the server refused.

use curfew_shared::error::{FieldCode, FieldError};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::browser::storage;

use super::{Field, Live};

/// An input.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id on the page.
    pub id: &'static str,
    /// Its name in the request, by which the server tells what is wrong with it.
    pub name: &'static str,
    /// The label.
    pub label: &'static str,
    /// The input's type. A password can be revealed.
    pub kind: &'static str,
    /// What a password manager may put in.
    pub autocomplete: &'static str,
    /// What to say if nothing was typed.
    pub missing: &'static str,
    /// What to know before typing.
    pub hint: Option<&'static str>,
    /// What stands there to begin with.
    pub initial: AttrValue,
}

impl Entry {
    /// An input for text, whose id is its name.
    #[must_use]
    pub fn text(
        name: &'static str,
        label: &'static str,
        autocomplete: &'static str,
        missing: &'static str,
    ) -> Self {
        let initial = AttrValue::default();
        Self { id: name, name, label, kind: "text", autocomplete, missing, hint: None, initial }
    }

    /// An input for the address of the person.
    #[must_use]
    pub fn email() -> Self {
        let entry = Self::text("email", "E-mail", "username", "Enter your e-mail address.");
        Self { kind: "email", ..entry }
    }

    /// An input for the password that the person has.
    #[must_use]
    pub fn password() -> Self {
        let entry = Self::text("password", "Password", "current-password", "Enter your password.");
        Self { kind: "password", ..entry }
    }

    /// An input for a password to be.
    #[must_use]
    pub fn new_password() -> Self {
        Self {
            autocomplete: "new-password",
            missing: "Choose a password.",
            hint: Some(
                "At least 12 characters. Any will do; a few unrelated words are easy to remember and hard to guess.",
            ),
            ..Self::password()
        }
    }
}

/// Props of [`EntryForm`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct EntryFormProps {
    /// The id of the form.
    pub id: AttrValue,
    /// The id of the button; `id` with `-submit` after it unless told.
    #[prop_or_default]
    pub submit_id: Option<AttrValue>,
    /// The inputs.
    pub entries: Vec<Entry>,
    /// What the button does.
    pub submit: AttrValue,
    /// The same while it is being done.
    pub busy: AttrValue,
    /// Whether an answer is awaited; a second submit does nothing meanwhile.
    pub is_busy: bool,
    /// What went wrong as a whole.
    #[prop_or_default]
    pub alert: Option<AttrValue>,
    /// What the server said about single inputs.
    #[prop_or_default]
    pub errors: Vec<FieldError>,
    /// Whose password it is about, where no input says so, for a password manager to know.
    #[prop_or_default]
    pub username: Option<AttrValue>,
    /// Whether this tab keeps what is typed, but for passwords, through a reload; until [`forget_typed`].
    #[prop_or_default]
    pub is_kept: bool,
    /// Called with what was typed, in the order of the inputs, once nothing is missing.
    pub on_submit: Callback<Vec<String>>,
    /// What stands before the button.
    #[prop_or_default]
    pub children: Html,
}

impl EntryFormProps {
    /// A form with nothing under way: its id, its inputs, what the button does, and the same while it is done.
    #[must_use]
    pub fn new(
        id: &'static str,
        entries: Vec<Entry>,
        (submit, busy): (&'static str, &'static str),
        on_submit: Callback<Vec<String>>,
    ) -> Self {
        Self {
            id: id.into(),
            submit_id: None,
            entries,
            submit: submit.into(),
            busy: busy.into(),
            is_busy: false,
            alert: None,
            errors: Vec::new(),
            username: None,
            is_kept: false,
            on_submit,
            children: Html::default(),
        }
    }
}

/// Inputs, what is wrong with them, and a button. Keeps what was typed.
#[component]
pub fn EntryForm(props: &EntryFormProps) -> Html {
    let inputs =
        use_memo(props.entries.len(), |count| (0..*count).map(|_| NodeRef::default()).collect::<Vec<_>>());
    let missing = use_state(Vec::new);
    let is_revealed = use_state(|| false);
    let names: Vec<_> = props.entries.iter().map(|entry| entry.name).collect();

    let errors: Vec<FieldError> = if missing.is_empty() {
        props.errors.iter().filter(|error| names.contains(&error.field.as_str())).cloned().collect()
    } else {
        (*missing).clone()
    };
    {
        let (inputs, names) = (inputs.clone(), names.clone());
        use_effect_with(errors.clone(), move |errors| {
            let first = names.iter().position(|name| errors.iter().any(|error| error.field == *name));
            if let Some(input) = first.and_then(|index| inputs[index].cast::<HtmlInputElement>()) {
                // An input that is on the page takes the focus.
                let _ = input.focus();
            }
        });
    }
    {
        let (inputs, entries) = (inputs.clone(), props.entries.clone());
        let kept = if props.is_kept { storage::kept_in_tab(&place(&props.id)) } else { None };
        use_effect_with((), move |()| {
            let kept = kept.unwrap_or_default();
            let mut kept = kept.split('\n');
            for (input, entry) in inputs.iter().zip(&entries) {
                let value = kept.next().filter(|value| !value.is_empty()).unwrap_or(&entry.initial);
                if let Some(input) = input.cast::<HtmlInputElement>().filter(|_| !value.is_empty()) {
                    input.set_value(value);
                }
            }
        });
    }
    let oninput = {
        let (inputs, entries) = (inputs.clone(), props.entries.clone());
        let place = props.is_kept.then(|| place(&props.id));
        move |_: InputEvent| {
            if let Some(place) = &place {
                let is_secret = |entry: &Entry| entry.kind == "password";
                let values = inputs
                    .iter()
                    .zip(&entries)
                    .map(|(input, entry)| if is_secret(entry) { String::new() } else { value_of(input) });
                storage::keep_in_tab(place, &values.collect::<Vec<_>>().join("\n"));
            }
        }
    };

    let onsubmit = {
        let (inputs, entries) = (inputs.clone(), props.entries.clone());
        let (missing, is_revealed) = (missing.setter(), is_revealed.setter());
        let (is_busy, on_submit) = (props.is_busy, props.on_submit.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if is_busy {
                return;
            }
            let values: Vec<_> = inputs.iter().map(value_of).collect();
            let found: Vec<_> = entries
                .iter()
                .zip(&values)
                .filter(
                    |(entry, value)| {
                        if entry.kind == "password" { value.is_empty() } else { value.trim().is_empty() }
                    },
                )
                .map(|(entry, _)| FieldError::new(entry.name, FieldCode::Required, entry.missing))
                .collect();
            let is_complete = found.is_empty();
            missing.set(found);
            // Nobody shall read it over a shoulder while the answer is on its way.
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
    let alert =
        if errors.is_empty() { props.alert.clone() } else { Some("Check what is marked below.".into()) };
    let submit_id = props.submit_id.clone().unwrap_or_else(|| format!("{}-submit", props.id).into());

    html! {
        <form
            id={format!("{}-form", props.id)} class="form" novalidate=true {onsubmit} {oninput}
            aria-busy={props.is_busy.then_some("true")}
        >
            <Live id={format!("{}-alert", props.id)} is_alert={true} words={alert} />
            if let Some(username) = &props.username {
                <input type="text" autocomplete="username" value={username.clone()} readonly=true hidden=true />
            }
            { for props.entries.iter().zip(inputs.iter()).map(|(entry, input)| {
                let error = errors.iter().find(|error| error.field == entry.name);
                let error = error.map(|error| AttrValue::from(error.message.clone()));
                let is_password = entry.kind == "password";
                html! {
                    <Field
                        key={entry.id} id={entry.id} label={entry.label}
                        kind={if is_password && *is_revealed { "text" } else { entry.kind }}
                        autocomplete={entry.autocomplete}
                        maxlength={(entry.kind == "email").then_some("254")}
                        hint={entry.hint.map(AttrValue::from)} {error} input={input.clone()}
                        children={if is_password { reveal(entry.id, *is_revealed, &on_reveal) } else { Html::default() }}
                    />
                }
            }) }
            { props.children.clone() }
            <button id={submit_id} type="submit" class="button primary" aria-disabled={props.is_busy.then_some("true")}>
                if props.is_busy {
                    <span class="spinner" aria-hidden="true"></span>{ &props.busy }
                } else {
                    { &props.submit }
                }
            </button>
        </form>
    }
}

fn reveal(input: &'static str, is_revealed: bool, onclick: &Callback<MouseEvent>) -> Html {
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

/// Forgets what was typed into the form with this id, once it has served.
pub fn forget_typed(id: &str) {
    drop(storage::take_from_tab(&place(id)));
}

fn place(id: &str) -> String {
    ["curfew.typed ", id].concat()
}

fn value_of(input: &NodeRef) -> String {
    input.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default()
}
