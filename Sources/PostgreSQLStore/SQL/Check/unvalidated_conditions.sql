-- The conditions of the table that older rows may not fulfil; without those of taskrun's own that replaced equal ones.
--
-- Returns condition.
SELECT pg_get_expr(conbin, conrelid) AS condition
FROM pg_constraint
WHERE conrelid = 'tasks'::regclass::oid AND contype = 'c' AND NOT convalidated
    AND conname::text NOT IN (
        'status_is_waiting_processing_or_failed', 'queue_is_1_to_200_characters_without_control_characters'
    )
