-- The path by which the script's statements left the session; no function of anybody is called for it.
--
-- Returns search_path.
SHOW search_path
