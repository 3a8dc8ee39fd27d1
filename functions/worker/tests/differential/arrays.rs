//! Edge values of arrays that the worker decodes: every shape with elements of every type.

use crate::values;

/// Writes elements, `None` for NULL, in the notation of a one-dimensional array in PostgreSQL.
fn literal<'a>(elements: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let quoted = |element: &str| format!("\"{}\"", element.replace('\\', "\\\\").replace('"', "\\\""));
    let elements: Vec<_> =
        elements.into_iter().map(|e| e.map_or_else(|| "NULL".to_owned(), quoted)).collect();
    format!("{{{}}}", elements.join(","))
}

/// Returns arrays for each native type: edge values as elements, alone and together, in several dimensions and with
/// other bounds.
pub(crate) fn native(version: i32) -> Vec<(String, String, Vec<String>)> {
    let mut all = Vec::new();
    for (name, type_name, elements) in values::native(version) {
        let two = [elements.first(), elements.last()].map(|e| e.map_or("", String::as_str));
        let pair = literal(two.map(Some));
        let nulls = literal([None, Some(two[0]), None]);
        let mut rows = vec![
            "{}".to_owned(),
            "{NULL}".to_owned(),
            literal(elements.iter().map(|e| Some(e.as_str()))),
            nulls.clone(),
            format!("{{{pair},{pair}}}"),
            format!("[5:6]={pair}"),
            format!("[-1:1]={nulls}"),
            format!("[0:1][7:8]={{{pair},{pair}}}"),
            format!("{{{{{pair}}},{{{pair}}},{{{pair}}}}}"),
            format!("[1:1][1:1][1:1][1:1][2:2][1:2]={{{{{{{{{{{pair}}}}}}}}}}}"),
        ];
        rows.extend(elements.iter().map(|e| literal([Some(e.as_str())])));
        all.push((format!("{name}_array"), format!("{type_name}[]"), rows));
    }
    let words = ["{}", "{a,NULL}", "{{a,b},{c,d}}", "[3:4]={x,\"y z\"}"].map(str::to_owned);
    all.push(("wordy".to_owned(), "SCHEMA.words".to_owned(), words.to_vec()));
    all
}
