//! Relations that a session has locked.

use super::SourceError;

/// Query for the relations that the session has locked: OIDs of tables and views, and those of foreign tables among
/// them. Catalogs and indexes are left out: an index may be created meanwhile. `pg_get_indexdef` reads the present state
/// of the catalog, whatever the snapshot; a foreign table that the snapshot does not show yet is not among the locked
/// relations of a keeper.
pub(super) const HELD_SQL: &str = "select string_agg(l.relation::text, ' '),
    string_agg(case when c.relkind = 'f' then l.relation::text end, ' ')
from (select distinct k.relation from pg_catalog.pg_locks k
      where k.pid = pg_catalog.pg_backend_pid() and k.locktype = 'relation' and k.relation >= 16384) l
left join pg_catalog.pg_class c on c.oid = l.relation
where pg_catalog.pg_get_indexdef(l.relation) is null";

/// Relations that a session has locked, by OID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// All tables and views.
    pub relations: Vec<i64>,
    /// Foreign tables among them, whose rows no snapshot of this server covers.
    pub foreign: Vec<i64>,
}

/// Reads the row of [`HELD_SQL`].
pub(super) fn read_held(row: &[Option<String>]) -> Result<Held, SourceError> {
    let [relations, foreign] = row else {
        return Err(SourceError::protocol("the result of the query for locks has an unexpected form"));
    };
    let oids = |text: &Option<String>| -> Result<Vec<i64>, SourceError> {
        let oids = text.iter().flat_map(|text| text.split(' ')).map(str::parse).collect::<Result<_, _>>();
        oids.map_err(|_| SourceError::protocol("an OID in the query for locks is not a number"))
    };
    Ok(Held { relations: oids(relations)?, foreign: oids(foreign)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_relations_are_read_from_texts() {
        let row =
            |all: Option<&str>, foreign: Option<&str>| [all.map(str::to_owned), foreign.map(str::to_owned)];
        let held = read_held(&row(Some("20001 20007"), Some("20007"))).unwrap();
        assert_eq!((held.relations, held.foreign), (vec![20001, 20007], vec![20007]));
        assert_eq!(read_held(&row(None, None)).unwrap(), Held::default());
        assert!(read_held(&row(Some("x"), None)).is_err());
    }
}
