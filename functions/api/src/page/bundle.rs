//! The modules of the page as one script, joined when the process starts: each becomes a function that returns its
//! exports. There is no build step, and a browser can also load the files as the ES modules that they are.

/// Modules, each after those that it imports.
const MODULES: [(&str, &str); 35] = [
    ("dom.js", include_str!("dom.js")),
    ("format.js", include_str!("format.js")),
    ("api.js", include_str!("api.js")),
    ("session.js", include_str!("session.js")),
    ("status.js", include_str!("status.js")),
    ("request.js", include_str!("request.js")),
    ("again.js", include_str!("again.js")),
    ("violations.js", include_str!("violations.js")),
    ("provider.js", include_str!("provider.js")),
    ("sign-in.js", include_str!("sign-in.js")),
    ("dates.js", include_str!("dates.js")),
    ("condition-value.js", include_str!("condition-value.js")),
    ("columns.js", include_str!("columns.js")),
    ("conditions.js", include_str!("conditions.js")),
    ("csv.js", include_str!("csv.js")),
    ("preview.js", include_str!("preview.js")),
    ("datasets.js", include_str!("datasets.js")),
    ("files-format.js", include_str!("files-format.js")),
    ("choose.js", include_str!("choose.js")),
    ("plan.js", include_str!("plan.js")),
    ("lanes.js", include_str!("lanes.js")),
    ("timeline.js", include_str!("timeline.js")),
    ("watch.js", include_str!("watch.js")),
    ("confirm.js", include_str!("confirm.js")),
    ("sha256.js", include_str!("sha256.js")),
    ("targets.js", include_str!("targets.js")),
    ("transfer.js", include_str!("transfer.js")),
    ("download-all.js", include_str!("download-all.js")),
    ("files.js", include_str!("files.js")),
    ("requested.js", include_str!("requested.js")),
    ("by-dataset.js", include_str!("by-dataset.js")),
    ("export.js", include_str!("export.js")),
    ("limits.js", include_str!("limits.js")),
    ("history.js", include_str!("history.js")),
    ("main.js", include_str!("main.js")),
];

/// Returns the script of the page.
pub(super) fn script() -> String {
    MODULES.iter().map(|(name, source)| scoped(name, source)).collect()
}

/// Returns the style without indentation and the spaces that only people need.
pub(super) fn style(source: &str) -> String {
    let joined = lines(source).collect::<Vec<_>>().join("\n");
    let tight = [(" { ", "{"), (" {", "{"), ("; }", "}"), (" }", "}"), ("; ", ";"), (": ", ":"), (", ", ",")];
    tight.into_iter().fold(joined, |text, (loose, tight)| text.replace(loose, tight))
}

/// Returns a module as a constant that holds its exports.
fn scoped(name: &str, source: &str) -> String {
    let mut exports = Vec::new();
    let mut body = String::new();
    for line in lines(source) {
        if let Some(imported) = line.strip_prefix("import ") {
            body += &import(imported);
        } else if let Some(declared) = line.strip_prefix("export ") {
            exports.push(declared_name(declared));
            body += declared;
        } else {
            body += line;
        }
        body.push('\n');
    }
    format!("const {} = (() => {{\n{body}return {{ {} }};\n}})();\n", constant(name), exports.join(", "))
}

/// Returns the lines that are neither empty nor a comment, without indentation. No text of the modules goes over a line.
fn lines(source: &str) -> impl Iterator<Item = &str> {
    let comment = |line: &str| line.starts_with("//") || (line.starts_with("/*") && line.ends_with("*/"));
    source.lines().map(str::trim).filter(move |line| !line.is_empty() && !comment(line))
}

/// Returns `{ a, b } from "./x.js";` as a declaration, and nothing for an import without names.
fn import(imported: &str) -> String {
    let Some((names, from)) = imported.split_once(" from ") else { return String::new() };
    let module = from.trim_start_matches("\"./").trim_end_matches("\";");
    format!("const {names} = {};", constant(module))
}

/// Returns the name that `async function NAME(…`, `class NAME …` or `const NAME = …` declares.
fn declared_name(declared: &str) -> &str {
    let rest = declared.trim_start_matches("async ");
    let name = rest.split_once(' ').map_or("", |(_, name)| name);
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Returns the constant of a module.
fn constant(name: &str) -> String {
    name.replace(['-', '.'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_becomes_a_constant_with_its_exports() {
        let source = "// Words.\n\nimport \"./view.js\";\nimport { h, fill } from \"./dom-tree.js\";\n\n/** One. */\nexport const ONE = 1;\nexport async function two() {\n  return ONE;\n}\nexport class Three extends Error {\n}\nfunction own() {}\n";
        assert_eq!(
            scoped("a-b.js", source),
            "const a_b_js = (() => {\n\nconst { h, fill } = dom_tree_js;\nconst ONE = 1;\nasync function two() {\nreturn ONE;\n}\nclass Three extends Error {\n}\nfunction own() {}\nreturn { ONE, two, Three };\n})();\n"
        );
    }

    #[test]
    fn page_cancels_live_exports_and_deletes_ended_ones_only() {
        // A preview removes its own export, in whatever state it is.
        let (_, source) = MODULES.iter().find(|(name, _)| *name == "export.js").unwrap();
        let calls = source.split("api.delete(").skip(1);
        let paths: Vec<_> = calls.map(|call| call.split_once(')').map_or(call, |(path, _)| path)).collect();
        assert_eq!(paths, ["`exports/${this.id_}?if=live`", "`exports/${this.id_}?if=ended`"]);
    }

    #[test]
    fn modules_import_only_earlier_ones() {
        for (index, (name, source)) in MODULES.iter().enumerate() {
            for line in source.lines().filter(|line| line.starts_with("import ")) {
                let (_, imported) = line.split_once("\"./").unwrap();
                let imported = imported.trim_end_matches("\";");
                assert!(MODULES[..index].iter().any(|(earlier, _)| *earlier == imported), "{name}: {line}");
            }
        }
    }

    #[test]
    fn no_text_goes_over_a_line_or_ends_the_script() {
        for (name, source) in MODULES {
            assert!(!source.contains("</script"), "{name}");
            for line in source.lines() {
                assert_eq!(line.matches('`').count() % 2, 0, "{name}: {line}");
                assert!(!line.trim_start().starts_with("/*") || line.ends_with("*/"), "{name}: {line}");
            }
        }
    }
}
