//! The audit trail, for owners: filters, entries as sentences, export.

use std::{cell::Cell, rc::Rc};

use chrono::DateTime;
use curfew_shared::{
    audit::{AuditEvent, AuditQuery},
    error::ErrorCode,
    id::AuditEventId,
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::{OwnersOnly, words};
use crate::{
    api::{Failure, account},
    browser::{clock, download, order},
    components::{AuditFilters, Filter, KnownPerson, audit_list},
    hooks::{Focus, use_client, use_now, use_page, use_toasts},
    kept::use_kept,
    part::part,
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

#[derive(Clone, PartialEq, Default)]
enum Export {
    #[default]
    None,
    Busy,
    Failed(String),
}

/// The audit trail. For owners.
#[component]
pub fn Audit() -> Html {
    use_page("Audit trail", Focus::Untouched);
    let client = use_client();
    let toasts = use_toasts();
    let filter = use_kept(Filter::default);
    let trail = use_kept(Trail::default);
    let people = use_kept(Vec::<KnownPerson>::new);
    let export = use_kept(Export::default);
    let is_owner = use_kept(|| true);
    let device_now = use_now(30);
    // Of two answers only the one to the latest question counts.
    let question = use_memo((), |()| Cell::new(0_u32));

    let ask = {
        let (client, question) = (client.clone(), Rc::clone(&question));
        let (trail, people, is_owner) = (trail.setter(), people.clone(), is_owner.setter());
        Callback::from(move |(filter, so_far, cursor): (Filter, Vec<AuditEvent>, Option<AuditEventId>)| {
            let (client, question, number) = (client.clone(), Rc::clone(&question), question.get() + 1);
            let (trail, people, is_owner) = (trail.clone(), people.clone(), is_owner.clone());
            question.set(number);
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
                    Err(failure) => {
                        if failure.code() == Some(ErrorCode::OwnerRequired) {
                            is_owner.set(false);
                            drop(client.me().await);
                        }
                        Trail { events: so_far, next: cursor, load: Load::Failed(failure) }
                    }
                });
            });
        })
    };
    {
        let ask = ask.clone();
        use_effect_with((*filter).clone(), move |filter| {
            if !filter.is_backwards() {
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
            if *export == Export::Busy || filter.is_backwards() {
                return;
            }
            let (client, query, export, toasts) =
                (client.clone(), query(&filter), export.clone(), toasts.clone());
            export.set(Export::Busy);
            spawn_local(async move {
                export.set(match client.ask(account::export_audit_events(&query, content_type)).await {
                    Ok(content) if download::save(&content, name) => {
                        toasts.say(format!("{name} is ready: look at your downloads"));
                        Export::None
                    }
                    Ok(_) => Export::Failed("This browser does not let the page save a file.".into()),
                    Err(failure) => Export::Failed(words::not_exported(&failure)),
                });
            });
        })
    };

    if !*is_owner {
        return part::<OwnersOnly>("");
    }
    let now = client
        .store()
        .read(|state| state.session().map_or(DateTime::UNIX_EPOCH, |session| session.now(device_now)));
    let is_busy = trail.load == Load::Busy;
    let failure = match &trail.load {
        Load::Failed(failure) => Some(words::not_loaded(failure)),
        Load::Busy | Load::Done => None,
    };
    let is_exporting = (*export == Export::Busy).then_some("true");
    html! {
        <div class="settings" id="audit" aria-busy={is_busy.then_some("true")}>
            <Link<Route> to={Route::Account} classes="back">{ "‹ Account" }</Link<Route>>
            <h1 tabindex="-1">{ "Audit trail" }</h1>
            <p class="lead">
                { "Sign-ins, the ends of sessions, and what owners and the operator changed: newest first. Entries \
                   are only ever added." }
            </p>
            <section class="card" aria-label="Entries">
                <AuditFilters filter={(*filter).clone()} people={(*people).clone()} {on_change} />
                <div class="actions">
                    <button
                        id="export-csv" type="button" class="button small" aria-disabled={is_exporting}
                        onclick={on_export("text/csv", "audit-events.csv")}
                    >
                        { "Download as CSV" }
                    </button>
                    <button
                        id="export-ndjson" type="button" class="button small" aria-disabled={is_exporting}
                        onclick={on_export("application/x-ndjson", "audit-events.ndjson")}
                    >
                        { "Download as NDJSON" }
                    </button>
                    <p id="export-outcome" role="status" class="outcome">
                        { match &*export {
                            Export::None => "",
                            Export::Busy => "Preparing the file…",
                            Export::Failed(words) => words.as_str(),
                        } }
                    </p>
                </div>
                { audit_list(&trail.events, &people, now) }
                <p id="audit-summary" role="status" class="outcome">{ summary(&trail, &filter) }</p>
                { super::load_state("audit", is_busy, failure, &go_on) }
                if trail.load == Load::Done && trail.next.is_some() {
                    <button id="audit-more" type="button" class="button" onclick={go_on.reform(|_: MouseEvent| ())}>
                        { "Load more" }
                    </button>
                }
            </section>
        </div>
    }
}

fn summary(trail: &Trail, filter: &Filter) -> String {
    match (&trail.load, trail.events.len()) {
        (Load::Busy | Load::Failed(_), _) => String::new(),
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
