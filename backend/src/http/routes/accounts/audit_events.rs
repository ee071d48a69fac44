//! Reading the audit trail.

use std::sync::Arc;

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
    error::{ErrorCode, FieldCode, FieldError, Problem},
    route::api as route,
};

use crate::{
    app::AppState,
    domain::field,
    error::Result,
    http::extract::{Caller, Owner, Query, accept::quality, page_limit, truncate_page},
    store::{StoreError, audit_events},
};

/// How many entries an export reads at once.
const EXPORT_BATCH: u32 = 1_000;

/// The audit trail, newest first.
///
/// JSON comes in pages. With `Accept: text/csv` or `application/x-ndjson` the answer is everything
/// that matches, as a file. If the session ends meanwhile, the last line says so (a cell `# incomplete: …`, a
/// problem object) and the body breaks off.
#[utoipa::path(
    get,
    path = route::AUDIT_EVENTS,
    operation_id = "list_audit_events",
    tag = "account",
    params(AuditQuery),
    responses(
        (status = 200, description = "Entries", content(
            (AuditPage = "application/json"),
            (String = "text/csv", example = json!(Format::Csv.example())),
            (String = "application/x-ndjson", example = json!(Format::Ndjson.example())),
        )),
        (status = 403, description = "`owner_required`"),
    ),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Owner(caller): Owner,
    headers: HeaderMap,
    Query(query): Query<AuditQuery>,
) -> Result<Response> {
    let limit = page_limit(query.limit)?;
    field::refuse([check_time("from", query.from), check_time("to", query.to)])?;
    let wanted = |content_type| quality(&headers, &header::ACCEPT, content_type);
    let files = [Format::Csv, Format::Ndjson].map(|format| (wanted(format.content_type()), format));
    if let Some((most, format)) = files.into_iter().max_by(|a, b| a.0.total_cmp(&b.0))
        && most > wanted("application/json")
    {
        return Ok(export(app, caller, query, format));
    }
    let mut events = audit_events::list(&app.database.read, caller.account.id, &query, limit + 1).await?;
    let next_cursor = truncate_page(&mut events, limit).map(|event| event.id);
    Ok(JsonResponse(AuditPage { events, next_cursor }).into_response())
}

/// The databases support fewer years than the format does.
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
                // Excel reads UTF-8 only after a byte order mark.
                b"\xef\xbb\xbf\"id\",\"at\",\"kind\",\"actor_id\",\"actor_name\",\"actor_email\",\"subject_id\",\
                  \"subject_name\",\"subject_email\",\"session_id\",\"address\",\"payload\"\r\n",
            ),
            Self::Ndjson => Bytes::new(),
        }
    }

    /// An export of one entry, for the OpenAPI description.
    fn example(self) -> String {
        let lines = self.lines(&[AuditEvent::example()]).unwrap_or_default();
        String::from_utf8_lossy(&[self.head(), lines].concat()).into_owned()
    }

    /// The last line of an incomplete export.
    fn last_line(self, code: ErrorCode) -> std::io::Result<Bytes> {
        match self {
            Self::Csv => Ok(format!("\"# incomplete: {}\"{}\r\n", code.as_str(), ",\"\"".repeat(11)).into()),
            Self::Ndjson => {
                let mut line = serde_json::to_vec(&Problem::new(code, Vec::new()))?;
                line.push(b'\n');
                Ok(line.into())
            }
        }
    }

    fn lines(self, events: &[AuditEvent]) -> std::io::Result<Bytes> {
        let mut bytes = Vec::new();
        match self {
            Self::Csv => {
                let mut csv = csv::WriterBuilder::new()
                    .terminator(csv::Terminator::CRLF)
                    // Some spreadsheets separate at `;`; quotes keep a cell in one piece.
                    .quote_style(csv::QuoteStyle::Always)
                    .from_writer(&mut bytes);
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

/// Makes a spreadsheet show the cell as text. Users choose their names, and a separator in one starts a new cell in a
/// program that ignores quotes, so the character after a separator counts as a first one too.
fn inert(cell: &str) -> String {
    let mut inert = String::with_capacity(cell.len() + 1);
    let mut is_first = true;
    for c in cell.chars() {
        let is_formula = matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r' | '\n');
        if is_first && is_formula {
            inert.push('\'');
        }
        inert.push(c);
        // White space and quotes may stand before a formula.
        is_first = matches!(c, ';' | ',' | '|' | '\t' | '\r' | '\n')
            || is_first && !is_formula && (c.is_whitespace() || matches!(c, '"' | '\''));
    }
    inert
}

/// Sends all matching entries, batch by batch, as the client reads them. The session is checked before each batch; when
/// it has ended, a last line says so and the body is cut off.
fn export(app: AppState, caller: Caller, query: AuditQuery, format: Format) -> Response {
    let caller = Arc::new(caller);
    let batches = futures_util::stream::try_unfold(Next::Batch(query), move |next| {
        let (app, caller) = (AppState::clone(&app), Arc::clone(&caller));
        async move {
            let mut query = match next {
                Next::Batch(query) => query,
                Next::Abort(code) => return Err(std::io::Error::other(code.as_str())),
                Next::Done => return Ok(None),
            };
            let failed = |error: StoreError| {
                tracing::error!(%error, "an audit export failed");
                std::io::Error::other(error)
            };
            if let Some(code) = caller.refusal_now(&app).await.map_err(failed)? {
                tracing::info!(session = %caller.session.id, code = code.as_str(), "an audit export was ended");
                return Ok(Some((format.last_line(code)?, Next::Abort(code))));
            }
            let events = audit_events::list(&app.database.read, caller.account.id, &query, EXPORT_BATCH)
                .await
                .map_err(failed)?;
            let last = events.last().filter(|_| events.len() == EXPORT_BATCH as usize).map(|event| event.id);
            query.cursor = last;
            let next = if last.is_some() { Next::Batch(query) } else { Next::Done };
            Ok(Some((format.lines(&events)?, next)))
        }
    });
    let head = futures_util::stream::iter([Ok::<_, std::io::Error>(format.head())]);
    let headers = [
        (header::CONTENT_TYPE, format!("{}; charset=utf-8", format.content_type())),
        (header::CONTENT_DISPOSITION, format.file_name().to_owned()),
    ];
    (headers, Body::from_stream(futures_util::StreamExt::chain(head, batches))).into_response()
}

/// The next step of an export.
enum Next {
    Batch(AuditQuery),
    Abort(ErrorCode),
    Done,
}
