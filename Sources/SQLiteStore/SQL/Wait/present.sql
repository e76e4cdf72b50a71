-- The current moment, by SQLite's own clock.
--
-- Returns moment (Julian day).
SELECT julianday('now') AS moment
