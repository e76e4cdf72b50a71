-- Gives a row whose run died its lock key, if no other row holds it.
--
-- :id  integer  the number of the row
UPDATE tasks
SET lock_place = 2
WHERE id = :id
    AND
    -- same: key_is_free
    NOT EXISTS (SELECT 1 FROM tasks AS holder WHERE holder.lock_key = tasks.lock_key AND holder.lock_place = 2)
    -- end
