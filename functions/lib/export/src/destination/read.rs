//! Reading of the operator's file, which has a table `[destinations.NAME]` for each destination.

use toml::{Table, Value};

use super::{Destination, DestinationLayout, Destinations, EVERY_TENANT, is_name};
use crate::id::TenantId;
use crate::near;
use crate::problem::Violation;

/// Keys of a `[destinations.NAME]` table.
const KEYS: [&str; 8] =
    ["bucket", "prefix", "region", "role_arn", "external_id", "kms_key", "layout", "tenants"];

/// Maximum length of a prefix in bytes: names of files need the rest of the 1,024 bytes of a key.
const MAX_PREFIX_BYTES: usize = 400;

impl Destination {
    /// Reads the file.
    ///
    /// # Errors
    /// All violations, each with a dotted path into the file.
    pub fn parse_all(text: &str) -> Result<Destinations, Vec<Violation>> {
        let table: Table = match toml::from_str(text) {
            Ok(table) => table,
            Err(error) => {
                let message = error.to_string().trim().to_owned();
                return Err(vec![Violation::new("destinations", message, "write valid TOML")]);
            }
        };
        let mut reader = Reader::default();
        for key in table.keys().filter(|key| *key != "destinations") {
            let remedy = near::remedy(key, ["destinations"], "write each destination as [destinations.NAME]");
            reader.violations.push(Violation::new(key, "unknown key", remedy));
        }
        let mut all = Destinations::new();
        match table.get("destinations") {
            None => {}
            Some(Value::Table(tables)) => {
                for (name, value) in tables {
                    reader.path = format!("destinations.{name}");
                    if !is_name(name) {
                        reader.refuse(
                            "",
                            "the name is not valid",
                            "use 1 to 64 lower-case letters, digits, hyphens and underscores",
                        );
                    }
                    all.insert(name.clone(), reader.destination(value));
                }
            }
            Some(_) => reader.violations.push(Violation::new(
                "destinations",
                "the value is not a table",
                "write [destinations.NAME]",
            )),
        }
        if reader.violations.is_empty() { Ok(all) } else { Err(reader.violations) }
    }
}

/// Reads one table after the other and collects what is wrong.
#[derive(Default)]
struct Reader {
    path: String,
    violations: Vec<Violation>,
}

impl Reader {
    fn refuse(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        let path = if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) };
        self.violations.push(Violation::new(path, message, remedy));
    }

    fn destination(&mut self, value: &Value) -> Destination {
        let Value::Table(table) = value else {
            self.refuse("", "the value is not a table", "write [destinations.NAME]");
            return Destination::default();
        };
        for key in table.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let remedy = near::remedy(key, KEYS, "remove it");
            self.refuse(key, "unknown key", remedy);
        }
        let found = Destination {
            bucket: self.checked(table, "bucket", is_bucket, "the name of a bucket, without s3:// and prefix").unwrap_or_default(),
            prefix: self
                .checked(table, "prefix", is_prefix, "folders separated by single slashes, without one at either end, of at most 400 bytes")
                .unwrap_or_default(),
            region: self.checked(table, "region", is_region, "a region such as eu-central-1"),
            role_arn: self.checked(table, "role_arn", is_role, "the ARN of a role: arn:aws:iam::ACCOUNT:role/NAME"),
            external_id: self.checked(table, "external_id", is_external_id, "2 to 1224 letters, digits and any of +=,.@:/_-"),
            kms_key: self.checked(table, "kms_key", is_key, "the ARN of a key: arn:aws:kms:REGION:ACCOUNT:key/ID; an alias could be one of another account"),
            layout: self.layout(table),
            tenants: self.tenants(table),
        };
        if !table.contains_key("bucket") {
            self.refuse("bucket", "the bucket is missing", "add bucket = \"NAME\"");
        }
        if found.external_id.is_some() && !table.contains_key("role_arn") {
            self.refuse(
                "external_id",
                "an external id is only used to take on a role",
                "add role_arn, or remove it",
            );
        }
        found
    }

    /// Reads a text that must be of a form.
    fn checked(&mut self, table: &Table, key: &str, fits: fn(&str) -> bool, form: &str) -> Option<String> {
        match table.get(key)? {
            Value::String(text) if fits(text) => return Some(text.clone()),
            Value::String(text) => {
                self.refuse(key, format!("{text:?} is not valid"), format!("write {form}"))
            }
            _ => self.refuse(key, "the value is not a text", format!("write {form}, in quotes")),
        }
        None
    }

    fn layout(&mut self, table: &Table) -> DestinationLayout {
        let Some(value) = table.get("layout") else { return DestinationLayout::default() };
        let found = DestinationLayout::ALL.into_iter().find(|one| value.as_str() == Some(one.as_str()));
        found.unwrap_or_else(|| {
            self.refuse("layout", "the layout is unknown", "use \"flat\", \"hive\" or \"current\"");
            DestinationLayout::default()
        })
    }

    fn tenants(&mut self, table: &Table) -> Vec<String> {
        const REMEDY: &str = "list the tenants that may use it: tenants = [\"acme\"], or [\"*\"] for all";
        let Some(value) = table.get("tenants") else {
            self.refuse("tenants", "no tenant may use the destination", REMEDY);
            return Vec::new();
        };
        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let names: Vec<_> = list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
        if names.is_empty() || names.len() < list.len() {
            self.refuse("tenants", "the value is not a list of tenants", REMEDY);
        }
        for name in &names {
            if name != EVERY_TENANT && name.parse::<TenantId>().is_err() {
                self.refuse("tenants", format!("{name:?} is not a tenant"), REMEDY);
            }
        }
        names
    }
}

fn is_bucket(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    (3..=63).contains(&text.len()) && text.bytes().all(fits) && !text.contains("..")
}

fn is_prefix(text: &str) -> bool {
    let is_folder =
        |part: &str| !part.is_empty() && part != "." && part != ".." && !part.chars().any(char::is_control);
    text.len() <= MAX_PREFIX_BYTES && (text.is_empty() || text.split('/').all(is_folder))
}

fn is_region(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, words)) => {
            words.len() >= 2 && words.iter().all(is_word) && number.parse::<u8>().is_ok()
        }
        None => false,
    }
}

fn is_role(text: &str) -> bool {
    is_arn(text, "iam", "role/")
}

fn is_key(text: &str) -> bool {
    is_arn(text, "kms", "key/")
}

/// Returns true for an ARN of a service whose resource begins so.
fn is_arn(text: &str, service: &str, resource: &str) -> bool {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    let [arn, partition, found, _, account, name] = parts[..] else { return false };
    arn == "arn"
        && partition.starts_with("aws")
        && found == service
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && name.strip_prefix(resource).is_some_and(|rest| !rest.is_empty())
        && !text.contains(char::is_whitespace)
}

fn is_external_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@:/_-".contains(c);
    (2..=1224).contains(&text.len()) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
[destinations.acme-lake]
bucket = "acme-lake"
prefix = "in/sluice"
region = "eu-central-1"
role_arn = "arn:aws:iam::123456789012:role/from-sluice"
external_id = "b7e1"
kms_key = "arn:aws:kms:eu-central-1:123456789012:key/1234"
layout = "hive"
tenants = ["acme"]

[destinations.backup]
bucket = "backup-of-all"
tenants = ["*"]
"#;

    #[test]
    fn file_is_read() {
        let all = Destination::parse_all(WHOLE).unwrap();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["acme-lake", "backup"]);
        let lake = &all["acme-lake"];
        assert_eq!((lake.layout, &*lake.prefix), (DestinationLayout::Hive, "in/sluice"));
        let stored = serde_json::to_value(&all).unwrap();
        assert_eq!(serde_json::from_value::<Destinations>(stored).unwrap(), all);
        assert_eq!(Destination::parse_all("").unwrap(), Destinations::new());
    }

    #[test]
    fn every_violation_names_its_key() {
        let pointers = |text: &str| {
            let violations = Destination::parse_all(text).unwrap_err();
            violations.into_iter().map(|one| one.pointer).collect::<Vec<_>>().join(" ")
        };
        let one =
            |line: &str| pointers(&format!("[destinations.d]\nbucket = \"bbb\"\ntenants = [\"a\"]\n{line}"));
        for (line, key) in [
            ("prefix = \"/a\"", "prefix"),
            ("prefix = \"a/../b\"", "prefix"),
            ("region = \"europe\"", "region"),
            ("role_arn = \"from-sluice\"", "role_arn"),
            ("external_id = \"b7e1\"", "external_id"),
            ("kms_key = \"alias/x\"", "kms_key"),
            ("layout = \"tree\"", "layout"),
            ("bukcet = \"x\"", "bukcet"),
            ("prefix = 3", "prefix"),
        ] {
            assert_eq!(one(line), format!("destinations.d.{key}"), "{line}");
        }
        assert_eq!(
            pointers("[destinations.D]\nbucket = \"s3://x\""),
            "destinations.D destinations.D.bucket destinations.D.tenants"
        );
        assert_eq!(
            pointers("[destinations.d]\ntenants = [\"A\"]"),
            "destinations.d.tenants destinations.d.bucket"
        );
        assert_eq!(pointers("[destinations.d]\nbucket = \"bbb\"\ntenants = []"), "destinations.d.tenants");
        assert_eq!(pointers("[destination.d]"), "destination");
        assert_eq!(pointers("["), "destinations");
    }
}
