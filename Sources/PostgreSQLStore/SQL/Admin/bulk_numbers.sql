-- Takes numbers for new rows.
--
-- The sequence is looked up once.
--
-- $1 count  int4  how many numbers
-- Returns id.
SELECT nextval((SELECT pg_get_serial_sequence('tasks', 'id')::regclass)) AS id
FROM generate_series(1, $1::integer)
