//! Random passwords, new for every stack.

use anyhow::{Context, Result};

/// Returns 128 random bits in hexadecimal, which is safe in URLs and configuration files.
pub(crate) fn random() -> Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).context("the system provides no random numbers")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
