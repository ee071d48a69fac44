//! Reading the audit trail.

use axum::{
    Json as JsonResponse,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Datelike, Utc};
use curfew_shared::{
    audit::{AuditEvent, AuditPage, AuditQuery},
    error::{FieldCode, FieldError},
    id::AccountId,
    route::api as route,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    accept::weight,
    caller::Owner,
    extract::{Query, cut, page_limit},
};
use crate::{app::AppState, domain::field, error::Result, store::audit_events};

/// Entries that an export reads at once.
const EXPORT_BATCH: u32 = 1_000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The audit trail, newest first.
///
/// JSON comes in pages. With `Accept: text/csv` or `application/x-ndjson` the answer is everything
/// that matches, as a file.
#[utoipa::path(
    get,
    path = route::AUDIT_EVENTS,
    tag = "account",
    params(AuditQuery),
    responses(
        (status = 200, description = "Entries", content(
            (AuditPage = "application/json"),
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        )),
        (status = 403, description = "`owner_required`"),
    ),
)]
async fn list(
    State(app): State<AppState>,
    Owner(caller): Owner,
    headers: HeaderMap,
    Query(query): Query<AuditQuery>,
) -> Result<Response> {
    let limit = page_limit(query.limit)?;
    field::refuse([check_time("from", query.from), check_time("to", query.to)])?;
    let wanted = |content_type| weight(&headers, &header::ACCEPT, content_type);
    let files = [Format::Csv, Format::Ndjson].map(|format| (wanted(format.content_type()), format));
    if let Some((most, format)) = files.into_iter().max_by(|a, b| a.0.total_cmp(&b.0))
        && most > wanted("application/json")
    {
        return Ok(export(app, caller.account.id, query, format));
    }
    let mut events = audit_events::list(&app.database.read, caller.account.id, &query, limit + 1).await?;
    let next_cursor = cut(&mut events, limit).map(|event| event.id);
    Ok(JsonResponse(AuditPage { events, next_cursor }).into_response())
}

/// The databases know fewer years than can be written.
fn check_time(field: &str, time: Option<DateTime<Utc>>) -> Option<FieldError> {
    let known = 0..10_000;
    time.filter(|time| !known.contains(&time.year()))
        .map(|_| FieldError::new(field, FieldCode::Malformed, "Name a time between the years 0 and 9999."))
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Csv,
    Ndjson,
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    const fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "attachment; filename=\"audit-events.csv\"",
            Self::Ndjson => "attachment; filename=\"audit-events.ndjson\"",
        }
    }

    fn head(self) -> Bytes {
        match self {
            Self::Csv => Bytes::from_static(
                b"id,at,kind,actor_id,actor_name,actor_email,subject_id,subject_name,subject_email,\
                  session_id,address,payload\r\n",
            ),
            Self::Ndjson => Bytes::new(),
        }
    }

    fn lines(self, events: &[AuditEvent]) -> std::io::Result<Bytes> {
        let mut bytes = Vec::new();
        match self {
            Self::Csv => {
                let mut csv =
                    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
                for event in events {
                    csv.write_record(cells(event))?;
                }
                csv.flush()?;
                drop(csv);
            }
            Self::Ndjson => {
                for event in events {
                    serde_json::to_writer(&mut bytes, event)?;
                    bytes.push(b'\n');
                }
            }
        }
        Ok(bytes.into())
    }
}

fn cells(event: &AuditEvent) -> [String; 12] {
    let text = |text: Option<&String>| text.map(|text| inert(text)).unwrap_or_default();
    let [actor, subject] = [&event.actor, &event.subject].map(|person| {
        let person = person.as_ref();
        [
            person.map(|person| person.user_id.to_string()).unwrap_or_default(),
            text(person.and_then(|person| person.name.as_ref())),
            text(person.and_then(|person| person.email.as_ref())),
        ]
    });
    let [actor_id, actor_name, actor_email] = actor;
    let [subject_id, subject_name, subject_email] = subject;
    [
        event.id.to_string(),
        event.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        event.kind.to_string(),
        actor_id,
        actor_name,
        actor_email,
        subject_id,
        subject_name,
        subject_email,
        event.session_id.map(|id| id.to_string()).unwrap_or_default(),
        text(event.address.as_ref()),
        event.payload.to_string(),
    ]
}

/// A spreadsheet takes a cell that begins so for a formula, and a name is whatever its owner typed.
fn inert(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

/// Sends everything that matches, batch by batch, as the client reads it.
fn export(app: AppState, account: AccountId, query: AuditQuery, format: Format) -> Response {
    let batches = futures_util::stream::try_unfold(Some(query), move |query| {
        let app = AppState::clone(&app);
        async move {
            let Some(mut query) = query else { return Ok(None) };
            let events = audit_events::list(&app.database.read, account, &query, EXPORT_BATCH)
                .await
                .inspect_err(|error| tracing::error!(%error, "an export broke off"))
                .map_err(std::io::Error::other)?;
            let last = events.last().filter(|_| events.len() == EXPORT_BATCH as usize).map(|event| event.id);
            query.cursor = last;
            Ok(Some((format.lines(&events)?, last.map(|_| query))))
        }
    });
    let head = futures_util::stream::iter([Ok::<_, std::io::Error>(format.head())]);
    let headers = [
        (header::CONTENT_TYPE, format!("{}; charset=utf-8", format.content_type())),
        (header::CONTENT_DISPOSITION, format.file_name().to_owned()),
    ];
    (headers, Body::from_stream(futures_util::StreamExt::chain(head, batches))).into_response()
}
