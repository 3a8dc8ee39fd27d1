//! `deploy/NAME.toml`: region, stack, parameters and tags of one deployment.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use crate::machine::paths;
use crate::machine::secret_files;
use crate::machine::user::User;

/// Length in characters of a line above which its comment is on a line of its own.
const LONG: usize = 56;

/// One parameter of a new file, with a comment behind it.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) value: String,
    comment: &'static str,
}

impl Setting {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>, comment: &'static str) -> Self {
        Self { name: name.into(), value: value.into(), comment }
    }
}

/// A deployment as the file describes it. Values of parameters are text, as CloudFormation takes them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Deployment {
    pub(crate) region: String,
    pub(crate) stack: String,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Deployment {
    /// Returns a parameter if the file has it.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

/// Returns the path of the file of a deployment.
pub(crate) fn path(name: &str) -> PathBuf {
    paths::root().join("deploy").join(format!("{name}.toml"))
}

/// Returns the path as it is printed, relative to the repository.
pub(crate) fn shown(name: &str) -> String {
    format!("deploy/{name}.toml")
}

/// Reads a file.
///
/// # Errors
/// If it is not TOML, has an unknown key, or lacks the region or the stack.
pub(crate) fn read(path: &Path) -> Result<Deployment> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| format!("{} is not a deployment", path.display()))
}

fn parse(text: &str) -> Result<Deployment> {
    let mut table: Table = text.parse()?;
    let mut take = |key: &str| table.remove(key);
    let region = required(take("region"), "region", "such as region = \"eu-west-1\"")?;
    let stack =
        required(take("stack"), "stack", "the name of the CloudFormation stack, such as stack = \"sluice\"")?;
    let (parameters, tags) = (section(take("parameters"), "parameters")?, section(take("tags"), "tags")?);
    if let Some(key) = table.keys().next() {
        bail!("{key} is unknown; parameters of the template belong below [parameters], tags below [tags]");
    }
    Ok(Deployment { region, stack, parameters, tags })
}

fn required(value: Option<Value>, key: &str, remedy: &str) -> Result<String> {
    match value {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => bail!("{key} is missing at the top: {remedy}"),
    }
}

fn section(value: Option<Value>, key: &str) -> Result<BTreeMap<String, String>> {
    let Some(value) = value else { return Ok(BTreeMap::new()) };
    let Value::Table(table) = value else { bail!("{key} must be a section: [{key}]") };
    table.into_iter().map(|(name, value)| Ok((name.clone(), text_of(value, &name)?))).collect()
}

/// Returns a value as CloudFormation takes it: a list is joined by commas.
fn text_of(value: Value, name: &str) -> Result<String> {
    Ok(match value {
        Value::String(text) => text,
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Array(values) => {
            values.into_iter().map(|one| text_of(one, name)).collect::<Result<Vec<_>>>()?.join(",")
        }
        _ => bail!("{name} must be a text, a whole number, true, false, or a list of texts"),
    })
}

/// Returns the text of a new file.
pub(crate) fn text(name: &str, region: &str, stack: &str, settings: &[Setting]) -> String {
    let mut text = format!(
        "# Deployment {name} of Sluice: all that `cargo x deploy {name}` needs to know. A parameter that is not here has the\n\
         # default of template.yaml, which describes all of them. Passwords are in secrets, which are named by their ARNs.\n\
         region = {}\nstack = {}\n\n[parameters]\n",
        quoted(region),
        quoted(stack)
    );
    let lines: Vec<_> = settings.iter().map(|one| format!("{} = {}", one.name, written(one))).collect();
    let width = lines.iter().map(String::len).filter(|length| *length < LONG).max().unwrap_or_default();
    for (line, setting) in lines.iter().zip(settings) {
        // Writing to a string cannot fail.
        let _ = match setting.comment {
            "" => writeln!(text, "{line}"),
            comment if line.len() >= LONG => writeln!(text, "# {comment}\n{line}"),
            comment => writeln!(text, "{line:<width$}  # {comment}"),
        };
    }
    text + "\n# CloudFormation puts these on everything that can have tags.\n[tags]\napplication = \"sluice\"\n"
}

fn quoted(value: &str) -> String {
    Value::String(value.to_owned()).to_string()
}

/// Returns a value as people write it: numbers and truths bare, lists of ids as lists.
fn written(setting: &Setting) -> String {
    let value = setting.value.as_str();
    if value.parse::<u32>().is_ok() || ["true", "false"].contains(&value) {
        value.to_owned()
    } else if setting.name.ends_with("Ids") {
        let ids: Vec<_> = value.split(',').filter(|id| !id.is_empty()).map(quoted).collect();
        format!("[{}]", ids.join(", "))
    } else {
        quoted(value)
    }
}

/// Writes a file that only its user can read.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    secret_files::write(path, text, User::Own)
}

/// Puts the ARNs of created secrets into a file, in place of the word `create`. Everything else stays as it is.
pub(crate) fn put_arns(path: &Path, arns: &BTreeMap<String, String>) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    write(path, &with_arns(&text, arns))
}

/// Puts the word `create` in place of the ARNs of deleted secrets.
pub(crate) fn take_arns(path: &Path, arns: &[String]) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let create = arns.iter().fold(text, |text, arn| text.replace(&quoted(arn), "\"create\""));
    write(path, &create)
}

fn with_arns(text: &str, arns: &BTreeMap<String, String>) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let arn = line.split_once('=').and_then(|(name, _)| arns.get(name.trim()));
        lines.push(arn.map_or_else(|| line.to_owned(), |arn| line.replacen("\"create\"", &quoted(arn), 1)));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_written_is_read_back() {
        let settings = [
            Setting::new("Budget", "4", "sessions"),
            Setting::new("CreateExample", "true", ""),
            Setting::new("VpcSubnetIds", "subnet-1,subnet-2", "in two zones"),
            Setting::new("RouteTableIds", "", "none"),
            Setting::new("CdnFirstKey", "-----BEGIN\n\"key\"\n", "more than one line"),
            Setting::new("SourceUrl", "postgres://sluice_source@db/shop", ""),
        ];
        let deployment = parse(&text("shop", "eu-west-1", "sluice-shop", &settings)).unwrap();
        assert_eq!((&*deployment.region, &*deployment.stack), ("eu-west-1", "sluice-shop"));
        let read: Vec<_> = deployment.parameters.into_iter().collect();
        let mut given: Vec<_> = settings.into_iter().map(|one| (one.name, one.value)).collect();
        given.sort();
        assert_eq!(read, given);
        assert_eq!(deployment.tags["application"], "sluice");
    }

    #[test]
    fn mistakes_in_a_file_name_the_key() {
        for (text, expected) in [
            ("stack = \"a\"", "region is missing"),
            ("region = \"a\"", "stack is missing"),
            (
                "region = \"a\"\nstack = \"b\"\nBudget = 4",
                "Budget is unknown; parameters of the template belong below",
            ),
            (
                "region = \"a\"\nstack = \"b\"\n[parameters]\nBudget = 1.5",
                "Budget must be a text, a whole number",
            ),
            ("region = \"a\"\nstack = \"b\"\nparameters = 1", "parameters must be a section"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn arns_replace_the_word_create_only_where_they_belong() {
        let text = "# \"create\"\nSourceSecretArn = \"create\"  # replaced\nStoreSecretArn = \"create\"\n";
        let arns = BTreeMap::from([("SourceSecretArn".to_owned(), "arn:a".to_owned())]);
        assert_eq!(
            with_arns(text, &arns),
            "# \"create\"\nSourceSecretArn = \"arn:a\"  # replaced\nStoreSecretArn = \"create\"\n"
        );
    }

    #[test]
    fn deleted_secrets_are_created_again_by_the_next_deployment() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("shop.toml");
        write(&path, "SourceSecretArn = \"arn:a\"  # replaced\nOwnerSecretArn = \"arn:b\"\n").unwrap();
        take_arns(&path, &["arn:a".to_owned()]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "SourceSecretArn = \"create\"  # replaced\nOwnerSecretArn = \"arn:b\"\n");
    }

    #[test]
    fn the_example_is_a_deployment() {
        let example = read(&path("example")).unwrap();
        assert!(!example.region.is_empty() && example.parameters.contains_key("Budget"));
    }
}
