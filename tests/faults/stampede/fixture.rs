//! Eighty-four tables of eleven months, and the catalog that names them.

use std::fmt::Write as _;

use tests::System;

/// Number of tables in the scenario.
pub(crate) const TABLES: usize = 84;
/// Values of `region`, by which distinct requests filter.
pub(crate) const REGIONS: usize = 60;
pub(crate) const FIRST_DAY: &str = "2023-08-31";
pub(crate) const LAST_DAY: &str = "2024-08-04";

const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/catalog.toml");

pub(crate) fn name(table: usize) -> String {
    format!("t{table:02}")
}

/// Creates the tables and applies a catalog that has them in addition to everything else.
pub(crate) async fn prepare(system: &System, rows: u32) {
    let make = format!(
        "drop schema if exists stampede cascade; create schema stampede;
        do $$ begin for t in 0..{last} loop
            execute format('create table stampede.t%s (id bigint primary key, day date not null, region integer not null, amount numeric(12,2) not null, note text not null)', lpad(t::text, 2, '0'));
            execute format('insert into stampede.t%s select i, date ''{FIRST_DAY}'' + ((i - 1) * 339 / {rows})::integer, i %% {REGIONS}, i * 0.37, ''row '' || i || '' of '' || %s || repeat('' x'', 40) from generate_series(1, {rows}) i', lpad(t::text, 2, '0'), t);
            execute format('create index on stampede.t%s (day)', lpad(t::text, 2, '0'));
            execute format('analyze stampede.t%s', lpad(t::text, 2, '0'));
        end loop; end $$;
        grant usage on schema stampede to sluice_source;
        grant select on all tables in schema stampede to sluice_source;",
        last = TABLES - 1
    );
    system.run(&make).await.unwrap();
    let mut catalog = std::fs::read_to_string(CATALOG).unwrap();
    for table in 0..TABLES {
        let name = name(table);
        write!(catalog, "\n[datasets.{name}]\nrelation = \"stampede.{name}\"\nrange_column = \"day\"\nsettle_after = \"1d\"\nfilters = [\"region\"]\nshared = true\n").unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), catalog).unwrap();
    system.x(&["admin", "catalog", "apply", file.path().to_str().unwrap(), "--allow-removal"]).unwrap();
    // The api caches a catalog for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
}

/// Restores the catalog of all other tests.
pub(crate) async fn clear(system: &System) {
    system.x(&["admin", "catalog", "apply", CATALOG, "--allow-removal"]).unwrap();
    system.run("drop schema stampede cascade").await.unwrap();
}
