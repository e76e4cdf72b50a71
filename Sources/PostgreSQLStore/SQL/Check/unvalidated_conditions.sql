-- The conditions of the table that older rows may not fulfil; without those of taskrun's own that replaced equal ones,
-- and without the one that each claim fulfils: odd_rows.sql finds great ids by the primary key.
--
-- Returns condition.
SELECT pg_get_expr(conbin, conrelid) AS condition
FROM pg_constraint
WHERE conrelid = 'tasks'::regclass::oid AND contype = 'c' AND NOT convalidated
    AND conname::text NOT IN (
        'status_is_waiting_processing_or_failed', 'queue_is_1_to_200_characters_without_control_characters',
        'id_is_at_most_4611686018427387904'
    )
