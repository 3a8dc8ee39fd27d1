//! Draft of one dataset: the chosen keys, and the comments that give the reasons.

use export::catalog::{Definition, Nulls};
use export::count::count;

use super::SuggestOptions;
use super::facts::{ColumnFacts, RelationFacts};
use super::range_column::{RangeChoice, choose};
use super::words::is_secret;
use super::{filters, toml_text};
use crate::index::SMALL_BYTES;

/// Size from which a table without an index on its range column may exceed the limit above which `catalog check`
/// requires one: rows are larger in a file than in a table that compresses them.
const LARGE_BYTES: u64 = 1 << 30;

/// A dataset that can be written.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) relation: &'a RelationFacts,
    /// Name of the dataset.
    pub(super) name: String,
    pub(super) definition: Definition,
    /// Comments above the keys.
    pub(super) notes: Vec<String>,
    /// Keys that the operator may want, as comments below the others.
    pub(super) offers: Vec<String>,
    /// True if a day of the range column is found without reading the whole relation.
    pub(super) indexed: bool,
}

/// Drafts the dataset of a relation, or returns the reason why it must be left out.
pub(super) fn draft<'a>(
    relation: &'a RelationFacts,
    options: &SuggestOptions,
    tenants: u64,
) -> Result<Draft<'a>, String> {
    readable(relation)?;
    let written = relation.name.as_ref().map(ToString::to_string);
    let mut definition = Definition { relation: written, ..Definition::default() };
    let (mut notes, mut offers) = (Vec::new(), Vec::new());
    tenant(relation, options, tenants, &mut definition, &mut offers)?;
    let tenant = definition.tenant_column.clone();
    exclude(relation, &mut definition, &mut notes)?;
    let is_offered = |column: &ColumnFacts| !definition.exclude.contains(&column.name);
    let choice = choose(relation, tenant.as_deref(), is_offered);
    let range = relation.columns.iter().find(|column| Some(&column.name) == choice.column.as_ref());
    let filters = filters::choose(relation, choice.column.as_deref(), tenant.as_deref());
    definition.filters = filters.into_iter().filter(|name| !definition.exclude.contains(name)).collect();
    let RangeChoice { column, reason, indexed } = choice;
    notes.insert(0, reason);
    definition.range_column = column;
    if let Some(range) = range {
        ranged(relation, range, options, indexed, &mut definition, &mut notes, &mut offers);
    }
    Ok(Draft { relation, name: String::new(), definition, notes, offers, indexed })
}

/// Returns the reason why `catalog check` would refuse the relation as such.
fn readable(relation: &RelationFacts) -> Result<(), String> {
    if let Some(extension) = &relation.extension {
        return Err(format!("it belongs to the extension {extension}"));
    }
    if let Some(parent) = &relation.parent {
        return Err(format!("its rows are read with those of {parent}, from which it inherits"));
    }
    if relation.hides_rows {
        return Err("row-level security would hide rows from the role: give it bypassrls, or export through a view of the table's owner".to_owned());
    }
    if !relation.populated {
        return Err(format!("it is not populated: refresh materialized view {}", relation.quoted));
    }
    Ok(())
}

/// Leaves out columns that cannot or must not be exported.
fn exclude(
    relation: &RelationFacts,
    definition: &mut Definition,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    let (mut hidden, mut unreadable, mut secret) = (Vec::new(), Vec::new(), Vec::new());
    for column in &relation.columns {
        let name = column.name.as_str();
        if !column.readable {
            hidden.push(name);
        } else if column.sort == "p" {
            unreadable.push(name);
        } else if may_be_secret(column) && definition.tenant_column.as_deref() != Some(name) {
            secret.push(name);
        }
    }
    let left_out: Vec<&str> = [&hidden[..], &unreadable[..], &secret[..]].concat();
    if left_out.len() == relation.columns.len() {
        return Err("no column is left to export".to_owned());
    }
    for (names, why) in [
        (hidden, "the role may not read it"),
        (unreadable, "its type has no values that could be exported"),
        (secret, "a secret, by its name"),
    ] {
        if !names.is_empty() {
            notes.push(format!("without {}: {why}", names.join(", ")));
        }
    }
    definition.exclude = left_out.into_iter().map(str::to_owned).collect();
    Ok(())
}

/// Reports whether a column is a secret by its name. No secret is a boolean, a date or a time.
fn may_be_secret(column: &ColumnFacts) -> bool {
    let is_number = matches!(column.base, 20 | 21 | 23 | 700 | 701 | 790 | 1700);
    !matches!(column.base, 16 | 1082 | 1083 | 1114 | 1184 | 1186 | 1266) && is_secret(&column.name, is_number)
}

/// Sets who may see the rows, or returns the reason why the dataset would be refused.
fn tenant(
    relation: &RelationFacts,
    options: &SuggestOptions,
    tenants: u64,
    definition: &mut Definition,
    offers: &mut Vec<String>,
) -> Result<(), String> {
    let wanted = options.tenant_column.as_deref();
    let found =
        relation.columns.iter().find(|column| Some(column.name.as_str()) == wanted && column.readable);
    let unfit = found.filter(|column| !crate::columns::is_tenant_type(column.base));
    if let Some(column) = found.filter(|_| unfit.is_none()) {
        definition.tenant_column = Some(column.name.clone());
        return Ok(());
    }
    if options.shared {
        definition.shared = true;
        return Ok(());
    }
    let missing = match (wanted, unfit) {
        (Some(name), Some(column)) => {
            format!("{name} is of type {}, which cannot hold a tenant", column.type_name)
        }
        (Some(name), None) => format!("it has no column {name}"),
        (None, _) => "neither tenant_column nor shared was chosen".to_owned(),
    };
    if tenants > 1 {
        return Err(format!(
            "{missing}, and there are {}: add shared = true if every tenant may see every row",
            count(tenants, "tenant")
        ));
    }
    offers.push(match wanted {
        Some(_) => format!("shared = true  # {missing}; set this if every tenant may see every row"),
        None => "shared = true  # if every tenant may see every row; otherwise tenant_column".to_owned(),
    });
    Ok(())
}

/// Sets the keys that belong to the range column.
fn ranged(
    relation: &RelationFacts,
    range: &ColumnFacts,
    options: &SuggestOptions,
    indexed: bool,
    definition: &mut Definition,
    notes: &mut Vec<String>,
    offers: &mut Vec<String>,
) {
    if range.nullable {
        // Also of a view whose tables have no NULL: an outer join adds some.
        definition.nulls = Some(Nulls::Include);
        let note = format!(
            "nulls: rows without {} are exported as one more chunk; \"exclude\" omits them",
            range.name
        );
        notes.push(note);
    }
    if range.is_unzoned() {
        match &options.time_zone {
            Some(zone) => definition.time_zone = Some(zone.clone()),
            None => offers.push(format!(
                "time_zone = \"Europe/Amsterdam\"  # set the zone in which {} is written",
                toml_text::one_line(&range.name)
            )),
        }
    }
    if !indexed && relation.is_table() && relation.bytes >= LARGE_BYTES {
        definition.require_index = Some(false);
        notes.push("require_index = false accepts that each day reads the whole table; remove it after creating the index at the end".to_owned());
    }
}

impl Draft<'_> {
    /// Returns true if only a trial shows that `catalog check` accepts it: its rows come from a query or another
    /// server.
    pub(super) fn is_risky(&self) -> bool {
        matches!(self.relation.kind.as_str(), "v" | "f")
    }

    /// Returns the statement that lets a day be read through an index, if the table is not small and has none.
    pub(super) fn cure(&self) -> Option<String> {
        let name = self.definition.range_column.as_ref()?;
        if self.indexed || !self.relation.is_table() || self.relation.bytes < SMALL_BYTES {
            return None;
        }
        let names = self.definition.tenant_column.iter().chain([name]);
        let quoted = |name: &String| {
            let column = self.relation.columns.iter().find(|column| column.name == *name);
            column.map(|column| column.quoted.clone())
        };
        let columns: Vec<String> = names.filter_map(quoted).collect();
        // PostgreSQL refuses `concurrently` on a partitioned table.
        let how = if self.relation.kind == "p" { "" } else { "concurrently " };
        Some(format!("create index {how}on {} ({});", self.relation.quoted, columns.join(", ")))
    }

    /// Returns the table of the dataset in TOML, with its comments.
    pub(super) fn text(&self) -> String {
        let d = &self.definition;
        let names = |names: &[String]| (!names.is_empty()).then(|| toml_text::list(names));
        let string = |text: &Option<String>| text.as_deref().map(toml_text::string);
        let nulls = d.nulls.map(|nulls| match nulls {
            Nulls::Include => "\"include\"".to_owned(),
            Nulls::Exclude => "\"exclude\"".to_owned(),
        });
        let keys = [
            ("relation", string(&d.relation)),
            ("range_column", string(&d.range_column)),
            ("nulls", nulls),
            ("time_zone", string(&d.time_zone)),
            ("tenant_column", string(&d.tenant_column)),
            ("shared", d.shared.then(|| "true".to_owned())),
            ("exclude", names(&d.exclude)),
            ("filters", names(&d.filters)),
            ("require_index", d.require_index.map(|wanted| wanted.to_string())),
        ];
        let set: Vec<_> = keys.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        let width = set.iter().map(|(key, _)| key.len()).max().unwrap_or_default();
        let mut text: String =
            self.notes.iter().map(|note| toml_text::comment(&toml_text::one_line(note))).collect();
        text.push_str(&format!("[datasets.{}]\n", self.name));
        for (key, value) in set {
            text.push_str(&format!("{key:width$} = {value}\n"));
        }
        text.extend(self.offers.iter().map(|offer| toml_text::comment(offer)));
        text
    }
}

#[cfg(test)]
mod tests {
    use export::catalog::{Catalog, RelationName};

    use super::*;

    fn column(name: &str, base: u32) -> ColumnFacts {
        let (name, quoted, sort) = (name.to_owned(), format!("\"{name}\""), "b".to_owned());
        ColumnFacts { name, quoted, base, sort, readable: true, ..ColumnFacts::default() }
    }

    fn relation(columns: Vec<ColumnFacts>) -> RelationFacts {
        RelationFacts {
            name: Some(RelationName { schema: "shop".into(), name: "Orders".into() }),
            quoted: "shop.\"Orders\"".into(),
            kind: "r".into(),
            readable: true,
            populated: true,
            columns,
            ..RelationFacts::default()
        }
    }

    fn orders() -> RelationFacts {
        let day = ColumnFacts { nullable: true, null_share: Some(0.0), ..column("day", 1082) };
        relation(vec![column("id", 20), column("account", 25), column("api_key", 25), day])
    }

    fn options(tenant_column: Option<&str>, shared: bool) -> SuggestOptions {
        let tenant_column = tenant_column.map(str::to_owned);
        SuggestOptions { tenant_column, shared, ..SuggestOptions::default() }
    }

    #[test]
    fn draft_is_written_as_toml_with_its_reasons() {
        let relation = orders();
        let draft = Draft { name: "orders".into(), ..draft(&relation, &options(None, true), 2).unwrap() };
        let expected = "# day: no index, no NULL so far\n\
                        # without api_key: a secret, by its name\n\
                        # nulls: rows without day are exported as one more chunk; \"exclude\" omits them\n\
                        [datasets.orders]\n\
                        relation     = \"shop.\\\"Orders\\\"\"\n\
                        range_column = \"day\"\n\
                        nulls        = \"include\"\n\
                        shared       = true\n\
                        exclude      = [\"api_key\"]\n\
                        # time_zone = \"Europe/Amsterdam\"  # set the zone in which day is written\n";
        assert_eq!(draft.text(), expected);
        assert_eq!(Catalog::parse(&draft.text()).unwrap().datasets["orders"], draft.definition);
    }

    #[test]
    fn rows_belong_to_a_tenant_or_to_all() {
        let relation = orders();
        let chosen = |options: &SuggestOptions, tenants| {
            draft(&relation, options, tenants).map(|d| (d.definition.tenant_column, d.definition.shared))
        };
        let account = Some("account".to_owned());
        assert_eq!(chosen(&options(Some("account"), true), 2), Ok((account.clone(), false)));
        assert_eq!(chosen(&options(Some("account"), false), 2), Ok((account, false)));
        assert_eq!(chosen(&options(Some("client"), true), 2), Ok((None, true)));
        assert_eq!(chosen(&options(Some("client"), false), 1), Ok((None, false)));
        let reason = chosen(&options(Some("client"), false), 2).unwrap_err();
        assert!(reason.contains("no column client") && reason.contains("2 tenants"), "{reason}");
        let reason = chosen(&options(Some("day"), false), 2).unwrap_err();
        assert!(reason.contains("cannot hold a tenant"), "{reason}");
    }

    #[test]
    fn what_the_check_would_refuse_is_left_out() {
        let reason = |change: fn(&mut RelationFacts)| {
            let mut relation = orders();
            change(&mut relation);
            draft(&relation, &options(None, true), 1).map(|draft| draft.definition).unwrap_err()
        };
        assert!(reason(|r| r.hides_rows = true).contains("row-level security"));
        assert!(reason(|r| r.populated = false).contains("refresh materialized view shop.\"Orders\""));
        assert!(reason(|r| r.extension = Some("postgis".into())).contains("postgis"));
        assert!(reason(|r| r.parent = Some("shop.p".into())).contains("shop.p"));
        assert!(reason(|r| r.columns.clear()).contains("no column is left"));
        assert!(reason(|r| r.columns.retain(|c| c.name == "api_key")).contains("no column is left"));
    }

    #[test]
    fn large_table_without_an_index_gets_its_statement() {
        let cure = |bytes, kind: &str, tenant| {
            let relation = RelationFacts { bytes, kind: kind.to_owned(), ..orders() };
            let draft = draft(&relation, &options(tenant, true), 1).unwrap();
            (draft.cure(), draft.definition.require_index)
        };
        assert_eq!(cure(1 << 20, "r", None), (None, None));
        let statement = "create index concurrently on shop.\"Orders\" (\"day\");".to_owned();
        assert_eq!(cure(1 << 28, "r", None), (Some(statement.clone()), None));
        assert_eq!(cure(1 << 31, "r", None), (Some(statement), Some(false)));
        let statement = "create index on shop.\"Orders\" (\"account\", \"day\");".to_owned();
        assert_eq!(cure(1 << 28, "p", Some("account")), (Some(statement), None));
        assert_eq!(cure(1 << 31, "v", None), (None, None));
    }
}
