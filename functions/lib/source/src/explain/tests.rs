//! Tests on plans as PostgreSQL writes them, shortened.

use super::*;

fn mark() -> Mark {
    Mark { column: "created_at".into(), bounds: vec!["'2024-01-15".into(), "'2024-01-16".into()] }
}

fn plan(node: &str) -> PlanNode {
    PlanNode::parse(&format!("[{{\"Plan\": {node}}}]")).unwrap()
}

fn node(kind: &str, rest: &str) -> String {
    format!(
        "{{\"Node Type\": \"{kind}\", \"Parallel Aware\": false, \"Startup Cost\": 0.0, \"Total Cost\": 12.5, \"Plan Rows\": 1000, \"Plan Width\": 60{rest}}}"
    )
}

fn table(kind: &str, name: &str, rest: &str) -> String {
    node(kind, &format!(", \"Schema\": \"shop\", \"Relation Name\": \"{name}\", \"Alias\": \"q\"{rest}"))
}

const RANGE: &str = "((q.created_at >= '2024-01-15 00:00:00+00'::timestamp with time zone) AND (q.created_at < '2024-01-16 00:00:00+00'::timestamp with time zone))";

#[test]
fn root_node_gives_cost_and_size() {
    let plan = plan(&table("Seq Scan", "orders", ""));
    assert_eq!(plan.cost, 12.5);
    let size = plan.size(3);
    assert_eq!((size.rows, size.bytes), (1000, 1000 * (60 + 12 + 2)));
}

#[test]
fn invalid_plans_are_refused() {
    for text in ["", "[]", "{}", "[{\"Plan\": {}}]", "null"] {
        assert!(PlanNode::parse(text).is_none(), "{text}");
    }
}

#[test]
fn access_path_of_each_relation_is_classified() {
    let way =
        |node: &str| plan(node).scans(Some(&mark())).first().map(|scan| (scan.way, scan.filtered)).unwrap();
    let cond = |key: &str, text: &str| format!(", \"{key}\": \"{text}\"");
    assert_eq!(way(&table("Seq Scan", "orders", &cond("Filter", RANGE))), (Way::Whole, true));
    assert_eq!(
        way(&table("Seq Scan", "orders", &cond("Filter", "(q.total > '5'::numeric)"))),
        (Way::Whole, false)
    );
    assert_eq!(way(&table("Index Scan", "orders", &cond("Index Cond", RANGE))), (Way::Range, false));
    assert_eq!(way(&table("Index Only Scan", "orders", "")), (Way::Whole, false));
    let other = cond("Index Cond", "(q.account = $0)") + &cond("Filter", RANGE);
    assert_eq!(way(&table("Index Scan", "orders", &other)), (Way::Lookup, true));
    assert_eq!(way(&table("Foreign Scan", "far", &cond("Remote SQL", RANGE))), (Way::Range, false));
}

#[test]
fn bitmap_scan_counts_as_an_index() {
    let range = node("Bitmap Index Scan", &format!(", \"Index Name\": \"i\", \"Index Cond\": \"{RANGE}\""));
    let other =
        node("Bitmap Index Scan", ", \"Index Name\": \"j\", \"Index Cond\": \"(q.country = 'NL'::text)\"");
    let both = node("BitmapAnd", &format!(", \"Plans\": [{other}, {range}]"));
    let heap = table("Bitmap Heap Scan", "orders", &format!(", \"Plans\": [{both}]"));
    let scans = plan(&heap).scans(Some(&mark()));
    assert_eq!((scans.len(), scans[0].way), (1, Way::Range));
}

#[test]
fn renamed_view_column_is_recognised_by_its_bounds() {
    let cond = "((o.ordered >= '2024-01-15'::date) AND (o.ordered < '2024-01-16'::date))";
    let orders = table("Index Scan", "orders", &format!(", \"Index Cond\": \"{cond}\""));
    let clients = table("Seq Scan", "clients", "");
    let join = node(
        "Hash Join",
        &format!(", \"Hash Cond\": \"(o.client_id = c.id)\", \"Plans\": [{orders}, {clients}]"),
    );
    let scans = plan(&join).scans(Some(&mark()));
    let ways: Vec<_> = scans.iter().map(|scan| (scan.relation.1.as_str(), scan.way)).collect();
    assert_eq!(ways, [("orders", Way::Range), ("clients", Way::Whole)]);
}

#[test]
fn join_on_the_range_column_is_a_lookup() {
    let lookup = table("Index Scan", "orders", ", \"Index Cond\": \"(q.created_at = o.created_at)\"");
    assert_eq!(plan(&lookup).scans(Some(&mark()))[0].way, Way::Lookup);
    let quoted = Mark { column: "Created At".into(), bounds: vec![] };
    let cond = ", \"Index Cond\": \"(q.\\\"Created At\\\" >= '15.01.2024'::date)\"";
    assert_eq!(plan(&table("Index Scan", "old", cond)).scans(Some(&quoted))[0].way, Way::Range);
}

#[test]
fn nodes_are_shown_as_postgresql_prints_them() {
    let scan = table("Seq Scan", "orders", ", \"Filter\": \"(q.total > '5'::numeric)\"");
    let sort = plan(&node("Sort", &format!(", \"Sort Key\": [\"q.id\"], \"Plans\": [{scan}]")));
    let name = ("shop".to_owned(), "orders".to_owned());
    assert_eq!(
        sort.lines_of(&[&name]),
        ["Seq Scan on shop.orders (cost=0.00..12.50 rows=1000 width=60) Filter: (q.total > '5'::numeric)"]
    );
    assert_eq!(sort.sort().unwrap().line(), "Sort (cost=0.00..12.50 rows=1000 width=60) Sort Key: q.id");
    assert!(sort.lines_of(&[&("shop".to_owned(), "clients".to_owned())]).is_empty());
}

#[test]
fn joined_and_grouped_rows_are_computed() {
    let scan = table("Seq Scan", "orders", "");
    assert!(!plan(&scan).is_computed());
    assert!(!plan(&node("Append", &format!(", \"Plans\": [{scan}, {scan}]"))).is_computed());
    let grouped = node("Aggregate", &format!(", \"Plans\": [{scan}]"));
    assert!(plan(&grouped).is_computed());
    assert!(plan(&node("Subquery Scan", &format!(", \"Plans\": [{grouped}]"))).is_computed());
}
