//! The stack's folder of injected faults: what is written there, the functions do.

use std::path::PathBuf;

use anyhow::Result;
use ports::fault::{PLAN, Plan, Point};

use crate::System;

/// The folder that the local stack names in `SLUICE_FAULTS`.
#[derive(Clone, Debug)]
pub struct FaultFolder {
    path: PathBuf,
}

impl System {
    /// Where faults are asked for.
    pub fn faults(&self) -> FaultFolder {
        FaultFolder { path: self.stack.ground.join("faults") }
    }
}

impl FaultFolder {
    /// From now on the functions fail as planned; processes that run read it within a fraction of a second.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn plan(&self, plan: &Plan) -> Result<()> {
        let new = self.path.join("plan.new");
        std::fs::write(&new, serde_json::to_vec(plan)?)?;
        Ok(std::fs::rename(new, self.path.join(PLAN))?)
    }

    /// One process will die at this point.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn arm(&self, point: Point) -> Result<()> {
        Ok(std::fs::write(self.path.join(point.file()), "")?)
    }

    /// Whether nobody has died at this point yet.
    pub fn is_armed(&self, point: Point) -> bool {
        self.path.join(point.file()).exists()
    }

    /// Nothing fails any more.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn clear(&self) -> Result<()> {
        for entry in std::fs::read_dir(&self.path)? {
            // A process may just have taken it.
            let _ = std::fs::remove_file(entry?.path());
        }
        Ok(())
    }
}
