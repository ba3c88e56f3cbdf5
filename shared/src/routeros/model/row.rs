//! Rows, as a router shows them: names and values as text.
//!
//! A router may have ten thousand rows, all in memory at once when everything is compared. Rows that came together share
//! a block, in which each name stands once and all values one after the other: a few large pieces of memory that are
//! given back as a whole, where thousands of small ones would leave holes that nobody else can use.

use std::{collections::BTreeMap, fmt, sync::Arc};

/// One row. Cloning it copies nothing; the block lives as long as any of its rows.
#[derive(Clone, Default)]
pub struct Row {
    block: Arc<Block>,
    at: usize,
}

/// What rows that came together hold.
#[derive(Default)]
struct Block {
    /// Each once, one after the other, and where each ends.
    names: String,
    name_ends: Vec<u32>,
    values: String,
    /// Of all rows, one after the other; of each by name.
    cells: Vec<Cell>,
    /// Where the cells of each row end.
    ends: Vec<u32>,
}

/// One property.
#[derive(Clone, Copy)]
struct Cell {
    name: u16,
    /// Where its value ends; it begins where the one before ends.
    end: u32,
}

/// Rows that are put together into one block.
#[derive(Default)]
pub struct Rows {
    block: Block,
    /// Where each name stands: whoever answers with a new one for each property keeps nobody waiting.
    places: BTreeMap<Box<str>, u16>,
}

impl Rows {
    /// One more row, of these properties in any order; of one that is given twice the first counts.
    ///
    /// A block takes less than 4 GiB of values and some sixty thousand names, which no router's answer comes near: what is
    /// beyond is left out.
    pub fn push<N: AsRef<str>, V: AsRef<str>>(&mut self, values: impl IntoIterator<Item = (N, V)>) {
        // Rarely more; how many there are is not known before.
        let mut sorted: Vec<(N, V)> = Vec::with_capacity(16);
        sorted.extend(values);
        sorted.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        sorted.dedup_by(|(later, _), (first, _)| later.as_ref() == first.as_ref());
        // Rows of one answer mostly have the same names.
        let before = self.len().checked_sub(1).map_or(0, |last| self.block.cells(last).start);
        for (at, (own, value)) in sorted.iter().enumerate() {
            let like = self.block.cells.get(before + at).map(|cell| cell.name);
            let name = like.filter(|like| self.block.name(*like) == own.as_ref());
            let Some(name) = name.or_else(|| self.named(own.as_ref())) else { continue };
            let Ok(end) = u32::try_from(self.block.values.len() + value.as_ref().len()) else { continue };
            self.block.values.push_str(value.as_ref());
            self.block.cells.push(Cell { name, end });
        }
        self.block.ends.push(u32::try_from(self.block.cells.len()).unwrap_or(u32::MAX));
    }

    /// The place of a name, a new one where it has none.
    fn named(&mut self, name: &str) -> Option<u16> {
        if let Some(place) = self.places.get(name) {
            return Some(*place);
        }
        let block = &mut self.block;
        let place = u16::try_from(block.name_ends.len()).ok()?;
        let end = u32::try_from(block.names.len() + name.len()).ok()?;
        block.names.push_str(name);
        block.name_ends.push(end);
        self.places.insert(name.into(), place);
        Some(place)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.block.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.block.ends.is_empty()
    }

    /// Bytes of memory that they take, about.
    pub fn size(&self) -> usize {
        self.block.values.len()
            + self.block.names.len()
            + self.block.cells.len() * size_of::<Cell>()
            + self.block.ends.len() * (size_of::<u32>() + size_of::<Row>())
    }

    /// The rows, in the order in which they came.
    pub fn finish(mut self) -> Vec<Row> {
        self.block.values.shrink_to_fit();
        self.block.cells.shrink_to_fit();
        let (count, block) = (self.len(), Arc::new(self.block));
        (0..count).map(|at| Row { block: block.clone(), at }).collect()
    }
}

impl Block {
    /// The places of a row's cells.
    fn cells(&self, row: usize) -> std::ops::Range<usize> {
        let end = |row: usize| self.ends.get(row).map_or(0, |end| *end as usize);
        row.checked_sub(1).map_or(0, end)..end(row)
    }

    fn name(&self, name: u16) -> &str {
        let end = |name: u16| self.name_ends.get(usize::from(name)).map_or(0, |end| *end as usize);
        self.names.get(name.checked_sub(1).map_or(0, end)..end(name)).unwrap_or_default()
    }

    fn value(&self, cell: usize) -> &str {
        let end = |cell: usize| self.cells.get(cell).map_or(0, |cell| cell.end as usize);
        self.values.get(cell.checked_sub(1).map_or(0, end)..end(cell)).unwrap_or_default()
    }
}

impl Row {
    /// A row of these properties, in any order; of one that is given twice the first counts.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut rows = Rows::default();
        rows.push(values);
        Self { block: Arc::new(rows.block), at: 0 }
    }

    /// Names and values, by name.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        let block = &*self.block;
        let named = |at: usize| block.cells.get(at).map(|cell| (block.name(cell.name), block.value(at)));
        block.cells(self.at).filter_map(named)
    }

    /// A property's value; RouterOS leaves out what is empty, so absent and empty are the same here.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// A property's value where it is there; a presence flag like `blackhole` is there without one.
    pub fn find(&self, name: &str) -> Option<&str> {
        let block = &*self.block;
        let is_it = |at: &usize| block.cells.get(*at).is_some_and(|cell| block.name(cell.name) == name);
        block.cells(self.at).find(is_it).map(|at| block.value(at))
    }

    /// Whether a flag is set.
    pub fn is(&self, flag: &str) -> bool {
        matches!(self.get(flag), "true" | "yes")
    }

    /// Its id, valid until the next reboot.
    pub fn id(&self) -> &str {
        self.get(".id")
    }

    /// The same row with these properties as they are now.
    #[must_use]
    pub fn with<const N: usize>(&self, now: [(&str, &str); N]) -> Self {
        Self::new(now.into_iter().chain(self.properties()))
    }

    /// Sets a property.
    pub fn set(&mut self, name: &str, value: &str) {
        *self = self.with([(name, value)]);
    }

    /// Takes a property out.
    pub fn unset(&mut self, name: &str) {
        *self = Self::new(self.properties().filter(|(other, _)| *other != name));
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.properties().eq(other.properties())
    }
}

impl Eq for Row {}

impl fmt::Debug for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.properties()).finish()
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} rows", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_properties_in_whatever_order_they_came() {
        let row = Row::new([("name", "ether1"), (".id", "*1"), ("comment", "")]);
        assert_eq!(row, Row::new([(".id", "*1"), ("comment", ""), ("name", "ether1")]));
        assert_eq!(["name", ".id", "comment", "nam", "*1"].map(|name| row.get(name)), ["ether1", "*1", "", "", ""]);
        // The same letters, cut elsewhere, are another row.
        assert_ne!(Row::new([("ab", "c")]), Row::new([("a", "bc")]));
        assert_eq!(Row::default().get("name"), "");
        assert_eq!((row.find("comment"), row.find("blackhole")), (Some(""), None));
    }

    #[test]
    fn of_a_property_that_is_given_twice_the_first_counts() {
        let row = Row::new([("name", "a"), ("mtu", "1500"), ("name", "b")]);
        assert_eq!(row, Row::new([("mtu", "1500"), ("name", "a")]));
        assert_eq!(row.with([("name", "c")]), Row::new([("mtu", "1500"), ("name", "c")]));
    }

    #[test]
    fn a_property_is_set_and_taken_out() {
        let mut row = Row::new([("name", "ether1"), ("mtu", "1500")]);
        row.set("name", "wan");
        row.set("comment", "x");
        row.unset("mtu");
        assert_eq!(row, Row::new([("comment", "x"), ("name", "wan")]));
    }

    #[test]
    fn rows_that_came_together_are_the_rows_that_they_are_alone() {
        let all: [&[(&str, &str)]; 6] = [
            &[("name", "a"), (".id", "*1")],
            &[(".id", "*2"), ("name", ""), ("comment", "ä")],
            &[],
            &[("comment", "x")],
            &[(".id", "*3"), ("name", "b"), ("disabled", "true")],
            &[("a", "1"), ("b", "2"), (".id", "*4"), ("name", "c")],
        ];
        let mut rows = Rows::default();
        assert!(rows.is_empty() && rows.size() == 0);
        for row in all {
            let before = rows.size();
            rows.push(row.iter().copied());
            assert!(rows.size() > before);
        }
        assert_eq!(rows.len(), all.len());
        let together = rows.finish();
        let alone: Vec<Row> = all.iter().map(|row| Row::new(row.iter().copied())).collect();
        assert_eq!(together, alone);
        assert_eq!(
            together[5].properties().collect::<Vec<_>>(),
            [(".id", "*4"), ("a", "1"), ("b", "2"), ("name", "c")]
        );
        assert_eq!(together[2].properties().count(), 0);
    }
}
