-- Notes that a version was applied to the tables.
--
-- :version   integer  the version
-- :name      text     its name
-- :checksum  text     the checksum of the SQL that was run
INSERT INTO task_migrations (version, name, checksum)
VALUES (:version, :name, :checksum)
