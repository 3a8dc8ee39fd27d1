//! Processor that a built function is for, from the header of its executable.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Architecture;

/// Number of bytes of the header up to the end of the field `e_machine`.
const HEADER_BYTES: usize = 20;

/// Fails unless every `bootstrap` in a folder of functions is for this processor.
pub(crate) fn require(functions: &Path, wanted: Architecture) -> Result<()> {
    for entry in fs::read_dir(functions).with_context(|| format!("cannot read {}", functions.display()))? {
        let path = entry?.path().join("bootstrap");
        if !path.is_file() {
            continue;
        }
        match of_file(&path)? {
            Some(found) if found == wanted => {}
            found => bail!(
                "{} is built for {}, and cannot start with the parameter Architecture={}; build it again, or change \
                 Architecture",
                path.display(),
                found.map_or("another system", Architecture::name),
                wanted.name()
            ),
        }
    }
    Ok(())
}

fn of_file(path: &Path) -> Result<Option<Architecture>> {
    let mut header = [0; HEADER_BYTES];
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(file.read_exact(&mut header).ok().and_then(|()| of_header(&header)))
}

/// Returns the processor in the header of a little-endian ELF file with 64 bits.
fn of_header(header: &[u8; HEADER_BYTES]) -> Option<Architecture> {
    if header[..6] != *b"\x7fELF\x02\x01" {
        return None;
    }
    match u16::from_le_bytes([header[18], header[19]]) {
        0x3e => Some(Architecture::X86_64),
        0xb7 => Some(Architecture::Arm64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(machine: u16) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        header[18..].copy_from_slice(&machine.to_le_bytes());
        header
    }

    #[test]
    fn the_processor_is_read_from_the_header() {
        assert_eq!(of_header(&header(0x3e)), Some(Architecture::X86_64));
        assert_eq!(of_header(&header(0xb7)), Some(Architecture::Arm64));
        assert_eq!(of_header(&header(0x28)), None, "32 bits");
        assert_eq!(of_header(b"#!/bin/sh\necho hello"), None);
    }

    #[test]
    fn functions_for_another_processor_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let function = home.path().join("ApiFunction");
        fs::create_dir(&function).unwrap();
        fs::write(home.path().join("template.yaml"), "Resources: {}").unwrap();
        fs::write(function.join("bootstrap"), header(0xb7)).unwrap();
        require(home.path(), Architecture::Arm64).unwrap();
        let error = require(home.path(), Architecture::X86_64).unwrap_err().to_string();
        assert!(
            error.contains("is built for arm64, and cannot start with the parameter Architecture=x86_64"),
            "{error}"
        );
        fs::write(function.join("bootstrap"), "#!/bin/sh").unwrap();
        assert!(require(home.path(), Architecture::Arm64).is_err());
    }
}
