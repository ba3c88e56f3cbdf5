-- What a token may do beyond what every token may: words, separated by spaces.
ALTER TABLE token ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
