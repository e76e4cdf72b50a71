-- Drops the temporary table of a bulk add.
DROP TABLE IF EXISTS temp.task_lines
