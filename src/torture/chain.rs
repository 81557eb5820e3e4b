//! The audit chain, as far as torture asks for it.

use crate::app::AppError;
use crate::app::audit_trail;
use crate::app::ports::Store;

/// Whether the audit trail is whole, and every record of it sealed.
pub(super) async fn verify(store: &dyn Store) -> Result<bool, AppError> {
    let found = audit_trail::verify(store, &[]).await?;
    Ok(found.ok && found.waiting == 0)
}
