//! Allowed dependencies: `export ← ports ← {source, store}`, `source ← introspect`, and of these what each function needs.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::root;

/// Returns the direct dependencies of each package of the workspace, except those of tests and benches.
fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |v: &Value| v["name"].as_str().unwrap().to_owned();
    let direct = |p: &Value| {
        p["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"].is_null()).map(name).collect()
    };
    metadata["packages"].as_array().unwrap().iter().map(|p| (name(p), direct(p))).collect()
}

fn allowed(package: &str) -> Option<&'static [&'static str]> {
    Some(match package {
        "export" => &[],
        "ports" | "client" | "x" => &["export"],
        "source" | "store" => &["export", "ports"],
        "introspect" => &["export", "source"],
        // The api does not read the source.
        "api" => &["export", "ports", "store"],
        "worker" => &["export", "ports", "source", "store"],
        // A delivery reads the store and the bucket.
        "deliver" => &["export", "ports", "store"],
        // Outside the VPC there is neither.
        "notify" => &["export", "ports"],
        "sweeper" | "admin" => &["export", "introspect", "ports", "source", "store"],
        _ => return None,
    })
}

#[test]
fn packages_depend_only_downwards() {
    let packages = packages();
    for (package, dependencies) in &packages {
        let Some(allowed) = allowed(package) else {
            assert_eq!(package, "tests", "say in this test what the new package may depend on");
            continue;
        };
        for dependency in dependencies.iter().filter(|d| packages.contains_key(*d)) {
            assert!(allowed.contains(&dependency.as_str()), "{package} must not depend on {dependency}");
        }
    }
}

#[test]
fn vendor_crates_are_used_only_by_their_owner() {
    let functions = ["api", "worker", "sweeper", "deliver", "notify", "admin"];
    for (package, dependencies) in packages().iter().filter(|(p, _)| *p != "tests") {
        for dependency in dependencies {
            let vendor = |prefix: &str| dependency.starts_with(prefix);
            if vendor("sqlx") {
                let reads = ["ports", "source", "store"].contains(&package.as_str());
                assert!(reads, "{dependency}: only source, store and their logins know PostgreSQL");
            }
            if (vendor("aws-") && dependency != "aws-lc-rs") || vendor("redis") {
                assert_eq!(package, "ports", "{dependency}: only ports knows AWS and caches");
            }
            if vendor("lambda_") {
                assert!(functions.contains(&package.as_str()), "{dependency}: only functions know Lambda");
            }
            if vendor("arrow") || vendor("libdeflater") {
                assert_eq!(package, "worker", "{dependency}: only the worker encodes");
            }
            if vendor("parquet") {
                let writes = ["worker", "client"].contains(&package.as_str());
                assert!(
                    writes,
                    "{dependency}: only the worker encodes, and the client writes files without rows"
                );
            }
        }
    }
}

#[test]
fn core_has_no_runtime_or_io_dependencies() {
    let core = packages().remove("export").unwrap();
    for impure in ["tokio", "getrandom", "rand", "chrono", "tracing", "reqwest", "async-trait", "futures"] {
        assert!(!core.contains(impure), "export must not depend on {impure}");
    }
}

/// Logs of other crates are left out, since they may hold values of rows.
#[test]
fn every_crate_of_the_functions_may_log() {
    let allowed = std::fs::read_to_string(root().join("functions/lib/ports/src/telemetry/ours.rs")).unwrap();
    let outside = ["client", "tests", "x"];
    for package in packages().keys().filter(|package| !outside.contains(&package.as_str())) {
        assert!(
            allowed.contains(&format!("\"{package}\",")),
            "add {package} to CRATES, or its logs are dropped"
        );
    }
}
