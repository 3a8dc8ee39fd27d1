//! Whether a database answers at all: who waits for a session of one that does not, waits for nothing.

use ports::reach::Unreached;
use ports::telemetry::chain;

use super::report::Report;

/// Notes what is wrong, if anything; answers whether to go on.
pub(super) fn look(what: &'static str, reached: Result<(), Unreached>, report: &mut Report) -> bool {
    let Err(error) = reached else { return true };
    let remedy = match error {
        Unreached::Silent(_) => {
            "let the functions' security group into the database's (or the proxy's), and look whether their subnets lead there"
        }
        Unreached::Failed(..) => {
            "check host, port and sslmode of the URL; with verify-full, that the server's certificate names that host and its authority is known (sslrootcert)"
        }
    };
    report.wrong(what, chain(&error), remedy);
    false
}
