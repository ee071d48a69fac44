//! Examples of requests and responses, for the `OpenAPI` document: each stands here once, as a value of its type.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::{
    account::{AccountResponse, CloseAccountRequest, UpdateAccountRequest},
    audit::{AuditEvent, AuditKind, AuditPage, AuditPerson},
    auth::{
        AccountSummary, GrantType, LoginForm, LoginRequest, LogoutRequest, MeResponse, RefreshRequest, Role,
        SessionSummary, TokenDelivery, TokenResponse, TokenType, UserSummary,
    },
    error::{ErrorCode, FieldCode, FieldError, Problem},
    id::{AccountId, AuditEventId, IdentityId, InviteId, SessionId, UserId},
    invite::{
        AcceptInvitationRequest, CreateInviteRequest, InvitationResponse, InviteDelivery, InviteLinkResponse,
        InvitePage, InviteSummary,
    },
    member::{MemberPage, MemberSummary, UpdateMemberRequest},
    oauth::{
        Identity, IdentityList, OauthCallbackRequest, OauthPurpose, OauthStartRequest, OauthStartResponse,
        OauthTokenResponse, Provider, ProviderIcon, ProvidersResponse,
    },
    person::{
        ChangePasswordRequest, ChangePasswordResponse, DisownResponse, EmailRequest, LinkRequest,
        ReauthenticateRequest, RegisterRequest, ResetPasswordRequest, UpdateProfileRequest,
        VerifyEmailRequest, VerifyEmailResponse,
    },
    policy::{Bounds, Policy, PolicyOverride},
    security::{
        ActiveUser, PolicyView, Preset, PresetName, RevokeScope, RevokeSessionsRequest,
        RevokeSessionsResponse, SecurityResponse, UpdatePolicyRequest,
    },
    session::{DeviceKind, OwnSession, OwnSessionPage},
};

pub(crate) const ACCOUNT_NAME: &str = "Acme";
pub(crate) const NAME: &str = "Ada Owner";
pub(crate) const EMAIL: &str = "ada@acme.example";
pub(crate) const PASSWORD: &str = "seven purple kangaroos hum";

const ACCESS_TOKEN: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl";
const REFRESH_TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl";
const LINK_TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6Imxpbmsrand0In0.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl";
const NETWORK_ADDRESS: &str = "203.0.113.7";

const MINUTES_A_DAY: i64 = 24 * 60;

/// 2 November 2026, 09:00 UTC: Ada signs in.
const SIGN_IN: i64 = 1_793_610_000;

/// The moment so many minutes after Ada's sign-in.
fn after(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(SIGN_IN + 60 * minutes)
}

fn idle_expires_at() -> DateTime<Utc> {
    after(3 * MINUTES_A_DAY)
}

fn absolute_expires_at() -> DateTime<Utc> {
    after(14 * MINUTES_A_DAY)
}

const fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x01a1_e0d3_7c80_7000_8000_0000_0000_0000 + number)
}

const ACCOUNT: AccountId = AccountId(uuid(0xa1));
const ADA: UserId = UserId(uuid(0xb1));
const BOB: UserId = UserId(uuid(0xb2));
const SESSION: SessionId = SessionId(uuid(0xc1));

impl AccountResponse {
    pub(crate) fn example() -> Self {
        Self {
            id: ACCOUNT,
            name: ACCOUNT_NAME.to_owned(),
            created_at: after(-30 * MINUTES_A_DAY),
            member_count: 2,
        }
    }
}

impl UpdateAccountRequest {
    pub(crate) fn example() -> Self {
        Self { name: "Acme Industries".to_owned() }
    }
}

impl CloseAccountRequest {
    pub(crate) fn example() -> Self {
        Self { name: ACCOUNT_NAME.to_owned() }
    }
}

impl AuditEvent {
    /// An example of an entry: a policy was changed.
    #[must_use]
    pub fn example() -> Self {
        let actor = AuditPerson { user_id: ADA, name: Some(NAME.to_owned()), email: Some(EMAIL.to_owned()) };
        Self {
            id: AuditEventId(uuid(0xe1)),
            at: after(5),
            kind: AuditKind::PolicyUpdated,
            actor: Some(actor),
            subject: None,
            session_id: Some(SESSION),
            address: Some(NETWORK_ADDRESS.to_owned()),
            payload: json!({
                "old": PolicyOverride::default(),
                "new": PolicyOverride::STANDARD,
                "effective_old": Policy::STRICT,
                "effective_new": PolicyOverride::STANDARD,
            }),
        }
    }
}

impl AuditPage {
    pub(crate) fn example() -> Self {
        Self { events: vec![AuditEvent::example()], next_cursor: None }
    }
}

impl LoginRequest {
    pub(crate) fn example() -> Self {
        Self { email: EMAIL.to_owned(), password: PASSWORD.to_owned(), token_delivery: TokenDelivery::Body }
    }
}

impl LoginForm {
    pub(crate) fn example() -> Self {
        Self {
            username: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
            grant_type: Some(GrantType::Password),
            scope: None,
            client_id: None,
            client_secret: None,
            token_delivery: TokenDelivery::Body,
        }
    }
}

impl RefreshRequest {
    pub(crate) fn example() -> Self {
        Self { refresh_token: Some(REFRESH_TOKEN.to_owned()), passive: false }
    }
}

impl LogoutRequest {
    pub(crate) fn example() -> Self {
        Self { refresh_token: Some(REFRESH_TOKEN.to_owned()) }
    }
}

impl TokenResponse {
    pub(crate) fn example() -> Self {
        Self {
            access_token: ACCESS_TOKEN.to_owned(),
            refresh_token: Some(REFRESH_TOKEN.to_owned()),
            token_type: TokenType::Bearer,
            expires_in: 300,
            idle_expires_at: idle_expires_at(),
            absolute_expires_at: absolute_expires_at(),
            server_time: after(0),
        }
    }
}

impl MeResponse {
    pub(crate) fn example() -> Self {
        Self {
            user: UserSummary::example(),
            account: AccountSummary { id: ACCOUNT, name: ACCOUNT_NAME.to_owned() },
            session: SessionSummary {
                id: SESSION,
                auth_time: after(0),
                idle_expires_at: idle_expires_at(),
                absolute_expires_at: absolute_expires_at(),
            },
            server_time: after(1),
        }
    }
}

impl UserSummary {
    pub(crate) fn example() -> Self {
        Self {
            id: ADA,
            email: EMAIL.to_owned(),
            name: NAME.to_owned(),
            role: Role::Owner,
            has_password: true,
        }
    }
}

impl Problem {
    /// An example: a value out of bounds.
    #[must_use]
    pub fn example() -> Self {
        let error = FieldError::new("idle_minutes", FieldCode::TooSmall, "At least 15 minutes.");
        Self::new(ErrorCode::ValidationFailed, vec![error.with_limit(15)])
    }
}

impl InviteSummary {
    pub(crate) fn example() -> Self {
        Self {
            id: InviteId(uuid(0xd1)),
            email: "zoe@acme.example".to_owned(),
            role: Role::Viewer,
            invited_by: Some(NAME.to_owned()),
            created_at: after(2),
            sent_at: after(2),
            expires_at: after(2 + 7 * MINUTES_A_DAY),
            delivery: InviteDelivery::Sent,
            delivery_problem: None,
        }
    }
}

impl InviteLinkResponse {
    pub(crate) fn example() -> Self {
        Self {
            url: "https://curfew.example/invite#eyJ0eXAiOiJsaW5rK2p3dCIsImFsZyI6IkVkRFNBIn0.…".to_owned()
        }
    }
}

impl InvitePage {
    pub(crate) fn example() -> Self {
        Self { invites: vec![InviteSummary::example()], next_cursor: None }
    }
}

impl CreateInviteRequest {
    pub(crate) fn example() -> Self {
        let InviteSummary { email, role, .. } = InviteSummary::example();
        Self { email, role }
    }
}

impl InvitationResponse {
    pub(crate) fn example() -> Self {
        let InviteSummary { email, role, invited_by, expires_at, .. } = InviteSummary::example();
        Self { account_name: ACCOUNT_NAME.to_owned(), invited_by, email, role, expires_at }
    }
}

impl AcceptInvitationRequest {
    pub(crate) fn example() -> Self {
        Self {
            name: "Zoe Viewer".to_owned(),
            password: PASSWORD.to_owned(),
            token_delivery: TokenDelivery::Body,
        }
    }
}

impl MemberPage {
    pub(crate) fn example() -> Self {
        let ada = MemberSummary {
            id: ADA,
            name: NAME.to_owned(),
            email: EMAIL.to_owned(),
            role: Role::Owner,
            is_active: true,
            last_login_at: Some(after(0)),
            session_count: 1,
            is_caller: true,
        };
        let bob = MemberSummary {
            id: BOB,
            name: "Bob Builder".to_owned(),
            email: "bob@acme.example".to_owned(),
            role: Role::Engineer,
            is_active: false,
            last_login_at: None,
            session_count: 0,
            is_caller: false,
        };
        Self { members: vec![ada, bob], member_count: 2, next_cursor: None }
    }
}

impl UpdateMemberRequest {
    pub(crate) fn example() -> Self {
        Self { role: Some(Role::Engineer), is_active: None }
    }
}

impl ProvidersResponse {
    pub(crate) fn example() -> Self {
        let google = Provider {
            name: "google".to_owned(),
            display_name: "Google".to_owned(),
            icon: ProviderIcon::Google,
        };
        Self { providers: vec![google], registration_open: true }
    }
}

impl OauthStartRequest {
    pub(crate) fn example() -> Self {
        Self { purpose: OauthPurpose::SignIn, invite_token: None, token_delivery: TokenDelivery::Body }
    }
}

impl OauthStartResponse {
    pub(crate) fn example() -> Self {
        let query = "response_type=code&client_id=curfew&state=c3RhdGU&scope=openid+email+profile";
        Self { authorization_url: format!("https://accounts.google.com/o/oauth2/v2/auth?{query}") }
    }
}

impl OauthCallbackRequest {
    pub(crate) fn example() -> Self {
        Self {
            state: "c3RhdGU".to_owned(),
            code: Some("Y29kZQ".to_owned()),
            iss: Some("https://accounts.google.com".to_owned()),
            ..Self::default()
        }
    }
}

impl OauthTokenResponse {
    pub(crate) fn example() -> Self {
        Self { tokens: Some(TokenResponse::example()), is_new_user: false, purpose: OauthPurpose::SignIn }
    }

    pub(crate) fn example_of_link() -> Self {
        Self { tokens: None, purpose: OauthPurpose::Link, ..Self::example() }
    }
}

impl IdentityList {
    pub(crate) fn example() -> Self {
        let google = Identity {
            id: IdentityId(uuid(0xf1)),
            provider: "google".to_owned(),
            email: Some(EMAIL.to_owned()),
            linked_at: after(-2 * MINUTES_A_DAY),
            last_used_at: Some(after(0)),
        };
        Self { identities: vec![google], has_password: true }
    }
}

impl RegisterRequest {
    pub(crate) fn example() -> Self {
        Self {
            account_name: ACCOUNT_NAME.to_owned(),
            name: NAME.to_owned(),
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
        }
    }
}

impl EmailRequest {
    pub(crate) fn example() -> Self {
        Self { email: EMAIL.to_owned() }
    }
}

impl LinkRequest {
    pub(crate) fn example() -> Self {
        Self { token: LINK_TOKEN.to_owned() }
    }
}

impl VerifyEmailRequest {
    pub(crate) fn example() -> Self {
        Self { token: LINK_TOKEN.to_owned(), password: Some(PASSWORD.to_owned()) }
    }
}

impl VerifyEmailResponse {
    pub(crate) fn example() -> Self {
        Self { email: EMAIL.to_owned() }
    }
}

impl DisownResponse {
    pub(crate) fn example() -> Self {
        Self { revoked_count: 2 }
    }
}

impl ResetPasswordRequest {
    pub(crate) fn example() -> Self {
        Self { token: LINK_TOKEN.to_owned(), password: PASSWORD.to_owned() }
    }
}

impl ChangePasswordRequest {
    pub(crate) fn example() -> Self {
        Self {
            current_password: Some("nine quiet otters whistle".to_owned()),
            new_password: PASSWORD.to_owned(),
        }
    }
}

impl ChangePasswordResponse {
    pub(crate) fn example() -> Self {
        Self { revoked_count: 1, identity_count: 1, invite_count: 0 }
    }
}

impl ReauthenticateRequest {
    pub(crate) fn example() -> Self {
        Self { password: PASSWORD.to_owned(), token_delivery: TokenDelivery::Body }
    }
}

impl UpdateProfileRequest {
    pub(crate) fn example() -> Self {
        Self { name: NAME.to_owned() }
    }
}

impl SecurityResponse {
    pub(crate) fn example() -> Self {
        let preset = |name, set: PolicyOverride| Preset {
            name,
            idle_minutes: set.idle_minutes,
            absolute_minutes: set.absolute_minutes,
        };
        let ada = ActiveUser {
            user_id: ADA,
            name: NAME.to_owned(),
            email: EMAIL.to_owned(),
            last_login_at: after(0),
            session_count: 1,
            is_caller: true,
        };
        Self {
            policy: PolicyView {
                set: PolicyOverride { idle_minutes: Some(60), absolute_minutes: None },
                effective: Policy { idle_minutes: 60, ..Policy::STRICT },
                default: Policy::STRICT,
                bounds: Bounds::WIDEST,
                presets: vec![
                    preset(PresetName::Strict, PolicyOverride::default()),
                    preset(PresetName::Standard, PolicyOverride::STANDARD),
                ],
                preset: PresetName::Custom,
            },
            active_users: vec![ada],
            active_user_count: 1,
        }
    }
}

impl UpdatePolicyRequest {
    pub(crate) fn example() -> Self {
        Self { idle_minutes: Some(Some(60)), absolute_minutes: Some(None) }
    }
}

impl RevokeSessionsRequest {
    pub(crate) fn example() -> Self {
        Self { scope: RevokeScope::Others }
    }
}

impl RevokeSessionsResponse {
    pub(crate) fn example() -> Self {
        Self { revoked_count: 3 }
    }
}

impl OwnSessionPage {
    pub(crate) fn example() -> Self {
        let session = OwnSession {
            id: SESSION,
            is_current: true,
            browser: Some("Firefox".to_owned()),
            os: Some("Linux".to_owned()),
            device: DeviceKind::Computer,
            address: Some(NETWORK_ADDRESS.to_owned()),
            signed_in_at: after(0),
            last_seen_at: after(0),
            idle_expires_at: idle_expires_at(),
            absolute_expires_at: absolute_expires_at(),
        };
        Self { sessions: vec![session], session_count: 1, next_cursor: None, server_time: after(1) }
    }
}
