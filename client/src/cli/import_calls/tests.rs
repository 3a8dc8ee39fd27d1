//! Calls of older APIs and the request that replaces them.

use super::*;

fn list() -> DatasetList {
    let column = |name: &str, type_name: &str| json!({"name": name, "type": type_name});
    let dataset = |name: &str, range: bool| {
        let mut dataset = json!({
            "name": name, "shared": true, "ordered": false,
            "columns": [column("id", "bigint"), column("country", "text"), column("total", "numeric")],
            "filters": [column("country", "text"), column("paid", "boolean"), column("id", "bigint")],
        });
        if range {
            dataset["range"] = json!({"column": "created_at", "type": "date", "timeZone": "UTC"});
        }
        dataset
    };
    let datasets = [dataset("orders", true), dataset("order_lines", true), dataset("countries", false)];
    serde_json::from_value(json!({"revision": "r", "datasets": datasets})).unwrap()
}

fn run(text: &str) -> Value {
    propose(text, &list()).unwrap().data().clone()
}

#[test]
fn calls_of_many_endpoints_become_one_request() {
    let proposed = run(
        "https://a.example/v1/orders?from=2024-01-01&to=2024-01-31&page=1&country=NL&fields=id,total\n\
                        https://a.example/v1/orders?from=2024-02-01&to=2024-02-29&country=DE&fields=id,country\n\
                        /v1/order-lines.json?month=2024-02&api_key=secret\n\
                        curl 'https://a.example/v1/Country?date=2024-02-29'\n",
    );
    let expected = json!({
        "datasets": [
            "countries", "order_lines",
            {"name": "orders", "columns": ["id", "total", "country"], "filters": {"country": ["DE", "NL"]}},
        ],
        "startDate": "2024-01-01", "endDate": "2024-02-29",
    });
    assert_eq!(proposed["request"], expected);
    assert_eq!(
        proposed["notes"],
        json!([
            "countries: it has no range column, so it is exported whole",
            "order_lines: its calls cover fewer days than the request",
        ])
    );
    assert_eq!((proposed["calls"].as_u64(), proposed["placed"].as_u64()), (Some(4), Some(4)));
    assert!(!proposed.to_string().contains("secret"));
}

#[test]
fn calls_without_a_place_have_a_reason() {
    let proposed = run(
        "/v1/orders/42?status=open\n/v1/ordrs?token=secret\n/v1/users\n/orders?from=yesterday\n\
                        /orders?year=2024&month=13\n/orders?from=2024-02-01&to=2024-01-01\ncurl -X POST /orders\n",
    );
    let reasons: Vec<_> = proposed["unplaced"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["reason"].as_str().unwrap())
        .collect();
    assert_eq!(
        reasons,
        [
            "no part of its path is a dataset; did you mean orders?",
            "no part of its path is a dataset",
            "from=yesterday is not a date",
            "2024-13 is not a month",
            "it ends (2024-01-01) before it starts (2024-02-01)",
            "it is a POST, which does not only read; only GET is replaced",
        ]
    );
    assert_eq!(
        proposed["notes"],
        json!([
            "orders: the parameter status is not a filter",
            "orders: the path continues with 42; all rows are exported",
        ])
    );
    assert!(!proposed.to_string().contains("secret"));
    assert_eq!(
        propose("/users\n", &list()).err().unwrap().to_string().lines().next(),
        Some("FILE: none of its 1 call could be placed")
    );
}

#[test]
fn request_never_filters_more_than_the_calls() {
    let proposed =
        run("/orders?country=NL&from=2024-01-01\n/orders?fields=id\n/customers/7/orders?table=orders\n");
    assert_eq!(proposed["request"], json!({"datasets": ["orders"], "startDate": "2024-01-01"}));
    let notes = proposed["notes"].to_string();
    for part in ["some of its calls have no start date", "only some of its calls filter by country"] {
        assert!(notes.contains(part), "{part:?} is not in {notes}");
    }
}

#[test]
fn separate_parameters_for_year_and_month_are_one_month() {
    let request =
        run("/orders?year=2024&month=2\n/order_lines/2024-02-29\n/api?table=orders&year=2023\n")["request"]
            .clone();
    assert_eq!((&request["startDate"], &request["endDate"]), (&json!("2023-01-01"), &json!("2024-02-29")));
}

#[test]
fn filters_have_the_type_of_their_column() {
    let request = run("curl -G https://a/orders -d paid=1 -d id=7,8 --data-urlencode 'country=N L'\n/orders?paid=true&id=9&country=5\n")["request"].clone();
    assert_eq!(
        request["datasets"][0]["filters"],
        serde_json::json!({"paid": true, "id": [7, 8, 9], "country": ["5", "N L"]})
    );
    let proposed = run("/orders?paid=maybe&id=x\n/orders?paid=false&id=1");
    assert_eq!(proposed["request"]["datasets"], serde_json::json!(["orders"]), "more rows, not fewer");
    assert!(
        proposed["notes"].to_string().contains("paid=maybe is not a value of its type, boolean"),
        "{proposed}"
    );
}

#[test]
fn limit_without_pages_is_noted() {
    let notes = run("/orders?limit=50\n")["notes"].to_string();
    assert!(notes.contains("limit=50 is left out, so all rows are exported"), "{notes}");
    for paged in ["/orders?limit=50&offset=50", "/orders?limit=50&page=1\n/orders?limit=50&page=2"] {
        assert_eq!(run(paged)["notes"], serde_json::json!([]), "{paged}");
    }
}

#[test]
fn values_that_a_script_computes_are_explained() {
    let proposed = run(
        "curl \"$API/orders?country=$C\"\ncurl \"$API/orders?from=$FROM\"\ncurl -G $API/orders -d @days\n",
    );
    assert!(
        proposed["unplaced"][0]["reason"].as_str().unwrap().contains("depends on the script"),
        "{proposed}"
    );
    for note in ["country=$C depends on the script", "the file days is not read"] {
        assert!(proposed["notes"].to_string().contains(note), "{proposed}");
    }
}

#[test]
fn schema_and_table_in_a_path_are_one_dataset() {
    let mut list = list();
    list.datasets[1].name = "crm_orders".into();
    let datasets = |url: &str| propose(url, &list).unwrap().data()["request"]["datasets"].clone();
    assert_eq!(datasets("https://a.example/crm/orders?from=2024-01-01"), json!(["crm_orders"]));
    assert_eq!(datasets("https://a.example/sales/orders?from=2024-01-01"), json!(["orders"]));
}
