-- Whether results wait to be removed.
--
-- Returns any_expired.
SELECT EXISTS (SELECT FROM ONLY task_results WHERE expires_at <= now()) AS any_expired
