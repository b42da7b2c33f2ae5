-- Note the highest keys, as those who have them may be removed.
UPDATE ledger SET
    session_pk = max(session_pk, coalesce((SELECT max(pk) FROM session), 0)),
    prompt_pk = max(prompt_pk, coalesce((SELECT max(pk) FROM prompt), 0));
