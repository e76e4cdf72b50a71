-- A moment as the Julian day that run_at is compared by.
--
-- :moment  text  the moment
-- Returns day.
SELECT julianday(:moment) AS day
