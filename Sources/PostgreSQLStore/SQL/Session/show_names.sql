-- The path that the script's statements left in the session; no function of another role is called for it.
--
-- Returns search_path.
SHOW search_path
