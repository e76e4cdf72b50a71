-- Tables of taskrun's that a crash of the server empties.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
--
-- Returns relname.
SELECT relname
FROM pg_catalog.pg_class
WHERE oid = ANY (ARRAY[to_regclass('tasks'), to_regclass('task_results'), to_regclass('task_batches')]::oid[])
    AND relpersistence = 'u'
ORDER BY relname
