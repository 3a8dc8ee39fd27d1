//! The place of the files in the copy of a manifest at a destination.

use serde::{Deserialize, Serialize};

use crate::destination::{DeliveredFolders, DestinationLayout};

/// Place of the files at a destination. Every file is there before the manifest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// Name of the destination.
    pub destination: String,
    /// Layout of the files.
    pub layout: DestinationLayout,
    /// Folder of each dataset, relative to that of the manifest. The path of a file is its folder followed by its name; in
    /// the layout `hive` without the name of the dataset and a slash, if it begins with these.
    pub folders: DeliveredFolders,
}
