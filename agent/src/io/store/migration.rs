//! The schema: numbered files, each carried out once, in order.
//!
//! `PRAGMA user_version` says how far a database has come. A file that was released is never edited; what must change
//! is a new file, with a test below that runs it on the schema before it with data inside.

use rusqlite::Connection;

const FILES: &[&str] = &[
    include_str!("migrations/0001_start.sql"),
    include_str!("migrations/0002_journal.sql"),
    include_str!("migrations/0003_rings.sql"),
    include_str!("migrations/0004_drift.sql"),
    include_str!("migrations/0005_holds.sql"),
    include_str!("migrations/0006_tripwire.sql"),
    include_str!("migrations/0007_traffic.sql"),
];

/// The schema that this code speaks.
#[allow(clippy::cast_possible_truncation)] // A few files.
pub(super) const LATEST: u32 = FILES.len() as u32;

/// The version of a database that is newer than we are.
pub(super) fn newer(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    Ok(Some(version(connection)?).filter(|&version| version > LATEST))
}

/// Brings a database to a version, one transaction a step.
pub(super) fn run(connection: &mut Connection, target: u32) -> rusqlite::Result<()> {
    let done = version(connection)?;
    for (step, sql) in (1..=target).zip(FILES) {
        if step > done {
            let transaction = connection.transaction()?;
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", step)?;
            transaction.commit()?;
        }
    }
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(version: u32) -> Connection {
        let mut connection = Connection::open_in_memory().expect("memory");
        run(&mut connection, version).expect("a schema");
        connection
    }

    #[test]
    fn every_step_counts_and_none_runs_twice() {
        for target in 0..=LATEST {
            let mut connection = at(target);
            assert_eq!(version(&connection), Ok(target));
            run(&mut connection, LATEST).expect("the rest");
            run(&mut connection, LATEST).expect("nothing");
            assert_eq!(version(&connection), Ok(LATEST));
        }
    }

    #[test]
    fn a_change_from_before_there_were_scripts_was_never_armed() {
        let mut connection = at(2);
        let sql =
            "INSERT INTO change_set (id, change, direction, report, open) VALUES ('c1', '{}', '\"forward\"', '{}', 1)";
        connection.execute(sql, []).expect("a change");
        run(&mut connection, 3).expect("the third");
        let armed = connection.query_row("SELECT armed FROM change_set", [], |row| row.get::<_, u32>(0));
        assert_eq!(armed, Ok(0));
    }

    #[test]
    fn nobody_holds_anything_in_a_database_from_before_there_were_holds() {
        let mut connection = at(4);
        connection.execute("INSERT INTO owned_row (row) VALUES ('{}')", []).expect("a row");
        run(&mut connection, 5).expect("the fifth");
        let count = |table: &str| {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, u32>(0))
        };
        assert_eq!((count("hold"), count("owned_row")), (Ok(0), Ok(1)));
    }

    #[test]
    fn the_first_schema_starts_from_nothing() {
        let connection = at(1);
        let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("a query");
        let names: Result<Vec<String>, _> = names.query_map([], |row| row.get(0)).expect("rows").collect();
        assert_eq!(names.expect("names"), ["meta", "sender_mark", "outbox", "sqlite_sequence", "pin"]);
    }
}
