//! In `export` the order of modules is the order of the flow: a module imports only modules listed before it.

use crate::{files, root};

#[test]
fn core_modules_import_only_earlier_modules() {
    let source = root().join("functions/lib/export/src");
    let lib = std::fs::read_to_string(source.join("lib.rs")).unwrap();
    let order: Vec<_> = lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(order.len() > 10, "the modules are read from lib.rs: {order:?}");
    for path in files(&source, "rs") {
        let name = path.strip_prefix(&source).unwrap().to_string_lossy().into_owned();
        let module = name.split(['/', '.']).next().unwrap();
        let Some(place) = order.iter().position(|m| *m == module) else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        // Tests may import later modules.
        let code = if name.ends_with("tests.rs") { "" } else { text.split("#[cfg(test)]").next().unwrap() };
        for used in code.split("crate::").skip(1) {
            let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Some(other) = order.iter().position(|m| *m == used) {
                assert!(other <= place, "{name} imports {used}, which stands after {module}");
            }
        }
    }
}
