//! Suggested catalogs of a real PostgreSQL, that of the stack that `SLUICE_STACK` names: what is chosen, and that
//! `catalog check` accepts whatever is written.

#![allow(clippy::unwrap_used)]

#[path = "suggest/database.rs"]
mod database;
#[path = "suggest/odd_names.rs"]
mod odd_names;
#[path = "suggest/tpch.rs"]
mod tpch;

use database::Database;
use export::catalog::{Catalog, Definition};
use introspect::SuggestOptions;

/// Schemas of the sample.
const SAMPLE: [&str; 8] = ["shop", "crm", "stock", "logistics", "finance", "web", "support", "telemetry"];

fn options(schemas: &[&str]) -> SuggestOptions {
    let schemas = schemas.iter().map(|&schema| schema.to_owned()).collect();
    SuggestOptions { schemas, shared: true, ..SuggestOptions::default() }
}

/// Returns the differences of the choices that change what an export contains.
fn differences(wanted: &Definition, chosen: &Definition) -> Vec<String> {
    let mut found = Vec::new();
    if wanted.range_column != chosen.range_column {
        found.push(format!("range_column {:?} instead of {:?}", chosen.range_column, wanted.range_column));
    }
    if wanted.nulls.is_some() != chosen.nulls.is_some() {
        found.push(format!("nulls {:?} instead of {:?}", chosen.nulls, wanted.nulls));
    }
    if (&wanted.tenant_column, wanted.shared) != (&chosen.tenant_column, chosen.shared) {
        found.push(format!("tenant_column {:?} instead of {:?}", chosen.tenant_column, wanted.tenant_column));
    }
    found
}

#[tokio::test]
async fn sample_gets_the_catalog_that_a_person_wrote() {
    let Some(database) = Database::open() else { return };
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../infra/sample/catalog.toml");
    let person = Catalog::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    let options = SuggestOptions { tenant_column: Some("account".into()), ..options(&SAMPLE) };
    let (suggestion, catalog) = database.suggest(&options, 2).await;
    println!("{}", suggestion.toml);
    let (mut same, mut all) = (0, 0);
    // A query is no suggestion.
    for (name, wanted) in person.datasets.iter().filter(|(_, wanted)| wanted.relation.is_some()) {
        all += 1;
        let chosen = catalog.datasets.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(chosen.relation, wanted.relation, "{name}");
        let found = differences(wanted, chosen);
        if found.is_empty() {
            same += 1;
        } else {
            println!("{name}: {}", found.join(", "));
        }
    }
    println!("{same} of {all} datasets of the sample are as a person chose them");
    assert!(same * 100 >= all * 95, "{same} of {all}");
    assert!(catalog.datasets["clients"].exclude.contains(&"password_hash".to_owned()));
    assert!(catalog.datasets.len() == all + 1, "agents, of which the person exports a query");
    database.check(&catalog, 2).await;
}

#[tokio::test]
async fn nothing_readable_is_explained() {
    let Some(database) = Database::open() else { return };
    let schema = database.create(&["create table S.t (id int)", "revoke all on S.t from R"]).await;
    let reason = database.nothing(&options(&[&schema])).await;
    assert!(reason.contains(&format!("grant select on {schema}.t to sluice_source;")), "{reason}");
    let reason = database.nothing(&options(&["no such schema"])).await;
    assert!(reason.contains("no such schema"), "{reason}");
    database.drop(&schema).await;
}
