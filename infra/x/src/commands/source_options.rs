//! Options of a stack that reads the user's own server, and the start of one.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::machine::url_arguments;
use crate::machine::venv::Venv;
use crate::stack::own_source::{OwnSource, OwnSourceSpec};
use crate::stack::state::DEFAULT_NAME;

/// Options for the user's own server.
#[derive(Args)]
pub(crate) struct SourceArgs {
    /// Read this PostgreSQL (14 or newer) instead of the sample: postgres://ROLE:PASSWORD@HOST:PORT/DATABASE, or
    /// env:NAME for a variable with the URL. Without a password: PGPASSWORD, ~/.pgpass, or a question at the terminal.
    #[arg(long, value_name = "URL")]
    pub(crate) source: Option<String>,
    /// Log in to that server once with this URL, and create a role there that can only read.
    #[arg(long, value_name = "URL", requires = "source")]
    pub(crate) owner: Option<String>,
    /// Suggest datasets of these schemas only, separated by commas.
    #[arg(long, value_name = "A,B", requires = "source")]
    pub(crate) schema: Option<String>,
    /// Catalog to apply; suggested first if the file does not exist. The default is catalog.toml, with --name X
    /// X.catalog.toml.
    #[arg(long, value_name = "FILE", requires = "source")]
    pub(crate) catalog: Option<PathBuf>,
}

impl SourceArgs {
    /// Announces what happens at the server, and checks it. Returns `None` without `--source`.
    pub(crate) fn open<'a>(
        &self,
        stack: &'a str,
        budget: u32,
        set: &'a [(String, String)],
        venv: &Venv,
    ) -> Result<Option<OwnSource<'a>>> {
        let Some(source) = &self.source else { return Ok(None) };
        let url = url_arguments::url("--source", source)?;
        let owner = self.owner.as_deref().map(|owner| url_arguments::url("--owner", owner)).transpose()?;
        let catalog = self.catalog.clone().unwrap_or_else(|| default_catalog(stack));
        let schemas = self.schema.clone();
        OwnSource::open(OwnSourceSpec { stack, url, owner, schemas, catalog, budget, set }, venv).map(Some)
    }
}

/// Returns the file of a stack's catalog in the current folder.
fn default_catalog(stack: &str) -> PathBuf {
    if stack == DEFAULT_NAME { "catalog.toml".into() } else { format!("{stack}.catalog.toml").into() }
}
