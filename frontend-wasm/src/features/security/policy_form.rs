//! The form for the session policy: presets, custom limits, and their errors.

pub mod draft;
mod edit;
mod minutes_field;

use curfew_shared::{
    error::FieldError,
    policy::{PolicyOverride, resolve},
    security::{PolicyView, PresetName},
};
use yew::prelude::*;

use self::{
    draft::Draft,
    edit::{Change, Edit},
    minutes_field::MinutesField,
};
use crate::{browser::dom, ui::duration_text::minutes_in_words};

/// Props of [`PolicyForm`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct PolicyFormProps {
    /// The policy as the server has it.
    pub policy: PolicyView,
    /// A second submit does nothing meanwhile.
    #[prop_or_default]
    pub is_busy: bool,
    /// How often it was saved. The last save is confirmed until something is changed.
    #[prop_or_default]
    pub saves: u32,
    /// What went wrong as a whole.
    #[prop_or_default]
    pub alert: Option<AttrValue>,
    /// What the server refused, by field.
    #[prop_or_default]
    pub errors: Vec<FieldError>,
    /// What was being saved when the page went away: the form begins with it.
    #[prop_or_default]
    pub draft: Option<PolicyOverride>,
    /// Called with the new policy, once it is valid.
    pub on_save: Callback<PolicyOverride>,
}

/// Strict, Standard or custom limits, validated by the server's rules against the server's bounds. What was typed stays
/// until it is saved.
#[component]
pub fn PolicyForm(props: &PolicyFormProps) -> Html {
    let policy = &props.policy;
    let edits = use_reducer_eq(|| match props.draft {
        Some(set) => Edit::with(policy, Draft::setting(set, policy)),
        None => Edit::new(policy),
    });
    // No effect resets the form: it might run late, and undo what was done meanwhile.
    let edit = edits.under(policy);
    let is_as_sent = edit.is_as_sent();
    let Edit { draft, is_checked, is_tried, .. } = edit;
    let confirmed_saves = use_state(|| 0_u32);
    let is_confirmed = props.saves > *confirmed_saves;

    let found = draft.check(policy).err().unwrap_or_default();
    let errors = match (is_checked && !found.is_empty(), is_as_sent) {
        (true, _) => found,
        (false, true) => props.errors.clone(),
        (false, false) => Vec::new(),
    };
    let error_of = |field: &str| {
        errors
            .iter()
            .find(|error| error.field == field)
            .map(|error| AttrValue::from(draft::error_text(error)))
    };
    let must_focus_error = use_mut_ref(|| false);
    {
        let must_focus_error = std::rc::Rc::clone(&must_focus_error);
        let first = errors.first().map(|error| format!("#{}", error.field));
        use_effect(move || {
            if let Some(first) = first.filter(|_| must_focus_error.replace(false)) {
                dom::focus(&first);
            }
        });
    }
    {
        // The server's errors come after the submit.
        let must_focus_error = std::rc::Rc::clone(&must_focus_error);
        use_memo(props.errors.clone(), move |errors| {
            if !errors.is_empty() {
                must_focus_error.replace(true);
            }
        });
    }

    let change = {
        let (edits, policy) = (edits.dispatcher(), policy.clone());
        let (confirmed_saves, saves) = (confirmed_saves.setter(), props.saves);
        Callback::from(move |change| {
            edits.dispatch((policy.clone(), change));
            confirmed_saves.set(saves);
        })
    };
    let onsubmit = {
        let (change, draft, props) = (change.clone(), draft.clone(), props.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if props.is_busy {
                return;
            }
            let checked = draft.check(&props.policy);
            change.emit(Change::Try { is_sent: checked.is_ok() });
            if let Ok(set) = checked {
                props.on_save.emit(set);
            } else {
                must_focus_error.replace(true);
            }
        })
    };
    let choose = |choice| change.reform(move |_: Event| Change::Choose(choice));
    // Validated when the input is left; the confirmation of the last save stays.
    let on_leave = {
        let (edits, policy) = (edits.dispatcher(), policy.clone());
        Callback::from(move |()| edits.dispatch((policy.clone(), Change::Check)))
    };
    let alert = match (errors.is_empty(), is_tried) {
        (false, true) => Some("Check what is marked below. Nothing has been saved.".into()),
        (true, _) if is_as_sent => props.alert.clone(),
        _ => None,
    };
    let is_custom = draft.choice == PresetName::Custom;
    html! {
        <form id="policy" class="form" novalidate=true {onsubmit} aria-busy={props.is_busy.then_some("true")}>
            <div id="policy-alert" role="alert" class="live">
                if let Some(alert) = alert {
                    <p class="alert">{ alert }</p>
                }
            </div>
            <fieldset class="choices">
                <legend>{ "How long people stay signed in" }</legend>
                { for policy.presets.iter().map(|preset| {
                    let effective = resolve(preset.sets(), policy.default);
                    let limits = format!(
                        "{} idle, {} maximum",
                        minutes_in_words(effective.idle_minutes), minutes_in_words(effective.absolute_minutes),
                    );
                    choice(preset.name, &limits, draft.choice, choose(preset.name))
                }) }
                { choice(PresetName::Custom, "Your own numbers", draft.choice, choose(PresetName::Custom)) }
                <div class="numbers">
                    <MinutesField
                        field="idle_minutes" label="Ends when not used for" range={policy.bounds.idle_minutes}
                        default={policy.default.idle_minutes} value={draft.displayed(policy, true)}
                        is_disabled={!is_custom} error={error_of("idle_minutes")}
                        on_input={change.reform(Change::TypeIdle)} on_change={&on_leave}
                    />
                    <MinutesField
                        field="absolute_minutes" label="Ends at the latest after"
                        range={policy.bounds.absolute_minutes} default={policy.default.absolute_minutes}
                        value={draft.displayed(policy, false)} is_disabled={!is_custom}
                        error={error_of("absolute_minutes")} on_input={change.reform(Change::TypeAbsolute)}
                        on_change={&on_leave}
                    />
                </div>
            </fieldset>
            <div class="actions">
                <button id="policy-save" type="submit" class="button primary" aria-disabled={props.is_busy.then_some("true")}>
                    if props.is_busy {
                        <span class="spinner" aria-hidden="true"></span>{ "Saving…" }
                    } else {
                        { "Save policy" }
                    }
                </button>
                <p id="policy-saved" role="status" class={classes!("saved", is_confirmed.then_some("filled"))}>
                    if is_confirmed {
                        <span key={props.saves} class="ping" aria-hidden="true"></span>
                        { "Saved. It applies from the next sign-in." }
                    }
                </p>
            </div>
        </form>
    }
}

fn choice(name: PresetName, hint: &str, chosen: PresetName, onchange: Callback<Event>) -> Html {
    let (id, title) = match name {
        PresetName::Strict => ("preset-strict", "Strict"),
        PresetName::Standard => ("preset-standard", "Standard"),
        PresetName::Custom => ("preset-custom", "Custom"),
    };
    html! {
        <label class="choice" for={id}>
            <input {id} type="radio" name="preset" checked={name == chosen} {onchange} />
            <span>
                <span class="name">{ title }</span>
                { " " }
                <span class="hint">{ hint.to_owned() }</span>
            </span>
        </label>
    }
}
