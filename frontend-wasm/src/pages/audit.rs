//! The audit trail, for owners: filters, entries as sentences, export.

use std::cell::Cell;

use curfew_shared::{
    audit::{AuditEvent, AuditQuery},
    id::AuditEventId,
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{link, load_state, words, work_button};
use crate::{
    api::{Failure, account},
    browser::{clock, download, order, page},
    components::{AuditFilters, Filter, KnownPerson, audit_list},
    hooks::{Focus, use_client, use_page, use_server_now, use_toasts, use_work},
    route::Route,
};

/// The entries so far, and whether there are more.
#[derive(Clone, PartialEq, Default)]
struct Trail {
    events: Vec<AuditEvent>,
    next: Option<AuditEventId>,
    load: Load,
}

#[derive(Clone, PartialEq, Default)]
enum Load {
    #[default]
    Busy,
    Done,
    Failed(Failure),
}

/// The audit trail. For owners.
#[component]
pub fn Audit() -> Html {
    use_page("Audit trail", Focus::Untouched);
    let client = use_client();
    let toasts = use_toasts();
    let filter = use_state(Filter::default);
    let trail = use_state(Trail::default);
    let people = use_state(Vec::<KnownPerson>::new);
    // Whether the browser let the file be saved.
    let export = use_work::<bool>();
    let now = use_server_now(30);
    // Of two answers only the one to the latest question counts.
    let question = use_state(|| Cell::new(0_u32));

    let ask = {
        let (client, question) = (client.clone(), question.clone());
        let (trail, people) = (trail.setter(), people.clone());
        Callback::from(move |(filter, so_far, cursor): (Filter, Vec<AuditEvent>, Option<AuditEventId>)| {
            let (client, question, number) = (client.clone(), question.clone(), question.get() + 1);
            let (trail, people) = (trail.clone(), people.clone());
            question.replace(number);
            trail.set(Trail { events: so_far.clone(), next: cursor, load: Load::Busy });
            spawn_local(async move {
                let answer =
                    client.ask(account::audit_events(&AuditQuery { cursor, ..query(&filter) })).await;
                if question.get() != number {
                    return;
                }
                trail.set(match answer {
                    Ok(page) => {
                        let mut events = so_far;
                        people.set(known(&people, &page.events));
                        events.extend(page.events);
                        Trail { events, next: page.next_cursor, load: Load::Done }
                    }
                    Err(failure) => Trail { events: so_far, next: cursor, load: Load::Failed(failure) },
                });
            });
        })
    };
    {
        let (ask, question, trail) = (ask.clone(), question.clone(), trail.setter());
        use_effect_with((*filter).clone(), move |filter| {
            if filter.is_backwards() {
                // Nothing can match, so nobody is asked, and what comes late is of no interest.
                question.replace(question.get() + 1);
                trail.set(Trail { load: Load::Done, ..Trail::default() });
            } else {
                ask.emit((filter.clone(), Vec::new(), None));
            }
        });
    }
    let on_change = {
        let filter = filter.setter();
        Callback::from(move |new| filter.set(new))
    };
    let go_on = {
        let (filter, trail, ask) = (filter.clone(), trail.clone(), ask.clone());
        Callback::from(move |()| {
            if trail.load != Load::Busy {
                ask.emit(((*filter).clone(), trail.events.clone(), trail.next));
            }
        })
    };
    let on_export = |content_type: &'static str, name: &'static str| {
        let (client, filter, export) = (client.clone(), filter.clone(), export.clone());
        let toasts = toasts.clone();
        Callback::from(move |_: MouseEvent| {
            if filter.is_backwards() {
                return;
            }
            let (client, query, toasts) = (client.clone(), query(&filter), toasts.clone());
            export.run(async move {
                let content = client.ask(account::export_audit_events(&query, content_type)).await?;
                let is_saved = download::save(&content, name);
                if is_saved {
                    toasts.say(format!("{name} is ready: look at your downloads"));
                }
                Ok(is_saved)
            });
        })
    };
    let has_more = trail.next.is_some() && !matches!(trail.load, Load::Failed(_));
    use_effect_with(has_more, |&had_button| {
        move || {
            if had_button {
                page::give_lost_focus_to(page::find("#audit-summary").as_ref());
            }
        }
    });

    let is_busy = trail.load == Load::Busy;
    let failure = match &trail.load {
        Load::Failed(failure) => Some(words::not_loaded(failure)),
        Load::Busy | Load::Done => None,
    };
    let outcome = match (export.failure(), export.done()) {
        (Some(failure), _) => words::not_exported(failure),
        (None, Some(false)) => "This browser does not let the page save a file.".into(),
        _ if export.is_busy() => "Preparing the file…".into(),
        _ => String::new(),
    };
    let cannot_export = (export.is_busy() || filter.is_backwards()).then_some("true");
    html! {
        <div class="settings" id="audit" aria-busy={is_busy.then_some("true")}>
            { link(Route::Account, "back", "‹ Account".into()) }
            <h1 tabindex="-1">{ "Audit trail" }</h1>
            <p class="lead">
                { "Sign-ins, the ends of sessions, and what owners and the operator changed: newest first. Entries \
                   are only ever added." }
            </p>
            <section class="card" aria-label="Entries">
                <AuditFilters filter={(*filter).clone()} people={(*people).clone()} {on_change} />
                <div class="actions">
                    <button
                        id="export-csv" type="button" class="button small" aria-disabled={cannot_export}
                        onclick={on_export("text/csv", "audit-events.csv")}
                    >
                        { "Download as CSV" }
                    </button>
                    <button
                        id="export-ndjson" type="button" class="button small" aria-disabled={cannot_export}
                        onclick={on_export("application/x-ndjson", "audit-events.ndjson")}
                    >
                        { "Download as NDJSON" }
                    </button>
                    <p id="export-outcome" role="status" class="outcome">{ outcome }</p>
                </div>
                { audit_list(&trail.events, now) }
                <p id="audit-summary" role="status" class="outcome" tabindex="-1">{ summary(&trail, &filter) }</p>
                { load_state("audit", is_busy, failure, &go_on) }
                if has_more {
                    { work_button("audit-more", "button", "Load more", is_busy, &go_on) }
                }
            </section>
        </div>
    }
}

fn summary(trail: &Trail, filter: &Filter) -> String {
    match (&trail.load, trail.events.len()) {
        (Load::Busy | Load::Failed(_), _) => String::new(),
        // What is wrong stands beside the day.
        _ if filter.is_backwards() => String::new(),
        (Load::Done, 0) if *filter == Filter::default() => "Nothing has happened yet.".into(),
        (Load::Done, 0) => "Nothing matches. Choose fewer conditions to see more.".into(),
        (Load::Done, count) => {
            let entries = if count == 1 { "entry" } else { "entries" };
            let rest = if trail.next.is_some() { "there are more" } else { "that is all" };
            format!("{count} {entries} shown; {rest}.")
        }
    }
}

/// Everybody known so far and whoever did something in `events`, by name.
fn known(so_far: &[KnownPerson], events: &[AuditEvent]) -> Vec<KnownPerson> {
    let mut people = so_far.to_vec();
    for actor in events.iter().filter_map(|event| event.actor.as_ref()) {
        let name = actor.name.clone().or_else(|| actor.email.clone());
        if let Some(name) = name.filter(|_| people.iter().all(|person| person.id != actor.user_id)) {
            let place = people.partition_point(|person| order::compare(&person.name, &name).is_le());
            people.insert(place, KnownPerson { id: actor.user_id, name });
        }
    }
    people
}

/// The days of `filter` are the reader's; both are meant from their beginning to their end.
fn query(filter: &Filter) -> AuditQuery {
    AuditQuery {
        kind: filter.kind,
        actor_id: filter.actor_id,
        from: clock::local_midnight(&filter.from_day, 0),
        to: clock::local_midnight(&filter.to_day, 1),
        ..AuditQuery::default()
    }
}
