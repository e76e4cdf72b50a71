-- The lock keys that another transaction holds, and which one; it waits for none.
--
-- The salt makes an advisory lock's number one that only roles which may read the table can compute.
--
-- $1 keys  text[]  the lock keys
-- Returns key, holder.
WITH tried AS MATERIALIZED (
    SELECT key, number, pg_try_advisory_xact_lock(number) AS is_free
    FROM (SELECT key, hashtextextended(key, coalesce((SELECT salt FROM ONLY task_salt), 0)) AS number
        FROM pg_catalog.unnest($1::text[]) AS key) AS asked
)
SELECT key, (
        SELECT
            -- same: process_of_server
            format('process %s of the server (user %s, application "%s", %s)', holder.pid, holder.usename,
                holder.application_name, coalesce(holder.state, 'state not shown'))
            -- end
        FROM pg_locks AS lock JOIN pg_stat_activity AS holder ON holder.pid = lock.pid
        WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
            AND (lock.classid::bigint << 32 | lock.objid::bigint) = tried.number
        LIMIT 1
    ) AS holder
FROM tried
WHERE NOT is_free
