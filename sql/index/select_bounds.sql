-- The last number given, and the id of the first step that is left (null: none is).
SELECT ledger.sequence, (SELECT min(step.id) FROM step) FROM ledger;
