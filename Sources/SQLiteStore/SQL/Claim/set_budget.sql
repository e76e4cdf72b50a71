-- Sets how many bytes of payload the next claim may read: see CSQLite.h.
--
-- :bytes  integer  so many bytes; NULL: leave it as it is
-- Returns bytes_left.
SELECT taskrun_budget(:bytes) AS bytes_left
