-- Whether any run holds a row, whether nothing may be written, and whether that is because the server is a standby.
--
-- Returns any_claim, is_read_only, is_standby.
SELECT EXISTS (SELECT FROM ONLY tasks WHERE status = 'PROCESSING') AS any_claim,
    current_setting('transaction_read_only')::boolean AS is_read_only, pg_is_in_recovery() AS is_standby
