//! Names of the workspace's test targets.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::binaries;

/// Returns the names of all integration tests of the workspace, as `cargo metadata` lists them, sorted.
pub(super) fn integration_tests() -> Result<Vec<String>> {
    let output = binaries::cargo(&["metadata"])
        .args(["--no-deps", "--format-version", "1"])
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    names(&serde_json::from_slice(&output.stdout).context("`cargo metadata` printed no JSON")?)
}

fn names(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let targets = packages.iter().filter_map(|package| package["targets"].as_array()).flatten();
    let tests = targets
        .filter(|target| target["kind"].as_array().is_some_and(|kinds| kinds.contains(&"test".into())));
    let mut names: Vec<_> = tests.filter_map(|target| Some(target["name"].as_str()?.to_owned())).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_integration_tests_are_listed_each_once() -> Result<()> {
        let target = |kind: &str, name: &str| json!({"kind": [kind], "name": name});
        let one =
            json!({"targets": [target("lib", "one"), target("test", "check"), target("test", "attempt")]});
        let other = json!({"targets": [target("bench", "engine"), target("test", "check")]});
        assert_eq!(names(&json!({"packages": [one, other]}))?, ["attempt", "check"]);
        Ok(())
    }

    #[test]
    fn targets_that_run_apart_exist() -> Result<()> {
        let names = integration_tests()?;
        for name in [super::super::whole::FAULTS, super::super::whole::GUARD] {
            assert!(names.iter().any(|known| known == name), "no test target {name}");
        }
        Ok(())
    }
}
