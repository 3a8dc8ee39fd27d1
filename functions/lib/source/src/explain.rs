//! Parser of the output of `EXPLAIN (FORMAT JSON, VERBOSE)`: estimates, and the access path to each relation. Pure.

use serde::Deserialize;

/// A node of a plan, with the nodes below it. The root represents the whole plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlanNode {
    #[serde(rename = "Node Type")]
    kind: String,
    schema: Option<String>,
    #[serde(rename = "Relation Name")]
    relation: Option<String>,
    #[serde(rename = "Index Name")]
    index: Option<String>,
    #[serde(rename = "Startup Cost")]
    startup: f64,
    #[serde(rename = "Total Cost")]
    /// Estimated total cost, in the planner's units.
    pub cost: f64,
    #[serde(rename = "Plan Rows")]
    /// Estimated rows.
    pub rows: f64,
    #[serde(rename = "Plan Width")]
    width: f64,
    #[serde(rename = "Index Cond")]
    index_cond: Option<String>,
    #[serde(rename = "Recheck Cond")]
    recheck_cond: Option<String>,
    #[serde(rename = "Remote SQL")]
    remote_sql: Option<String>,
    filter: Option<String>,
    #[serde(rename = "Sort Key", default)]
    sort_key: Vec<String>,
    #[serde(default)]
    plans: Vec<PlanNode>,
}

/// Access to one relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Schema and name.
    pub relation: (String, String),
    /// Access path.
    pub way: Way,
    /// True if the condition on the range is tested row by row.
    pub filtered: bool,
}

/// Access path to a relation's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Index access by the range.
    Range,
    /// Index access by another condition, such as the key of a join.
    Lookup,
    /// Read of all rows.
    Whole,
}

/// Form of the condition on the range in a plan. The bounds are more reliable than the column's name, which a view or
/// query may have changed.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Name of the column.
    pub column: String,
    /// Prefixes of the bounds' literals, such as `'2024-01-31`.
    pub bounds: Vec<String>,
}

impl PlanNode {
    /// Parses the output; `None` if it has another form.
    pub fn parse(json: &str) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct ExplainRow {
            plan: PlanNode,
        }
        let answers: Vec<ExplainRow> = serde_json::from_str(json).ok()?;
        answers.into_iter().next().map(|answer| answer.plan)
    }

    /// Returns rows and bytes of binary COPY: per row the planner's width, a length per column and two bytes.
    pub fn size(&self, columns: usize) -> export::estimate::Size {
        let width = self.width + 4.0 * columns as f64 + 2.0;
        export::estimate::Size { rows: self.rows as u64, bytes: (self.rows * width) as u64 }
    }

    /// Returns the kinds of all nodes.
    pub fn kinds(&self) -> Vec<&str> {
        let below = self.plans.iter().flat_map(Self::kinds);
        std::iter::once(self.kind.as_str()).chain(below).collect()
    }

    /// Returns all relations that are read, in the order of the plan.
    pub fn scans(&self, mark: Option<&Mark>) -> Vec<Scan> {
        let mut scans = Vec::new();
        self.collect(mark, &mut scans);
        scans
    }

    /// Reports whether rows are joined, grouped or computed, instead of only found. The planner then guesses their
    /// number.
    pub fn is_computed(&self) -> bool {
        let found = self.relation.is_some()
            || self.kind.starts_with("Bitmap")
            || matches!(
                self.kind.as_str(),
                "Append"
                    | "Merge Append"
                    | "Gather"
                    | "Gather Merge"
                    | "Sort"
                    | "Subquery Scan"
                    | "Result"
                    | "Limit"
            );
        !found || self.plans.iter().any(Self::is_computed)
    }

    /// Returns the first node that sorts.
    pub fn sort(&self) -> Option<&Self> {
        let here = matches!(self.kind.as_str(), "Sort" | "Incremental Sort");
        if here { Some(self) } else { self.plans.iter().find_map(Self::sort) }
    }

    /// Returns the nodes that read one of `relations`, as PostgreSQL would print them: the first three.
    pub fn lines_of(&self, relations: &[&(String, String)]) -> Vec<String> {
        let mut lines = Vec::new();
        self.collect_lines(relations, &mut lines);
        lines.truncate(3);
        lines
    }

    fn collect_lines(&self, relations: &[&(String, String)], lines: &mut Vec<String>) {
        let reads = |(schema, name): &(String, String)| {
            self.relation.as_ref() == Some(name) && self.schema.as_ref() == Some(schema)
        };
        if relations.iter().any(|name| reads(name)) {
            lines.push(self.line());
        }
        self.plans.iter().for_each(|plan| plan.collect_lines(relations, lines));
    }

    /// Returns the node in one line, where PostgreSQL would print it in several.
    pub fn line(&self) -> String {
        let mut line = self.kind.clone();
        let mut add = |word: &str, text: Option<String>| {
            if let Some(text) = text {
                line.push_str(&format!(" {word} {text}"));
            }
        };
        add("using", self.index.clone());
        let relation = self.relation.as_ref().map(|name| match &self.schema {
            Some(schema) => format!("{schema}.{name}"),
            None => name.clone(),
        });
        add("on", relation);
        let Self { startup, cost, rows, width, .. } = self;
        line.push_str(&format!(" (cost={startup:.2}..{cost:.2} rows={rows} width={width})"));
        let keys = (!self.sort_key.is_empty()).then(|| self.sort_key.join(", "));
        for (word, text) in [
            ("Sort Key", keys.as_ref()),
            ("Index Cond", self.index_cond.as_ref()),
            ("Filter", self.filter.as_ref()),
        ] {
            if let Some(text) = text {
                line.push_str(&format!(" {word}: {text}"));
            }
        }
        line
    }

    fn collect(&self, mark: Option<&Mark>, scans: &mut Vec<Scan>) {
        let marked =
            |text: &Option<String>| mark.zip(text.as_deref()).is_some_and(|(mark, text)| mark.is_in(text));
        if let Some(name) = &self.relation {
            let by_index = [&self.index_cond, &self.recheck_cond, &self.remote_sql];
            // The bitmap's own scans are below and name no relation.
            let way = if by_index.iter().any(|cond| marked(cond))
                || self.bitmaps().any(|b| marked(&b.index_cond))
            {
                Way::Range
            } else if by_index[..2].iter().any(|cond| cond.is_some()) || self.kind.starts_with("Tid") {
                Way::Lookup
            } else {
                Way::Whole
            };
            let relation = (self.schema.clone().unwrap_or_default(), name.clone());
            scans.push(Scan { relation, way, filtered: marked(&self.filter) });
        }
        for plan in &self.plans {
            plan.collect(mark, scans);
        }
    }

    fn bitmaps(&self) -> Box<dyn Iterator<Item = &PlanNode> + '_> {
        let below = self.plans.iter().filter(|plan| plan.kind.starts_with("Bitmap"));
        Box::new(below.flat_map(|plan| std::iter::once(plan).chain(plan.bitmaps())))
    }
}

impl Mark {
    fn is_in(&self, condition: &str) -> bool {
        let by_name = || {
            // Together with a constant; the condition of a join has none.
            let word = |c: char| !c.is_alphanumeric() && c != '_';
            condition.contains('\'')
                && (condition.split(word).any(|w| w == self.column)
                    || condition.contains(&format!("\"{}\"", self.column)))
        };
        self.bounds.iter().any(|bound| condition.contains(bound.as_str())) || by_name()
    }
}

#[cfg(test)]
mod tests;
