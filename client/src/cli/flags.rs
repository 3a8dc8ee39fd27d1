//! Error responses in the terms of the command line that made the request: flags instead of fields.

use export::problem::Violation;
use export::wire::Problem;

use crate::error::readable;
use crate::text::reworded;

/// Fields of the request, and parameters of the list, with the flags that set them.
const FLAGS: [(&str, &str); 21] = [
    ("?acceptedFrom", "--after"),
    ("?acceptedBefore", "--before"),
    ("?status", "--status"),
    ("?dataset", "--dataset"),
    ("?label", "--label"),
    ("?labels", "--labels"),
    ("/startDate", "--from"),
    ("/endDate", "--to"),
    ("/timeZone", "--time-zone"),
    ("/format", "--format"),
    ("/compression", "--compression"),
    ("/label", "--label"),
    ("/labels", "--labels"),
    ("/consistency", "--consistency"),
    ("/destination", "--destination"),
    ("/layout", "--layout"),
    ("/layout/hive", "--layout"),
    ("/csv/delimiter", "--delimiter"),
    ("/csv/null", "--null"),
    ("/csv/header", "--no-header"),
    ("/csv/formulaGuard", "--formula-guard"),
];

/// Formats the problem for the user, for a request made of these datasets and flags.
pub(super) fn in_words(problem: &Problem, datasets: &[String]) -> String {
    let word = |violation: &Violation| {
        let (place, dataset) = place(&violation.pointer, datasets);
        let text = |text: &str| sentence(text, dataset);
        Violation::new(place, text(&violation.message), text(&violation.remedy))
    };
    let violations = problem.violations.iter().map(word).collect();
    commands(&readable(&Problem { violations, ..problem.clone() }))
}

/// Returns its position on the command line, and the dataset it belongs to.
fn place<'a>(pointer: &str, datasets: &'a [String]) -> (String, Option<&'a str>) {
    if let Some((_, flag)) = FLAGS.iter().find(|(field, _)| *field == pointer) {
        return ((*flag).to_owned(), None);
    }
    let column = |token: &str| token.replace("~1", "/").replace("~0", "~");
    if let Some(name) = pointer.strip_prefix("/labels/") {
        return (format!("--labels {}", column(name)), None);
    }
    let mut steps = pointer.split('/').skip(1);
    let dataset = match (steps.next(), steps.next().and_then(|n| datasets.get(n.parse::<usize>().ok()?))) {
        (Some("datasets"), Some(dataset)) => dataset.as_str(),
        _ => return (pointer.to_owned(), None),
    };
    let place = match (steps.next(), steps.next()) {
        (Some("filters"), Some(token)) => format!("--filter {dataset}.{}", column(token)),
        (Some("filters"), None) => format!("--filter {dataset}"),
        (Some("limit"), _) => format!("--sample {dataset}"),
        (Some("columns"), _) => format!("--columns {dataset}"),
        _ => dataset.to_owned(),
    };
    (place, Some(dataset))
}

/// Terms of HTTP in texts of the api, and those of the command line, which sends the header of the key and waits as
/// long as the api requires by itself.
const TERMS: [(&str, &str); 10] = [
    ("; send it as Authorization: Bearer slc_…", ""),
    ("; send it as Authorization: Bearer …", ""),
    (", and retry after the number of seconds in Retry-After", ""),
    ("; retry after the number of seconds in Retry-After", ""),
    ("header or query parameter is", "parameter is"),
    ("headers or query parameters are", "parameters are"),
    ("; see violations", ""),
    ("DELETE /api/v1/exports/ID?if=ended", "sluice delete ID"),
    ("GET /api/v1/datasets/", "sluice datasets "),
    ("GET /api/v1/datasets", "sluice datasets"),
];

/// Replaces terms of HTTP with commands in a text of the api.
pub(super) fn commands(text: &str) -> String {
    reworded(text, &TERMS)
}

/// Replaces names of fields and paths of the api with flags and commands.
fn sentence(text: &str, dataset: Option<&str>) -> String {
    let text = match dataset {
        Some(dataset) => text.replace("/datasets/{name}", &format!("/datasets/{dataset}")),
        None => text.to_owned(),
    };
    let fields = [
        ("an endDate", "--to"),
        ("startDate", "--from"),
        ("endDate", "--to"),
        ("timeZone", "--time-zone"),
        ("or omit limit for all rows", "or omit --sample for all rows"),
    ];
    reworded(&text, &fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_api_are_printed_without_http() {
        for (text, printed) in [
            ("the key is not valid; send it as Authorization: Bearer slc_…", "the key is not valid"),
            ("too many; retry after the number of seconds in Retry-After", "too many"),
            (
                "DELETE /api/v1/exports/ID?if=ended removes an ended export",
                "sluice delete ID removes an ended export",
            ),
            ("GET /api/v1/datasets lists them", "sluice datasets lists them"),
            ("1 header or query parameter is not valid; see violations", "1 parameter is not valid"),
        ] {
            assert_eq!(commands(text), printed);
        }
    }

    #[test]
    fn parameters_of_the_list_and_samples_have_their_flags() {
        let problem = |pointer: &str, remedy: &str| Problem {
            violations: vec![Violation::new(pointer, "m", remedy)],
            ..Problem::default()
        };
        let words = |pointer: &str, remedy: &str| in_words(&problem(pointer, remedy), &["orders".to_owned()]);
        assert!(words("?acceptedFrom", "r").contains("--after: m\n    r"));
        assert!(words("?labels", "r").contains("--labels: m"));
        let sample = words("/datasets/0/limit", "use 1 to 9, or omit limit for all rows");
        assert!(
            sample.contains("--sample orders: m\n    use 1 to 9, or omit --sample for all rows"),
            "{sample}"
        );
        assert!(
            words("/endDate", "use an endDate on or after startDate").contains("use --to on or after --from")
        );
    }

    #[test]
    fn problems_name_flags_and_commands() {
        let datasets = ["orders".to_owned(), "customers".to_owned()];
        let violations = [
            ("/startDate", "startDate is missing", "give startDate and endDate"),
            (
                "/datasets/1/filters/o~1clerk",
                "no such column",
                "GET /api/v1/datasets/{name} lists the columns",
            ),
            ("/datasets/0", "there is no dataset \"orders\"", "GET /api/v1/datasets lists the datasets"),
            ("/datasets/7", "beyond the list", "x"),
            ("/datasets/1/limit", "too many rows", "use less"),
            ("/layout", "a column is named month", "y"),
        ];
        let violations =
            violations.map(|(pointer, message, remedy)| Violation::new(pointer, message, remedy));
        let problem = Problem {
            status: 422,
            detail: "the request has 6 errors; see violations".into(),
            violations: violations.to_vec(),
            ..Problem::default()
        };
        assert_eq!(
            in_words(&problem, &datasets),
            "the request has 6 errors (422)\n  --from: --from is missing\n    give --from and --to\n  --filter customers.o/clerk: \
             no such column\n    sluice datasets customers lists the columns\n  orders: there is no dataset \
             \"orders\"\n    sluice datasets lists the datasets\n  /datasets/7: beyond the list\n    x\n  \
             --sample customers: too many rows\n    use less\n  --layout: a column is named month\n    y"
        );
    }
}
