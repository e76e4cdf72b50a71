-- A moment as a Julian day, as which run_at is compared.
--
-- :moment  text  the moment
-- Returns day.
SELECT julianday(:moment) AS day
