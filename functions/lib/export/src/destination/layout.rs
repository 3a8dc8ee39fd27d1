//! Layout of delivered files below the prefix of a destination.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Destination, MANIFEST_NAME};
use crate::id::ExportId;

/// Layout of the files of exports below the prefix of a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DestinationLayout {
    /// A folder for each export, with its files and its manifest.
    #[default]
    Flat,
    /// A folder for each dataset with a partition `export=ID` for each export, as query engines read tables. Manifests are
    /// in the folder `_manifests`, which they skip.
    Hive,
    /// A folder for the files of each export, and one manifest that the next export replaces.
    Current,
}

/// Folder of the files of each dataset, relative to the folder of the manifest. The path of a file is its folder followed by
/// its name, without the name of the dataset and a slash if it begins with these.
pub type DeliveredFolders = BTreeMap<String, String>;

impl DestinationLayout {
    /// Every layout.
    pub const ALL: [Self; 3] = [Self::Flat, Self::Hive, Self::Current];

    /// Returns the word in a definition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Hive => "hive",
            Self::Current => "current",
        }
    }

    /// Returns the key of the manifest of an export below the prefix.
    fn manifest(self, export: ExportId) -> String {
        match self {
            Self::Flat => format!("{export}/{MANIFEST_NAME}"),
            Self::Hive => format!("_manifests/{export}.json"),
            Self::Current => MANIFEST_NAME.to_owned(),
        }
    }

    /// Returns the folder of the files of a dataset, with a slash at its end, below the prefix.
    fn folder(self, export: ExportId, dataset: &str) -> String {
        match self {
            Self::Flat => format!("{export}/"),
            Self::Hive => format!("{dataset}/export={export}/"),
            Self::Current => format!("files/{export}/"),
        }
    }

    /// Returns the folder of the files of a dataset, relative to that of the manifest.
    fn relative_folder(self, export: ExportId, dataset: &str) -> String {
        match self {
            Self::Flat => String::new(),
            Self::Hive => format!("../{}", self.folder(export, dataset)),
            Self::Current => self.folder(export, dataset),
        }
    }

    /// Returns the name of a file within its folder. A folder of the dataset within a folder of it would be one too many.
    fn name(self, dataset: &str, name: &str) -> String {
        let inner = name.strip_prefix(dataset).and_then(|rest| rest.strip_prefix('/'));
        match self {
            Self::Hive => inner.unwrap_or(name).to_owned(),
            Self::Flat | Self::Current => name.to_owned(),
        }
    }
}

impl Destination {
    /// Returns the key of a file of an export.
    pub fn file_key(&self, export: ExportId, dataset: &str, name: &str) -> String {
        let (folder, name) = (self.layout.folder(export, dataset), self.layout.name(dataset, name));
        self.below(&format!("{folder}{name}"))
    }

    /// Returns the key of the manifest of an export.
    pub fn manifest_key(&self, export: ExportId) -> String {
        self.below(&self.layout.manifest(export))
    }

    /// Returns the folders of the files of datasets for the manifest.
    pub fn folders<'a>(
        &self,
        export: ExportId,
        datasets: impl IntoIterator<Item = &'a str>,
    ) -> DeliveredFolders {
        let of = |dataset: &str| (dataset.to_owned(), self.layout.relative_folder(export, dataset));
        datasets.into_iter().map(of).collect()
    }

    /// Returns true if the manifest of an export replaces that of the one before.
    pub fn is_replaced(&self) -> bool {
        self.layout == DestinationLayout::Current
    }

    /// Returns a key below the prefix.
    pub fn below(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["orders.20240101-20240201.csv.gz", "orders/month=2024-01/part.parquet"];

    fn keys(layout: DestinationLayout) -> Vec<String> {
        let destination = Destination { prefix: "in/sluice".into(), layout, ..Destination::default() };
        let export = ExportId::from_random([0; 16]);
        let text = export.to_string();
        let mut keys: Vec<_> =
            NAMES.iter().map(|name| destination.file_key(export, "orders", name)).collect();
        keys.push(destination.manifest_key(export));
        keys.extend(destination.folders(export, ["orders"]).into_values());
        keys.into_iter().map(|key| key.replace(&text, "ID")).collect()
    }

    #[test]
    fn layouts_place_files_and_manifest() {
        assert_eq!(
            keys(DestinationLayout::Flat),
            [
                "in/sluice/ID/orders.20240101-20240201.csv.gz",
                "in/sluice/ID/orders/month=2024-01/part.parquet",
                "in/sluice/ID/manifest.json",
                ""
            ]
        );
        assert_eq!(
            keys(DestinationLayout::Hive),
            [
                "in/sluice/orders/export=ID/orders.20240101-20240201.csv.gz",
                "in/sluice/orders/export=ID/month=2024-01/part.parquet",
                "in/sluice/_manifests/ID.json",
                "../orders/export=ID/"
            ]
        );
        assert_eq!(
            keys(DestinationLayout::Current),
            [
                "in/sluice/files/ID/orders.20240101-20240201.csv.gz",
                "in/sluice/files/ID/orders/month=2024-01/part.parquet",
                "in/sluice/manifest.json",
                "files/ID/"
            ]
        );
    }
}
