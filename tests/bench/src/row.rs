//! One figure as a line of the table.

/// A line of the table that `scripts/bench` prints.
pub(crate) struct Row {
    /// The figure's number among the goals.
    pub(crate) number: u8,
    /// What is measured.
    pub(crate) figure: &'static str,
    /// What it shall be.
    pub(crate) goal: &'static str,
    /// What it is, with its unit.
    pub(crate) ours: String,
    /// Whether that meets the goal; nothing where it was not measured.
    pub(crate) met: Option<bool>,
    /// What others take, measured in the same run.
    pub(crate) others: String,
}

impl Row {
    /// Prints it.
    pub(crate) fn print(&self) {
        let verdict = match self.met {
            Some(true) => "met: ",
            Some(false) => "missed: ",
            None => "",
        };
        println!("{}\t{}\t{}\t{verdict}{}\t{}", self.number, self.figure, self.goal, self.ours, self.others);
    }
}
