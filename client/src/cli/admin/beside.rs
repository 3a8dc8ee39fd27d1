//! Destinations in a file beside the catalog, which `catalog apply` applies with it.

use serde_json::Value;

use super::Admin;

/// Name of the file.
const DESTINATIONS: &str = "destinations.toml";

impl Admin {
    /// Adds the destinations in the file beside the catalog that is applied, if there is one.
    pub(super) fn add_destinations(&self, event: &mut Value) -> Result<(), String> {
        let argument = match self.words.get(..2).unwrap_or_default() {
            [catalog, apply] if catalog == "catalog" && apply == "apply" => self.words.get(2),
            _ => return Ok(()),
        };
        let file = self.catalog_file(argument.map(String::as_str))?.with_file_name(DESTINATIONS);
        match std::fs::read_to_string(&file) {
            Ok(text) => event["destinations"] = text.into(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{}: {error}", file.display())),
        }
        Ok(())
    }
}
