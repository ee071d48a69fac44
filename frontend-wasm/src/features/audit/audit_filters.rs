//! The form for the entries of the audit trail to show.

use curfew_shared::audit::AuditKind;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{filter::Filter, sentence::kind_name, use_audit_trail::KnownPerson};
use crate::{
    browser::dom,
    ui::{day_field::DayField, use_select_value::use_select_value},
};

/// Props of [`AuditFilters`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct AuditFiltersProps {
    pub filter: Filter,
    /// The people who can be chosen.
    pub people: Vec<KnownPerson>,
    /// Called with every change.
    pub on_change: Callback<Filter>,
}

/// Kind, person, first and last day.
#[component]
pub fn AuditFilters(props: &AuditFiltersProps) -> Html {
    let filter = &props.filter;
    let on_kind = on_select(props, |filter, kind| filter.kind = kind.parse().ok());
    let on_actor = on_select(props, |filter, id| filter.actor_id = id.parse().ok());
    let on_from = on_value(props, |filter, day| filter.from_day = day);
    let on_to = on_value(props, |filter, day| filter.to_day = day);
    // Clearing the filters makes new inputs, so that a half-typed day goes too.
    let times_cleared = use_state(|| 0_u32);
    let is_filtered = *filter != Filter::default();
    use_effect_with(is_filtered, |&had_button| {
        move || {
            if had_button {
                dom::restore_focus(dom::find("#audit-kind").as_ref());
            }
        }
    });
    let kind = filter.kind.map(AuditKind::as_str).unwrap_or_default();
    let kind = use_select_value(kind.into(), AuditKind::ALL.len());
    let actor = filter.actor_id.map(|id| id.to_string()).unwrap_or_default();
    let actor = use_select_value(actor.into(), props.people.len());
    let on_clear = {
        let (times_cleared, on_change) = (times_cleared.clone(), props.on_change.clone());
        Callback::from(move |_: MouseEvent| {
            times_cleared.set(*times_cleared + 1);
            on_change.emit(Filter::default());
        })
    };
    let error = filter.is_backwards().then_some("The last day is before the first.");
    html! {
        <form id="audit-filters" class="filters" aria-label="Which entries to show" onsubmit={|event: SubmitEvent| event.prevent_default()}>
            <div class="field">
                <label for="audit-kind">{ "What happened" }</label>
                <select ref={kind} id="audit-kind" onchange={on_kind}>
                    <option value="">{ "Anything" }</option>
                    { for AuditKind::ALL.iter().map(|kind| html! {
                        <option value={kind.as_str()}>{ kind_name(*kind) }</option>
                    }) }
                </select>
            </div>
            <div class="field">
                <label for="audit-actor">{ "Who did it" }</label>
                <select ref={actor} id="audit-actor" onchange={on_actor}>
                    <option value="">{ "Anybody" }</option>
                    { for props.people.iter().map(|person| html! {
                        <option value={person.id.to_string()}>{ &person.name }</option>
                    }) }
                </select>
            </div>
            <DayField
                key={format!("from {}", *times_cleared)} id="audit-from" label="From"
                day={filter.from_day.clone()} on_day={on_from}
            />
            <DayField
                key={format!("to {}", *times_cleared)} id="audit-to" label="To" day={filter.to_day.clone()} {error}
                on_day={on_to}
            />
            if is_filtered {
                <button id="audit-clear" type="button" class="button" onclick={on_clear}>{ "Show everything" }</button>
            }
        </form>
    }
}

fn on_value(props: &AuditFiltersProps, set: fn(&mut Filter, String)) -> Callback<String> {
    let (filter, on_change) = (props.filter.clone(), props.on_change.clone());
    Callback::from(move |value| {
        let mut filter = filter.clone();
        set(&mut filter, value);
        on_change.emit(filter);
    })
}

fn on_select(props: &AuditFiltersProps, set: fn(&mut Filter, String)) -> Callback<Event> {
    let on_value = on_value(props, set);
    Callback::from(move |event: Event| {
        if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
            on_value.emit(select.value());
        }
    })
}
