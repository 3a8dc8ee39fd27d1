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
    Bootstrap,
}

impl Function {
    /// Returns its name on the command line and in `stack.json`.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Parses `Parameter=Value`.
pub(crate) fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("use Parameter=Value")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_may_hold_an_equals_sign() {
        assert_eq!(parameter("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(parameter("A").is_err());
    }
}
