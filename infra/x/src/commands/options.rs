//! Options that several commands have.

use clap::{Args, ValueEnum};

use crate::stack::state::DEFAULT_NAME;

/// Name option of a stack.
#[derive(Args, Clone)]
pub(crate) struct Named {
    /// Name of the stack; several can run at the same time.
    #[arg(long, default_value = DEFAULT_NAME)]
    pub(crate) name: String,
}

/// Functions of the template.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Function {
    Api,
    Worker,
    Sweeper,
    Admin,
}

impl Function {
    /// Returns its name on the command line and in `stack.json`.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
