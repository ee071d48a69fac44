//! The audit trail, for owners: filters, entries as sentences, export.

use yew::prelude::*;

use super::{
    audit_filters::AuditFilters,
    audit_list::AuditList,
    filter::Filter,
    use_audit_trail::{AuditTrail, Status, use_audit_trail},
};
use crate::{
    api::{
        audit,
        use_request::{RequestHandle, use_request},
    },
    browser::{dom, download},
    features::{messages, nav_link::NavLink},
    route::Route,
    session::{use_client::use_client, use_server_now::use_server_now},
    ui::{
        action_button::ActionButton,
        loading::Loading,
        use_document_title::{Focus, use_document_title},
        use_toasts::use_toasts,
    },
};

/// The audit trail.
#[component]
pub fn Audit() -> Html {
    use_document_title("Audit trail", Focus::Untouched);
    let client = use_client();
    let toasts = use_toasts();
    let filter = use_state(Filter::default);
    let (trail, on_load_more) = use_audit_trail(&filter);
    // The result is whether the browser lets the page save a file.
    let export = use_request::<bool>();
    let now = use_server_now(30);
    let on_change = {
        let filter = filter.setter();
        Callback::from(move |new| filter.set(new))
    };
    let on_export = |content_type: &'static str, name: &'static str| {
        let context = (client.clone(), toasts.clone(), filter.query());
        let on_export = export.callback(&context, move |(client, toasts, query), _: MouseEvent| async move {
            let content = client.send(audit::export_audit_events(&query, content_type)).await?;
            let is_saved = download::save(&content, name);
            if is_saved {
                toasts.show(format!("{name} is ready: look at your downloads"));
            }
            Ok(is_saved)
        });
        if filter.is_backwards() { Callback::noop() } else { on_export }
    };
    use_effect_with(trail.has_more(), |&had_button| {
        move || {
            if had_button {
                dom::restore_focus(dom::find("#audit-summary").as_ref());
            }
        }
    });

    let is_busy = trail.is_busy();
    let failure = match &trail.status {
        Status::Failed(failure) => Some(messages::not_loaded(failure)),
        Status::Busy | Status::Done => None,
    };
    let cannot_export = (export.is_busy() || filter.is_backwards()).then_some("true");
    html! {
        <div class="settings" id="audit" aria-busy={is_busy.then_some("true")}>
            <NavLink to={Route::Account} class="back">{ "‹ Account" }</NavLink>
            <h1 tabindex="-1">{ "Audit trail" }</h1>
            <p class="lead">
                { "Sign-ins, the ends of sessions, and what owners and the operator changed: newest first. Entries \
                   are only ever added." }
            </p>
            <section class="card" aria-label="Entries">
                <AuditFilters filter={(*filter).clone()} people={trail.people.clone()} {on_change} />
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
                    <p id="export-outcome" role="status" class="outcome">{ export_outcome(&export) }</p>
                </div>
                <AuditList events={trail.events.clone()} {now} />
                <p id="audit-summary" role="status" class="outcome" tabindex="-1">{ summary(&trail, &filter) }</p>
                <Loading name="audit" {is_busy} {failure} on_retry={&on_load_more} />
                if trail.has_more() {
                    <ActionButton id="audit-more" label="Load more" {is_busy} on_press={on_load_more} />
                }
            </section>
        </div>
    }
}

fn export_outcome(export: &RequestHandle<bool>) -> String {
    match (export.failure(), export.data()) {
        (Some(failure), _) => messages::not_exported(failure),
        (None, Some(false)) => "This browser does not let the page save a file.".into(),
        _ if export.is_busy() => "Preparing the file…".into(),
        _ => String::new(),
    }
}

fn summary(trail: &AuditTrail, filter: &Filter) -> String {
    match (&trail.status, trail.events.len()) {
        (Status::Busy | Status::Failed(_), _) => String::new(),
        // The error is shown at the day.
        _ if filter.is_backwards() => String::new(),
        (Status::Done, 0) if *filter == Filter::default() => "Nothing has happened yet.".into(),
        (Status::Done, 0) => "Nothing matches. Choose fewer conditions to see more.".into(),
        (Status::Done, count) => {
            let entries = if count == 1 { "entry" } else { "entries" };
            let rest = if trail.next_cursor.is_some() { "there are more" } else { "that is all" };
            format!("{count} {entries} shown; {rest}.")
        }
    }
}
