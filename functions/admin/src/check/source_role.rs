//! Check that the source role can only read. It limits the damage if its password leaks.

use source::{Inspector, Rights, SourceError};

use super::report::CheckReport;

/// Warns about every right that reading does not need.
pub(super) async fn look(inspector: &mut Inspector, report: &mut CheckReport) -> Result<(), SourceError> {
    judge(&inspector.rights().await?, report);
    Ok(())
}

fn judge(rights: &Rights, report: &mut CheckReport) {
    let role = &rights.role;
    let before = report.warnings();
    if rights.superuser {
        report.warn("source", format!("{role} is a superuser"), "use a role created by admin migrate");
    }
    if rights.bypass_rls {
        let remedy = "run `alter role … nobypassrls`, unless the role must bypass policies";
        report.warn(
            "source",
            format!("{role} has BYPASSRLS: row-level security does not apply to it"),
            remedy,
        );
    }
    if !rights.attributes.is_empty() {
        let text = format!("{role} has {}", rights.attributes.join(", "));
        report.warn("source", text, "revoke them; reading does not require them");
    }
    if !rights.owned.is_empty() {
        let text = format!("{role} owns {}: an owner has all rights on them", shown(&rights.owned));
        report.warn("source", text, "transfer them to another role");
    }
    if !rights.writable.is_empty() {
        let text = format!("{role} may write to {}", shown(&rights.writable));
        report.warn("source", text, "revoke insert, update, delete and truncate; it only needs select");
    }
    if !rights.creates_in.is_empty() {
        let text = format!("{role} may create objects in schema {}", shown(&rights.creates_in));
        report.warn("source", text, "revoke create on schema … from public, or from the role");
    }
    if report.warnings() == before {
        report.fine("source", format!("{role} can only read"));
    }
}

/// Formats a few names and the number of the others.
fn shown(names: &[String]) -> String {
    const FEW: usize = 5;
    let more = if names.len() > FEW { format!(" and {} more", names.len() - FEW) } else { String::new() };
    format!("{}{more}", names.iter().take(FEW).cloned().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(rights: &Rights) -> (usize, String) {
        let mut report = CheckReport::default();
        judge(rights, &mut report);
        assert!(report.is_fine(), "a warning fails nothing");
        (report.warnings(), report.text())
    }

    #[test]
    fn read_only_role_passes() {
        let rights = Rights { role: "sluice_source".into(), ..Rights::default() };
        assert_eq!(judged(&rights), (0, "ok     source: sluice_source can only read".into()));
    }

    #[test]
    fn every_excess_right_is_reported() {
        let rights = Rights {
            role: "r".into(),
            superuser: true,
            bypass_rls: true,
            attributes: vec!["CREATEROLE".into()],
            owned: vec!["shop.a".into()],
            writable: (0..7).map(|i| format!("shop.t{i}")).collect(),
            creates_in: vec!["public".into()],
        };
        let (warnings, text) = judged(&rights);
        assert_eq!(warnings, 6, "{text}");
        assert!(text.contains("shop.t4 and 2 more") && text.contains("CREATEROLE"), "{text}");
    }
}
