-- Notes a migration that was run.
--
-- $1 version   int4  of the migration
-- $2 name      text  its name
-- $3 checksum  text  of its text
INSERT INTO task_migrations (version, name, checksum) VALUES ($1::integer, $2, $3)
