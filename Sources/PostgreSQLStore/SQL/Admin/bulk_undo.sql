-- Goes back to the place that bulk_mark.sql has marked.
ROLLBACK TO SAVEPOINT batch
