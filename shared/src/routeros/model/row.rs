//! One row, as a router shows it.

/// One row as the router shows it: names and values as text.
///
/// A router may have ten thousand of them, all in memory at once when everything is compared: so a row is two
/// allocations, not two for each property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Names and values in turn, one after the other.
    text: Box<str>,
    /// Where each of them ends in it.
    ends: Box<[u32]>,
}

impl Row {
    /// A row of these properties, in any order; of one that is given twice the first counts.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut values: Vec<(N, V)> = values.into_iter().collect();
        values.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        values.dedup_by(|(later, _), (first, _)| later.as_ref() == first.as_ref());
        let length = values.iter().map(|(name, value)| name.as_ref().len() + value.as_ref().len()).sum();
        let mut text = String::with_capacity(length);
        let mut ends = Vec::with_capacity(values.len() * 2);
        for word in values.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]) {
            text.push_str(word);
            // A sentence of the router's, which this comes from, is at most a megabyte long.
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        Self { text: text.into(), ends: ends.into() }
    }

    /// Names and values, by name.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut from = 0;
        self.ends.chunks_exact(2).map(move |pair| {
            let (middle, end) = (pair[0] as usize, pair[1] as usize);
            let name = self.text.get(from..middle).unwrap_or_default();
            from = end;
            (name, self.text.get(middle..end).unwrap_or_default())
        })
    }

    /// A property's value; RouterOS leaves out what is empty, so absent and empty are the same here.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// A property's value where it is there; a presence flag like `blackhole` is there without one.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.properties().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Whether a flag is set.
    pub fn is(&self, flag: &str) -> bool {
        matches!(self.get(flag), "true" | "yes")
    }

    /// Its id, valid until the next reboot.
    pub fn id(&self) -> &str {
        self.get(".id")
    }

    /// Sets a property.
    pub fn set(&mut self, name: &str, value: &str) {
        *self = Self::new(std::iter::once((name, value)).chain(self.properties()));
    }

    /// Takes a property out.
    pub fn unset(&mut self, name: &str) {
        *self = Self::new(self.properties().filter(|(other, _)| *other != name));
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
    fn a_property_is_set_and_taken_out() {
        let mut row = Row::new([("name", "ether1"), ("mtu", "1500")]);
        row.set("name", "wan");
        row.set("comment", "x");
        row.unset("mtu");
        assert_eq!(row, Row::new([("comment", "x"), ("name", "wan")]));
    }
}
