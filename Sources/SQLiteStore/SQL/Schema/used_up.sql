-- A table in which no row can be numbered any more. SQLite says then that the disk is full.
--
-- Returns name, or no row.
SELECT name FROM sqlite_sequence WHERE seq >= 9223372036854775807 LIMIT 1
