//! Checks that the server responds, before any check that waits for a session.

use ports::postgres::ping::Unreached;
use ports::telemetry::chain;

use super::report::Report;

/// Reports an unreachable server. Returns true if the checks should continue.
pub(super) fn look(what: &'static str, reached: Result<(), Unreached>, report: &mut Report) -> bool {
    let Err(error) = reached else { return true };
    let remedy = match error {
        Unreached::Silent(_) => {
            "allow the functions' security group in that of the database (or proxy), and check the routes of their subnets"
        }
        Unreached::Failed(..) => {
            "check host, port and sslmode of the URL; with verify-full, that the server's certificate names that host and its authority is trusted (sslrootcert)"
        }
    };
    report.wrong(what, chain(&error), remedy);
    false
}
