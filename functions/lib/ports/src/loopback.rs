//! Permission to send webhooks to this machine, without TLS. Only the local stack gives it, by a variable that no template sets.

/// Returns true if webhooks may be sent to loopback addresses.
pub fn is_permitted() -> bool {
    std::env::var_os("SLUICE_WEBHOOK_LOOPBACK").is_some_and(|value| !value.is_empty())
}
