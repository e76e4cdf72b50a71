-- Forgets the place that claim_trial_mark.sql has marked, and keeps what was done since.
RELEASE SAVEPOINT trial
