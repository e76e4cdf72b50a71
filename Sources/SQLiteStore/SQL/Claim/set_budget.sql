-- Sets how many bytes of payload the next claim may read: see CSQLite.h.
--
-- :bytes  integer  how many bytes; NULL: no change
-- Returns bytes_left.
SELECT taskrun_budget(:bytes) AS bytes_left
