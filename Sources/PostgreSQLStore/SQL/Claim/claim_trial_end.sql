-- Lets deferred constraints speak before the transaction is undone.
SET CONSTRAINTS ALL IMMEDIATE
