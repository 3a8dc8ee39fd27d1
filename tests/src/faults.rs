//! The stack's folder of injected faults. The functions read the faults from it.

use std::path::PathBuf;

use anyhow::Result;
use ports::fault::{FaultPlan, PLAN, Point};

use crate::System;

/// The folder that the local stack names in `SLUICE_FAULTS`.
#[derive(Clone, Debug)]
pub struct FaultFolder {
    path: PathBuf,
}

impl System {
    /// Returns the folder in which faults are requested.
    pub fn faults(&self) -> FaultFolder {
        FaultFolder { path: self.stack.work_dir.join("faults") }
    }
}

impl FaultFolder {
    /// Makes the functions fail as planned from now on. Running processes read the plan within a fraction of a second.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn plan(&self, plan: &FaultPlan) -> Result<()> {
        let new = self.path.join("plan.new");
        std::fs::write(&new, serde_json::to_vec(plan)?)?;
        Ok(std::fs::rename(new, self.path.join(PLAN))?)
    }

    /// Makes one process die at this point.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn arm(&self, point: Point) -> Result<()> {
        Ok(std::fs::write(self.path.join(point.file()), "")?)
    }

    /// Returns true if no process has died at this point yet.
    pub fn is_armed(&self, point: Point) -> bool {
        self.path.join(point.file()).exists()
    }

    /// Removes all faults.
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
