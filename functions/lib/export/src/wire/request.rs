//! The request of a client. The api reads requests more leniently than this, so that it can list every violation at
//! once; this is the form that clients write.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cut::Consistency;
use crate::format::{Compression, CsvOptions, Format};
use crate::layout::Hive;

/// Body of `POST /exports`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportRequest {
    /// Datasets to export.
    pub datasets: Datasets,
    /// First day (`2023-08-31`) or first instant (RFC 3339); absent: everything up to the end, `-infinity` and years
    /// before 1 included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// Last day, inclusive, or the first instant after the range (RFC 3339); absent: everything from the start on,
    /// `infinity` and years after 9999 included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    /// IANA name of the zone in which dates are days; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Format in which rows are written; CSV when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Compression of files; gzip when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Options of CSV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<CsvOptions>,
    /// Layout of the files; all in one folder when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// Consistency of the files with each other: `file`, when absent, or `snapshot`, so that all files show the same
    /// instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<Consistency>,
    /// Name of the destination to which the files are copied after the export has succeeded; `GET /destinations` lists
    /// those that the tenant may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Name of the export for people, by which lists can be filtered; 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Labels, by which lists can be filtered: at most 20 names with their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// Layout of the files of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Layout {
    /// A layout by its name.
    Named(LayoutName),
    /// Folders of partitions: `orders/month=2024-03/part-….parquet`.
    Partitioned(Partitioned),
}

/// Name of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LayoutName {
    /// All files in one folder.
    Flat,
    /// Folders of partitions, one for each month.
    Hive,
}

/// Layout in folders of partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Partitioned {
    /// Period of a partition: `day`, `month` or `year` of the range column.
    #[cfg_attr(test, schemars(with = "super::schema::Period"))]
    pub hive: Hive,
}

/// `"*"`, or a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Datasets {
    /// All datasets the client may see.
    All(All),
    /// The listed datasets.
    List(Vec<DatasetChoice>),
}

/// The word `"*"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum All {
    /// `"*"`
    #[serde(rename = "*")]
    Star,
}

/// One dataset of a request: its name, or its name with choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum DatasetChoice {
    /// The whole dataset.
    Name(String),
    /// Some columns or some rows of it.
    Detailed(DatasetRequest),
}

/// Some columns or some rows of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetRequest {
    /// Name of the dataset.
    pub name: String,
    /// Columns, in the order of the file; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Filters by column: a scalar (equal), a list (any of), `null`, or an object of `eq ne gt gte lt lte notIn isNull
    /// startsWith`. All of them must hold.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, super::schema::Filter>"))]
    pub filters: BTreeMap<String, Value>,
    /// Objects like `filters`, at most 50, of which at least one must hold as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<BTreeMap<String, super::schema::Filter>>"))]
    pub or: Vec<BTreeMap<String, Value>>,
    /// Number of rows of a sample, 1 to 100000: the first rows of the range. A sample is one file and is never reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_of_the_contract_is_read_and_written() {
        let json = serde_json::json!({
            "datasets": ["orders", {"name": "customers", "columns": ["id", "email"],
                "filters": {"country": ["NL", "DE"], "total": {"gte": 10}}, "limit": 100}],
            "startDate": "2023-08-31", "endDate": "2024-08-04", "timeZone": "UTC",
            "format": "csv", "compression": "gzip",
            "csv": {"delimiter": ",", "null": "", "header": true, "formulaGuard": false}, "layout": {"hive": "day"},
            "consistency": "snapshot", "destination": "acme-lake"
        });
        let request: ExportRequest = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&request).unwrap(), json);
    }

    #[test]
    fn star_selects_all_datasets() {
        let request: ExportRequest = serde_json::from_str(r#"{"datasets":"*"}"#).unwrap();
        assert_eq!(request.datasets, Datasets::All(All::Star));
        assert_eq!(serde_json::to_string(&request).unwrap(), r#"{"datasets":"*"}"#);
    }

    #[test]
    fn unknown_fields_are_refused() {
        for bad in [r#"{"datasets":"*","from":"2024"}"#, r#"{"datasets":[{"name":"a","filter":{}}]}"#] {
            assert!(serde_json::from_str::<ExportRequest>(bad).is_err(), "{bad}");
        }
    }
}
