//! Comparison of values of a type: the operators of its default operator class, with their schemas.
//!
//! A btree class gives an order; types without one may have a hash class, which gives equality alone. A type without
//! either has no equality that PostgreSQL itself relies on, even if it has an operator named `=`: boxes, for example,
//! are equal by it if their areas are.

use std::collections::BTreeMap;

use export::column::{Compare, Order, Qualified};

use source::sql::{operator, qualified};
use source::{Inspector, SourceError};

/// Looks the operators up by the OIDs of base types. Types that cannot be compared are missing from the result.
pub(super) async fn find(
    inspector: &mut Inspector,
    bases: impl IntoIterator<Item = u32>,
) -> Result<BTreeMap<u32, Compare>, SourceError> {
    let oids: Vec<String> = bases.into_iter().map(|oid| oid.to_string()).collect();
    if oids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = inspector.texts(&question(&oids.join(", "))).await?;
    let mut found: BTreeMap<u32, Compare> = rows.into_iter().filter_map(read).collect();
    let arrays: Vec<u32> = found.iter().filter(|(_, one)| !one.listable).map(|(oid, _)| *oid).collect();
    for oid in arrays {
        if !has_comparable_elements(inspector, &found[&oid]).await? {
            found.remove(&oid);
        }
    }
    Ok(found)
}

/// Reports whether an array can be compared. Every array has the operators of arrays, but they fail if its elements
/// have none.
async fn has_comparable_elements(inspector: &mut Inspector, compare: &Compare) -> Result<bool, SourceError> {
    let empty = format!("'{{}}'::{}", qualified(&compare.of));
    match inspector.text(&format!("select {empty} {} {empty}", operator(&compare.eq))).await {
        Err(error) if error.sqlstate.as_deref() == Some("42883") => Ok(false),
        Err(error) if error.sqlstate.is_none() || error.code.is_retryable() => Err(error),
        _ => Ok(true),
    }
}

/// Returns the query for the class, chosen as PostgreSQL does (`GetDefaultOpClass`): that of the type itself, else of
/// a type it is binary coercible to, the preferred one of its category first.
fn question(oids: &str) -> String {
    format!(
        "select t.oid::bigint, tn.nspname::text, t.typname::text, (t.typarray <> 0)::text, c.btree::text, o.names::text
from pg_catalog.pg_type t
join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
cross join lateral (
    select c.opcfamily, c.opcintype, m.amname = 'btree' as btree
    from pg_catalog.pg_opclass c
    join pg_catalog.pg_am m on m.oid = c.opcmethod and m.amname in ('btree', 'hash')
    join pg_catalog.pg_type i on i.oid = c.opcintype
    where c.opcdefault and (i.oid = t.oid or exists (
            select from pg_catalog.pg_cast k
            where k.castsource = t.oid and k.casttarget = i.oid and k.castmethod = 'b' and k.castcontext = 'i')
        or case i.typname
            when 'anyarray' then t.typoutput = 'pg_catalog.array_out'::regproc
            when 'anyenum' then t.typtype = 'e'
            when 'anyrange' then t.typtype = 'r'
            when 'anymultirange' then t.typtype = 'm'
            when 'record' then t.typtype = 'c' end)
    order by m.amname, i.oid = t.oid desc, i.typispreferred desc, c.oid
    limit 1
) c
cross join lateral (
    select json_object_agg(k.what, json_build_array(n.nspname, p.oprname)) as names
    from pg_catalog.pg_amop a
    join pg_catalog.pg_operator e on e.oid = a.amopopr
    cross join lateral (values
        (case when c.btree then a.amopstrategy else 3 end::text, e.oid),
        (case when e.oprnegate <> 0 and (not c.btree or a.amopstrategy = 3) then 'ne' end, e.oprnegate)
    ) k (what, oid)
    join pg_catalog.pg_operator p on p.oid = k.oid
    join pg_catalog.pg_namespace n on n.oid = p.oprnamespace
    where a.amopfamily = c.opcfamily and a.amoppurpose = 's' and k.what is not null
        and a.amoplefttype = c.opcintype and a.amoprighttype = c.opcintype
) o
where t.oid in ({oids})"
    )
}

fn read(row: Vec<Option<String>>) -> Option<(u32, Compare)> {
    let [oid, schema, name, listable, btree, operators] = <[_; 6]>::try_from(row).ok()?;
    let mut operators: BTreeMap<String, (String, String)> = serde_json::from_str(&operators?).ok()?;
    let mut take = |what: &str| operators.remove(what).map(|(schema, name)| Qualified::new(schema, name));
    let (eq, ne) = (take("3")?, take("ne"));
    let order = match (btree? == "true", take("1"), take("2"), take("4"), take("5")) {
        (true, Some(lt), Some(lte), Some(gte), Some(gt)) => Some(Order { lt, lte, gte, gt }),
        _ => None,
    };
    let of = Qualified::new(schema?, name?);
    Some((oid?.parse().ok()?, Compare { of, listable: listable? == "true", eq, ne, order }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operator_row_is_parsed() {
        let row = |btree: &str, operators: &str| {
            let cells = ["70000", "ext", "citext", "true", btree, operators];
            read(cells.map(|cell| Some(cell.to_owned())).into()).unwrap().1
        };
        let all = r#"{"1":["ext","<"],"2":["ext","<="],"3":["ext","="],"4":["ext",">="],"5":["ext",">"],"ne":["ext","<>"]}"#;
        let compare = row("true", all);
        assert_eq!((compare.of.schema.as_str(), compare.eq.name.as_str()), ("ext", "="));
        assert_eq!(compare.order.unwrap().gte, Qualified::new("ext", ">="));
        assert_eq!(row("false", r#"{"3":["pg_catalog","="]}"#).order, None);
    }
}
