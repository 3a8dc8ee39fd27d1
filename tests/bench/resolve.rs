//! Resolves a table's columns as `catalog apply` does. Separate from the attempt, as in a real deployment.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use export::catalog::Definition;
use introspect::resolve;
use source::Source;

/// Prints the resolved dataset as JSON.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(url: &str, relation: &str) -> Result<()> {
    let mut inspector = Source::new(url)?.inspector(Duration::from_secs(5)).await?;
    let definition =
        Definition { relation: Some(relation.to_owned()), shared: true, ..Definition::default() };
    let resolved = resolve(&mut inspector, "bench", &definition, 1).await?;
    inspector.close().await;
    if let Some(violation) = resolved.violations.first() {
        bail!("{relation}: {violation:?}");
    }
    let dataset = resolved.dataset.with_context(|| format!("{relation} cannot be resolved"))?;
    println!("{}", serde_json::to_string(&dataset)?);
    Ok(())
}
