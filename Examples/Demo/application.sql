CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE account_options (account_id INTEGER NOT NULL REFERENCES accounts (id), name TEXT NOT NULL, value TEXT);
INSERT INTO accounts VALUES (1, 'Ada'), (34532, 'John');
INSERT INTO account_options VALUES (1, 'theme', 'dark'), (34532, 'theme', 'light'), (34532, 'newsletter', 'weekly');
