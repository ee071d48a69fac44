//! Identities at providers: linking one, and one's own.

use axum::{Json as JsonResponse, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::AuditKind,
    error::ErrorCode,
    id::{AccountId, IdentityId, SessionId, UserId},
    oauth::{Identity, IdentityList},
    route::api as route,
};
use serde_json::json;

use crate::{
    app::{App, AppState},
    audit::Deed,
    entropy,
    error::{Error, Result},
    http::extract::{Caller, Client, Path},
    mail::Mail,
    store::{
        Transaction,
        identities::{self, Linked, NewIdentity},
        is_taken, users,
    },
};

/// How an identity comes to be linked.
#[derive(Debug, Clone, Copy)]
pub(in crate::http::routes) enum By {
    /// Its person asked for it, in this session.
    Person(SessionId),
    /// Its address is a user's, as the provider and we have proven.
    Address,
    /// Its person was invited.
    Invitation,
    /// Its person registered with it.
    Registration,
}

/// An identity to be linked.
pub(in crate::http::routes) struct Link<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The address that the provider named.
    pub email: Option<&'a str>,
    /// Whose it is to be.
    pub user_id: UserId,
    /// Their account.
    pub account_id: AccountId,
    /// Their address, at which they are told.
    pub recipient: &'a str,
    /// How it comes about.
    pub by: By,
    /// When it was used to sign in, if it was.
    pub used_at: Option<DateTime<Utc>>,
}

/// Links an identity, puts that on record, and tells the person (ASVS V6.3.7).
pub(in crate::http::routes) async fn link(
    transaction: &Transaction,
    app: &App,
    client: &Client,
    link: Link<'_>,
) -> Result<()> {
    let now = app.clock.now();
    let id = IdentityId(entropy::id(now)?);
    let new = NewIdentity {
        id,
        user_id: link.user_id,
        issuer: link.issuer,
        subject: link.subject,
        email: link.email,
        last_used_at: link.used_at,
    };
    // Two that link one identity at once: one does.
    let taken = |error| if is_taken(&error) { ErrorCode::IdentityTaken.into() } else { Error::from(error) };
    identities::insert(transaction, new, now).await.map_err(taken)?;
    let provider = app.oidc.provider_of(link.issuer).map(|provider| &provider.config);
    let (by, session) = match link.by {
        By::Person(session) => ("person", Some(session)),
        By::Address => ("address", None),
        By::Invitation => ("invitation", None),
        By::Registration => ("registration", None),
    };
    let name = provider.map_or(link.issuer, |provider| &provider.name);
    let deed = Deed::new(AuditKind::IdentityLinked, link.account_id, now)
        .by(link.user_id)
        .from(client.origin.address.as_deref())
        .with(json!({"provider": name, "identity_id": id, "by": by}));
    let deed = match session {
        Some(session) => deed.in_session(session),
        None => deed,
    };
    deed.append(transaction).await?;
    let mail = Mail::IdentityLinked {
        user_id: link.user_id,
        provider: provider.map_or(link.issuer, |provider| &provider.display_name).to_owned(),
        email: link.email.map(str::to_owned),
        at: now,
        address: client.origin.address.clone(),
    };
    Ok(mail.enqueue(transaction, link.recipient, now).await?)
}

/// One's own identities at providers.
#[utoipa::path(
    get,
    path = route::IDENTITIES,
    operation_id = "list_identities",
    tag = "users",
    responses((status = 200, description = "The identities", body = IdentityList)),
)]
pub(super) async fn list(State(app): State<AppState>, caller: Caller) -> Result<JsonResponse<IdentityList>> {
    let linked = identities::list(&app.database.read, caller.user.id).await?;
    let shown = |linked: Linked| Identity {
        id: IdentityId(linked.id),
        provider: provider_name(&app, linked.issuer),
        email: linked.email,
        linked_at: linked.linked_at,
        last_used_at: linked.last_used_at,
    };
    Ok(JsonResponse(IdentityList {
        identities: linked.into_iter().map(shown).collect(),
        has_password: caller.user.has_password,
    }))
}

/// Unlink an identity of one's own, unless it is the last way to sign in.
#[utoipa::path(
    delete,
    path = route::IDENTITY,
    operation_id = "unlink_identity",
    tag = "users",
    params(("id" = Uuid, Path, description = "The identity")),
    responses(
        (status = 204, description = "Unlinked"),
        (status = 403, description = "`reauthentication_required`"),
        (status = 404, description = "`not_found`"),
        (status = 409, description = "`last_sign_in_method`"),
    ),
)]
pub(super) async fn unlink(
    State(app): State<AppState>,
    caller: Caller,
    client: Client,
    Path(id): Path<IdentityId>,
) -> Result<StatusCode> {
    caller.must_be_fresh()?;
    // Holds the user, so that the last two cannot be unlinked past each other.
    let transaction = caller.begin(&app).await?;
    let login = users::find_login_by_id(&transaction, caller.user.id).await?;
    let has_password = login.is_some_and(|login| login.password_hash.is_some());
    let mut others = identities::list(&transaction, caller.user.id).await?;
    let index = others.iter().position(|linked| linked.id == id.0).ok_or(ErrorCode::NotFound)?;
    let linked = others.remove(index);
    // An identity at a provider that is configured no longer is no way to sign in.
    let another = others.iter().any(|other| app.oidc.provider_of(&other.issuer).is_some());
    if !has_password && !another {
        return Err(ErrorCode::LastSignInMethod.into());
    }
    identities::delete(&transaction, id).await?;
    caller
        .deed(AuditKind::IdentityUnlinked, &client)
        .with(json!({"provider": provider_name(&app, linked.issuer), "identity_id": id}))
        .append(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn provider_name(app: &App, issuer: String) -> String {
    app.oidc.provider_of(&issuer).map_or(issuer, |provider| provider.config.name.clone())
}
