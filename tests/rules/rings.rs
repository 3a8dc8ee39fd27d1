//! Rings of modules: no top-level module of a crate imports one that imports it back, directly or through others. In
//! `export`, moreover, the order of modules is the order of the flow.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use crate::paths::{self, Code};
use crate::{files, root};

/// For each module, the modules that it imports, each with one file that does.
type Imports = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn no_module_imports_one_that_imports_it_back() {
    let mut rings = Vec::new();
    for (name, folder) in crates() {
        let found = imports(&folder.join("src"));
        rings.extend(circles(&found).iter().map(|circle| format!("crate {name}: {}", shown(circle, &found))));
    }
    assert!(rings.is_empty(), "modules that import each other:\n{}", rings.join("\n"));
}

#[test]
fn core_modules_import_only_earlier_modules() {
    let source = root().join("functions/lib/export/src");
    let lib = std::fs::read_to_string(source.join("lib.rs")).unwrap();
    let order: Vec<_> = lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(order.len() > 10, "the modules are read from lib.rs: {order:?}");
    let place = |module: &str| order.iter().position(|m| *m == module);
    for (module, imported) in imports(&source) {
        let Some(own) = place(&module) else { continue };
        for (used, file) in imported {
            assert!(
                place(&used).is_none_or(|other| other < own),
                "{file} imports {used}, which stands after {module}"
            );
        }
    }
}

/// Returns name and folder of every crate of the workspace.
fn crates() -> Vec<(String, PathBuf)> {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = text.split_once("members = [").unwrap().1.split(']').next().unwrap();
    let members: Vec<_> = members.split('"').skip(1).step_by(2).map(|folder| root().join(folder)).collect();
    assert!(members.len() > 5, "the crates are read from Cargo.toml: {members:?}");
    let named = |folder: PathBuf| {
        let text = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let name = text.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).unwrap();
        (name.to_owned(), folder)
    };
    members.into_iter().map(named).collect()
}

/// Reads the imports between the top-level modules of a crate, without those of its tests.
fn imports(source: &Path) -> Imports {
    let lib = if source.join("lib.rs").exists() { "lib.rs" } else { "main.rs" };
    let code: BTreeMap<PathBuf, Code> = files(source, "rs")
        .into_iter()
        .map(|path| {
            let code = Code::of(&std::fs::read_to_string(&path).unwrap());
            (path.strip_prefix(source).unwrap().to_owned(), code)
        })
        .collect();
    let tests: Vec<PathBuf> = code
        .iter()
        .flat_map(|(path, code)| code.test_modules.iter().map(|name| folder_of(path).join(name)))
        .collect();
    let exported = paths::exported(&code[Path::new(lib)]);
    let mut imports = Imports::new();
    for (path, code) in &code {
        let place = path.with_extension("");
        let module = place.iter().next().unwrap().to_string_lossy().into_owned();
        if ["lib", "main"].contains(&&*module) || tests.iter().any(|test| place.starts_with(test)) {
            continue;
        }
        let imported = imports.entry(module.clone()).or_default();
        for name in paths::used(code, place.iter().count()) {
            // What the crate's root exports stands in one of its modules.
            let used = exported.get(&name).cloned().unwrap_or(name);
            if used != module {
                imported.entry(used).or_insert_with(|| path.display().to_string());
            }
        }
    }
    let modules: BTreeSet<_> = imports.keys().cloned().collect();
    imports.values_mut().for_each(|imported| imported.retain(|name, _| modules.contains(name)));
    imports
}

/// Returns the folder of the modules that a file declares.
fn folder_of(path: &Path) -> PathBuf {
    match path.to_str() {
        Some("lib.rs" | "main.rs") => PathBuf::new(),
        _ => path.with_extension(""),
    }
}

/// Returns the shortest ring through each module, each ring once.
fn circles(imports: &Imports) -> Vec<Vec<String>> {
    let mut found: BTreeMap<BTreeSet<String>, Vec<String>> = BTreeMap::new();
    for module in imports.keys() {
        if let Some(circle) = circle(imports, module) {
            found.entry(circle.iter().cloned().collect()).or_insert(circle);
        }
    }
    found.into_values().collect()
}

/// Returns the shortest ring through a module, without its repeated end.
fn circle(imports: &Imports, start: &str) -> Option<Vec<String>> {
    let mut from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(module) = next.pop_front() {
        for used in imports.get(module).into_iter().flat_map(BTreeMap::keys) {
            if used == start {
                let mut circle = vec![module.to_owned()];
                while let Some(before) = from.get(circle[circle.len() - 1].as_str()) {
                    circle.push((*before).to_owned());
                }
                circle.reverse();
                return Some(circle);
            }
            if !from.contains_key(used.as_str()) {
                from.insert(used, module);
                next.push_back(used);
            }
        }
    }
    None
}

/// Formats a ring, with the importing file for each of its arrows.
fn shown(circle: &[String], imports: &Imports) -> String {
    let ends = circle.iter().cycle().skip(1);
    let arrow = |(from, to): (&String, &String)| format!("{from} → {to} ({})", imports[from][to]);
    circle.iter().zip(ends).map(arrow).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(edges: &[(&str, &str)]) -> Imports {
        let mut imports = Imports::new();
        for (from, to) in edges {
            let file = format!("{from}.rs");
            imports.entry((*from).to_owned()).or_default().insert((*to).to_owned(), file);
        }
        imports
    }

    #[test]
    fn each_ring_is_found_once_and_shown_whole() {
        let imports =
            of(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d"), ("f", "a")]);
        let found = circles(&imports);
        assert_eq!(found, [vec!["a", "b", "c"], vec!["d", "e"]]);
        assert_eq!(shown(&found[0], &imports), "a → b (a.rs), b → c (b.rs), c → a (c.rs)");
        assert!(circles(&of(&[("a", "b"), ("a", "c"), ("b", "c")])).is_empty());
    }

    #[test]
    fn imports_are_read_from_a_folder() {
        let source = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = source.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("lib.rs", "mod a; mod b; mod c; #[cfg(test)] mod probe; pub use b::B;");
        write("a.rs", "use crate::B; #[cfg(test)] mod tests;");
        write("a/tests.rs", "use crate::c::C;");
        write("a/tests/more.rs", "use crate::c::C;");
        write("b.rs", "use export::c::C;");
        write("b/deep.rs", "use super::super::c::C;");
        write("c.rs", "");
        write("probe.rs", "use crate::a::A;");
        let found = imports(source.path());
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(found["a"], [("b".to_owned(), "a.rs".to_owned())].into());
        assert_eq!(found["b"], [("c".to_owned(), "b/deep.rs".to_owned())].into());
    }
}
