-- The tables of taskrun's that a crash of the server empties.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
--
-- Returns relname.
SELECT relname
FROM pg_catalog.pg_class
WHERE oid = ANY (ARRAY[to_regclass('tasks'), to_regclass('task_results'), to_regclass('task_batches')]::oid[])
    AND relpersistence = 'u'
ORDER BY relname
