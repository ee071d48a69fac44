//! Props in, Html out. Components know neither the store nor the API.

mod active_users;
mod audit_filters;
mod audit_list;
mod banner;
mod field;
mod layout;
mod logo;
mod moment;
mod policy_form;
mod revoke_sessions_modal;
mod session_expiry_toast;
mod shield;
mod sign_in_form;
mod start_screen;
mod toast_region;

pub use active_users::{ActiveUsers, ActiveUsersProps, others};
pub use audit_filters::{AuditFilters, AuditFiltersProps, Filter, KnownPerson};
pub use audit_list::{AuditList, AuditListProps};
pub use banner::{Banner, BannerProps};
pub use field::{Field, FieldProps};
pub use layout::{Layout, LayoutProps, SignOutState};
pub use logo::Logo;
pub use moment::{Moment, MomentProps};
pub use policy_form::{PolicyForm, PolicyFormProps};
pub use revoke_sessions_modal::{RevokeSessionsModal, RevokeSessionsModalProps};
pub use session_expiry_toast::{SessionExpiryToast, SessionExpiryToastProps};
pub use shield::Shield;
pub use sign_in_form::{Credentials, SignInForm, SignInFormProps};
pub use start_screen::{StartScreen, StartScreenProps};
pub use toast_region::{ToastRegion, ToastRegionProps};
