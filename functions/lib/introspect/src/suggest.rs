//! Suggestion of a catalog: every relation that the role may read as a dataset, with the keys that a person would choose
//! after looking at types, names, indexes, defaults and statistics.
//!
//! It reads the server's catalogs in a few statements, and no row of a table. Only views and foreign tables, which can
//! fail for other reasons, are tried as `catalog check` tries them, for a limited time.

mod dataset_name;

mod document;

mod draft;

mod facts;

mod filters;

mod range_column;

mod read;

mod toml_text;

mod trial;

mod words;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use export::count::count;
use jiff::tz::TimeZone;
use source::{Inspector, SourceError};

use self::document::Document;
use self::draft::{Draft, draft};
use self::facts::RelationFacts;
use crate::advice::statement::size;

/// Time for trials of views and foreign tables.
const TRIAL_TIME: Duration = Duration::from_secs(120);

/// Number of relations that one suggested `grant` names.
const MAX_NAMED_IN_GRANT: usize = 8;

/// Choices of the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuggestOptions {
    /// Schemas to read; empty for all.
    pub schemas: Vec<String>,
    /// Column that holds the tenant, in the relations that have it.
    pub tenant_column: Option<String>,
    /// True if every tenant may see all rows of relations without the tenant column.
    pub shared: bool,
    /// IANA name of the zone in which dates and timestamps without a zone are written.
    pub time_zone: Option<String>,
}

/// Outcome of a suggestion.
#[derive(Clone, Debug, PartialEq)]
pub enum Suggested {
    /// A catalog.
    Catalog(Suggestion),
    /// Reason why there is none, with the remedy.
    Nothing(String),
}

/// A catalog with comments.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// Catalog in TOML.
    pub toml: String,
    /// Number of its datasets.
    pub datasets: usize,
    /// Relations in SQL form that are left out, with the reason.
    pub left_out: Vec<(String, String)>,
}

/// Suggests a catalog of all relations that the role may read; `tenants` is the number of tenants.
///
/// # Errors
/// If the source has no free session, or refuses to show its catalogs.
pub async fn suggest(
    inspector: &mut Inspector,
    options: &SuggestOptions,
    tenants: u64,
) -> Result<Suggested, SourceError> {
    if let Some(wrong) = refused(options, tenants) {
        return Ok(Suggested::Nothing(wrong));
    }
    inspector.seek_in(&[]);
    let place = inspector.texts("select current_database()::text, quote_ident(current_user)").await?;
    let mut cells = place.into_iter().flatten().map(Option::unwrap_or_default);
    let (database, role) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
    let found = read::relations(inspector, &options.schemas).await?;
    let (readable, hidden): (Vec<_>, Vec<_>) = found.relations.iter().partition(|one| one.readable);
    let mut left_out = grants(&hidden, &role);
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for relation in readable {
        match draft(relation, options, tenants) {
            Ok(draft) => drafts.push(draft),
            Err(reason) => left_out.push((relation.quoted.clone(), reason)),
        }
    }
    if drafts.is_empty() {
        return Ok(Suggested::Nothing(nothing(&database, &role, options, &left_out)));
    }
    let relations: Vec<_> = drafts.iter().filter_map(|draft| draft.relation.name.as_ref()).collect();
    let names = dataset_name::all(&relations);
    for (draft, name) in drafts.iter_mut().zip(names) {
        draft.name = name;
        draft.notes.insert(0, range_column::extent(draft.relation, size));
    }
    let deadline = Instant::now() + TRIAL_TIME;
    let (drafts, refused) = trial::keep_accepted(inspector, drafts, tenants, deadline).await?;
    left_out.extend(refused);
    if drafts.is_empty() {
        return Ok(Suggested::Nothing(nothing(&database, &role, options, &left_out)));
    }
    let place = format!("database {database} as {role} sees it");
    let document = Document { place, drafts, left_out, is_cut: found.is_cut };
    let written = document.write(options);
    Ok(Suggested::Catalog(Suggestion {
        toml: written.toml,
        datasets: written.datasets,
        left_out: document.left_out,
    }))
}

/// Returns the reason why the options cannot be followed.
fn refused(options: &SuggestOptions, tenants: u64) -> Option<String> {
    let names = options.schemas.iter().chain(&options.tenant_column);
    if names.clone().any(|name| name.is_empty() || name.contains('\0')) {
        return Some("a name in --schema or --tenant-column is empty or contains a NUL character".to_owned());
    }
    if let Some(zone) = options.time_zone.as_deref().filter(|zone| TimeZone::get(zone).is_err()) {
        return Some(format!("unknown time zone {zone:?}; use an IANA name such as Europe/Amsterdam"));
    }
    (tenants > 1 && options.tenant_column.is_none() && !options.shared).then(|| {
        format!(
            "there are {}, so each dataset must define who may see its rows: run it again with --tenant-column NAME, or with --shared if every tenant may see every row, or with both",
            count(tenants, "tenant")
        )
    })
}

/// Returns the schemas with relations that the role may not read, with the statements that allow it: for these
/// relations alone as long as the statement is short enough to be read.
fn grants(hidden: &[&RelationFacts], role: &str) -> Vec<(String, String)> {
    let mut schemas: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for relation in hidden {
        let schema = relation.name.as_ref().map_or("", |name| name.schema.as_str());
        schemas.entry(schema).or_default().push(&relation.quoted);
    }
    let one = |(schema, relations): (&str, Vec<&str>)| {
        let schema = source::sql::identifier(schema);
        let which = match relations.len() {
            1..=MAX_NAMED_IN_GRANT => relations.join(", "),
            _ => format!("all tables in schema {schema}"),
        };
        let reason = format!(
            "the role may not read {}: grant usage on schema {schema} to {role}; grant select on {which} to {role};",
            count(relations.len() as u64, "relation")
        );
        (format!("schema {schema}"), reason)
    };
    schemas.into_iter().map(one).collect()
}

fn nothing(database: &str, role: &str, options: &SuggestOptions, left_out: &[(String, String)]) -> String {
    let place = match options.schemas.as_slice() {
        [] => String::new(),
        [one] => format!(" in schema {one:?}"),
        many => format!(" in schemas {}", many.join(", ")),
    };
    let mut lines = vec![format!("the role {role} can read no table or view of database {database}{place}")];
    lines.extend(left_out.iter().take(20).map(|(relation, reason)| format!("{relation}: {reason}")));
    if left_out.is_empty() {
        lines.push("check the name of the schema, and that SourceUrl names the right database".to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_tenants_need_a_decision() {
        let none = SuggestOptions::default();
        assert!(refused(&none, 1).is_none());
        assert!(refused(&none, 2).unwrap().contains("--tenant-column NAME"));
        assert!(refused(&SuggestOptions { shared: true, ..none.clone() }, 2).is_none());
        let zone = SuggestOptions { time_zone: Some("Mars/Phobos".into()), ..none };
        assert!(refused(&zone, 1).unwrap().contains("Mars/Phobos"));
    }

    #[test]
    fn unreadable_relations_are_listed_by_schema() {
        let relation = |name: &str| RelationFacts {
            name: Some(export::catalog::RelationName { schema: "hr".into(), name: name.into() }),
            quoted: format!("hr.{name}"),
            ..RelationFacts::default()
        };
        let (a, b) = (relation("a"), relation("b"));
        let found = grants(&[&a, &b], "sluice_source");
        assert_eq!(
            found,
            [(
                "schema \"hr\"".to_owned(),
                "the role may not read 2 relations: grant usage on schema \"hr\" to sluice_source; \
                 grant select on hr.a, hr.b to sluice_source;"
                    .to_owned()
            )]
        );
        let many = grants(&[&a; 9], "sluice_source");
        assert!(
            many[0].1.ends_with("grant select on all tables in schema \"hr\" to sluice_source;"),
            "{many:?}"
        );
    }
}
