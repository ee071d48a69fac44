//! The choice of which entries of the audit trail to see.

use curfew_shared::{audit::AuditKind, id::UserId};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{
    audit_list::kind_name,
    chosen::use_chosen,
    day_field::{DayField, DayFieldProps},
};
use crate::browser::page;

/// A person who may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// The user's id.
    pub id: UserId,
    /// The name.
    pub name: String,
}

/// Which entries to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this kind.
    pub kind: Option<AuditKind>,
    /// Only deeds of this person.
    pub actor_id: Option<UserId>,
    /// Only from the beginning of this day on, as `2026-11-23`; empty for no limit.
    pub from_day: String,
    /// Only to the end of this day; empty for no limit.
    pub to_day: String,
}

impl Filter {
    /// Whether the last day is before the first, so that nothing can match.
    #[must_use]
    pub fn is_backwards(&self) -> bool {
        // Days of this form sort like the days they name.
        !self.from_day.is_empty() && !self.to_day.is_empty() && self.to_day < self.from_day
    }
}

/// Props of [`AuditFilters`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct AuditFiltersProps {
    /// What is chosen.
    pub filter: Filter,
    /// Who may be chosen.
    pub people: Vec<KnownPerson>,
    /// Called with every change.
    pub on_change: Callback<Filter>,
}

/// Kind, person, first and last day.
#[component]
pub fn AuditFilters(props: &AuditFiltersProps) -> Html {
    let filter = &props.filter;
    let on_kind = change(props, |filter, word| filter.kind = word.parse().ok());
    let on_actor = change(props, |filter, id| filter.actor_id = id.parse().ok());
    let on_from = set(props, |filter, day| filter.from_day = day);
    let on_to = set(props, |filter, day| filter.to_day = day);
    // A day that is only half typed goes, too, when everything is shown again.
    let clears = use_state(|| 0_u32);
    let is_backwards = filter.is_backwards();
    let is_filtered = *filter != Filter::default();
    use_effect_with(is_filtered, |&had_button| {
        move || {
            if had_button {
                page::give_lost_focus_to(page::find("#audit-kind").as_ref());
            }
        }
    });
    let kind =
        use_chosen(filter.kind.map(AuditKind::as_str).unwrap_or_default().into(), AuditKind::ALL.len());
    let actor = filter.actor_id.map(|id| id.to_string()).unwrap_or_default();
    let actor = use_chosen(actor.into(), props.people.len());
    let on_clear = {
        let (clears, on_change) = (clears.clone(), props.on_change.clone());
        Callback::from(move |_: MouseEvent| {
            clears.set(*clears + 1);
            on_change.emit(Filter::default());
        })
    };
    let day =
        |name: &str, props: DayFieldProps| html! { <DayField key={format!("{name} {}", *clears)} ..props /> };
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
            { day("from", DayFieldProps {
                id: "audit-from",
                label: "From",
                day: filter.from_day.clone(),
                error: None,
                on_day: on_from,
            }) }
            { day("to", DayFieldProps {
                id: "audit-to",
                label: "To",
                day: filter.to_day.clone(),
                error: is_backwards.then_some("The last day is before the first."),
                on_day: on_to,
            }) }
            if is_filtered {
                <button id="audit-clear" type="button" class="button" onclick={on_clear}>{ "Show everything" }</button>
            }
        </form>
    }
}

fn set(props: &AuditFiltersProps, set: fn(&mut Filter, String)) -> Callback<String> {
    let (filter, on_change) = (props.filter.clone(), props.on_change.clone());
    Callback::from(move |value| {
        let mut filter = filter.clone();
        set(&mut filter, value);
        on_change.emit(filter);
    })
}

fn change(props: &AuditFiltersProps, field: fn(&mut Filter, String)) -> Callback<Event> {
    let set = set(props, field);
    Callback::from(move |event: Event| {
        if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
            set.emit(select.value());
        }
    })
}
