-- Note the last id or revision given.
UPDATE ledger SET sequence = ?;
