//! Requests of the clients, and the queries that define their right content.

use export::id::TenantId;
use ports::fault::Dice;
use serde_json::{Value, json};

/// A request, and per dataset the query whose rows are exactly its records.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) request: Value,
    pub(crate) queries: Vec<(&'static str, String)>,
}

fn day(n: u64) -> String {
    format!("2024-{:02}-{:02}", 1 + n / 28, 1 + n % 28)
}

/// Returns a random request: small and large, quick and slow, shared and not, one part and many.
pub(crate) fn order(dice: &mut Dice, tenant: &TenantId) -> Order {
    let from = dice.below(20);
    let (start, end) = (day(from), day(from + dice.below(20)));
    let within = format!("day between '{start}' and '{end}'");
    let compression = *dice.pick(&["gzip", "none"]);
    let one = |dataset: &'static str, query: String| Order {
        request: json!({"datasets": [dataset], "startDate": start, "endDate": end, "compression": compression}),
        queries: vec![(dataset, query)],
    };
    match dice.below(9) {
        0 => one("visits", format!("select * from e2e.visits where {within}")),
        1 => {
            let least = dice.below(12);
            Order {
                request: json!({"datasets": [{"name": "visits", "columns": ["name", "id"], "filters": {"score": {"gte": least}}}],
                    "startDate": start, "endDate": end}),
                queries: vec![(
                    "visits",
                    format!("select name, id from e2e.visits where {within} and score >= {least}"),
                )],
            }
        }
        2 => one(
            "notes",
            format!("select id, day, body from e2e.notes where {within} and account = '{tenant}'"),
        ),
        3 => one("settled", format!("select * from e2e.settled where {within}")),
        4 => one("together", format!("select * from e2e.together where {within}")),
        5 => {
            let (first, days) = (1 + dice.below(3), dice.below(2));
            let (start, end) = (format!("2024-01-{first:02}"), format!("2024-01-{:02}", first + days));
            Order {
                request: json!({"datasets": ["slow"], "startDate": start, "endDate": end, "compression": "none"}),
                queries: vec![(
                    "slow",
                    format!("select id, day, body from e2e.slow where day between '{start}' and '{end}'"),
                )],
            }
        }
        6 | 7 => {
            // A dozen days have some megabytes: more than one part if uncompressed.
            let days = 1 + dice.below(15);
            let until = format!("timestamptz '{start} 00:00:00+00' + interval '{days} days'");
            Order {
                request: json!({"datasets": ["orders"], "startDate": format!("{start}T00:00:00Z"), "endDate": later(from, days),
                    "compression": compression}),
                queries: vec![(
                    "orders",
                    format!(
                        "select * from public.orders where created_at >= '{start} 00:00:00+00' and created_at < {until}"
                    ),
                )],
            }
        }
        _ => Order {
            request: json!({"datasets": ["visits", "settled", "nothing", "whole", "erased"], "startDate": start, "endDate": end}),
            queries: vec![
                ("visits", format!("select * from e2e.visits where {within}")),
                ("settled", format!("select * from e2e.settled where {within}")),
                ("nothing", "select * from e2e.nothing".to_owned()),
                ("whole", "select * from e2e.whole".to_owned()),
                ("erased", format!("select * from e2e.erased where {within}")),
            ],
        },
    }
}

/// Returns the instant `days` after the day of number `from`. `day` uses only the first 28 days of a month.
fn later(from: u64, days: u64) -> String {
    let start = day(from);
    // January has 31 days, and the menu's first days are all in it.
    let number = start[8..].parse::<u64>().expect("two digits") + days;
    if number <= 31 {
        format!("2024-01-{number:02}T00:00:00Z")
    } else {
        format!("2024-02-{:02}T00:00:00Z", number - 31)
    }
}
