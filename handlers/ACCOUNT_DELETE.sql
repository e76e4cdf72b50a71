-- ACCOUNT_DELETE: deletes an account, and its options if "with_opts" is true.
--
-- Data:   {"id": 34532, "with_opts": true}; white space at a key's ends does not matter.
-- Tables: accounts (id), account_options (account_id).
--
-- Runs in the transaction that deletes the task: both happen, or neither. It is valid on SQLite and on PostgreSQL.

-- First the options, which may refer to the account.
DELETE FROM account_options
WHERE account_id = :id
    AND :with_opts;

DELETE FROM accounts
WHERE id = :id;
