-- Checks deferred constraints before the transaction is undone.
SET CONSTRAINTS ALL IMMEDIATE
