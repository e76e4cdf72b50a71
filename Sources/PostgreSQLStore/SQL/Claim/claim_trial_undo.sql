-- Goes back to the place that claim_trial_mark.sql has marked.
ROLLBACK TO SAVEPOINT trial
