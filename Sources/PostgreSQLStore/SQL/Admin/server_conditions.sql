-- The settings that a measurement depends on.
--
-- Returns version, synchronous_commit, fsync.
SELECT current_setting('server_version') AS version, current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('fsync') AS fsync
