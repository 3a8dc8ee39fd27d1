//! PostgreSQL's own output.

use anyhow::Result;
use futures::StreamExt;
use sqlx::Connection;
use sqlx::postgres::PgConnection;

/// Runs `COPY (query) TO STDOUT (FORMAT csv)`, with the settings under which Sluice promises equal bytes.
///
/// # Errors
/// The server's.
pub async fn copy_csv(url: &str, query: &str) -> Result<Vec<u8>> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql("set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set bytea_output = 'hex'; set extra_float_digits = 1").execute(&mut connection).await?;
    let mut csv = Vec::new();
    {
        let mut rows = connection.copy_out_raw(&format!("copy ({query}) to stdout (format csv)")).await?;
        while let Some(bytes) = rows.next().await {
            csv.extend_from_slice(&bytes?);
        }
    }
    connection.close().await?;
    Ok(csv)
}

/// Returns the records of a CSV without quoted line ends, sorted.
#[must_use]
pub fn sorted_records(csv: &[u8]) -> Vec<String> {
    let mut records: Vec<_> = String::from_utf8_lossy(csv).lines().map(str::to_owned).collect();
    records.sort();
    records
}
