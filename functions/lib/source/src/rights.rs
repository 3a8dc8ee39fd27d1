//! Rights of the source role beyond reading.

use super::{Inspector, SourceError};

/// Rights that are not needed for reading. Names are `schema.name`, at most 50 of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Name of the role.
    pub role: String,
    /// True for a superuser, to whom no restriction applies.
    pub superuser: bool,
    /// True if row security does not apply to it.
    pub bypass_rls: bool,
    /// Other attributes: CREATEROLE, CREATEDB, REPLICATION, and memberships that allow it to write everywhere.
    pub attributes: Vec<String>,
    /// Relations that it owns, itself or through a membership.
    pub owned: Vec<String>,
    /// Relations that it may insert into, update, delete from or truncate.
    pub writable: Vec<String>,
    /// Schemas in which it may create objects.
    pub creates_in: Vec<String>,
}

const ROLE: &str = "select r.rolname::text, r.rolsuper::text, r.rolbypassrls::text, array_to_string(array[
    case when r.rolcreaterole then 'CREATEROLE' end, case when r.rolcreatedb then 'CREATEDB' end,
    case when r.rolreplication then 'REPLICATION' end,
    (select 'membership in ' || string_agg(m.rolname, ', ' order by m.rolname) from pg_catalog.pg_roles m
     where m.rolname in ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program', 'pg_read_server_files')
       and pg_catalog.pg_has_role(r.oid, m.oid, 'member') and not r.rolsuper)], '; ')
from pg_catalog.pg_roles r where r.rolname = current_user";

/// Relations of users, without those of the system and of this session.
const RELATIONS: &str = "select n.nspname || '.' || c.relname from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and ";

const OWNED: &str = "pg_catalog.pg_has_role(current_user, c.relowner, 'member') order by 1 limit 50";

const WRITABLE: &str = "not pg_catalog.pg_has_role(current_user, c.relowner, 'member')
    and pg_catalog.has_table_privilege(c.oid, 'insert, update, delete, truncate') order by 1 limit 50";

const CREATES_IN: &str = "select n.nspname::text from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and pg_catalog.has_schema_privilege(n.oid, 'create') order by 1 limit 50";

impl Inspector {
    /// Returns the rights of this session's role beyond reading. A superuser can do everything, which the lists do
    /// not show.
    ///
    /// # Errors
    /// If the source cannot be queried.
    pub async fn rights(&mut self) -> Result<Rights, SourceError> {
        let row = self.texts(ROLE).await?.into_iter().next().unwrap_or_default();
        let [Some(role), Some(superuser), Some(bypass_rls), attributes] =
            <[Option<String>; 4]>::try_from(row)
                .map_err(|_| SourceError::protocol("the description of the role is incomplete"))?
        else {
            return Err(SourceError::protocol("the description of the role is incomplete"));
        };
        let attributes = attributes.unwrap_or_default();
        let attributes = attributes.split("; ").filter(|text| !text.is_empty()).map(str::to_owned).collect();
        let (superuser, bypass_rls) = (superuser == "true", bypass_rls == "true");
        let mut rights = Rights { role, superuser, bypass_rls, attributes, ..Rights::default() };
        if !superuser {
            rights.owned = self.names(&format!("{RELATIONS}{OWNED}")).await?;
            rights.writable = self.names(&format!("{RELATIONS}{WRITABLE}")).await?;
            rights.creates_in = self.names(CREATES_IN).await?;
        }
        Ok(rights)
    }

    async fn names(&mut self, question: &str) -> Result<Vec<String>, SourceError> {
        Ok(self
            .texts(question)
            .await?
            .into_iter()
            .filter_map(|row| row.into_iter().next().flatten())
            .collect())
    }
}
