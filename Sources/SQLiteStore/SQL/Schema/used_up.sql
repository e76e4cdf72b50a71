-- A table whose row numbers are used up, which SQLite reports as a full disk.
--
-- Returns name, or no row.
SELECT name FROM sqlite_sequence WHERE seq >= 9223372036854775807 LIMIT 1
