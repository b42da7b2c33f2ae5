-- Remember events; the group of values is repeated.
INSERT INTO seen_event (session_pk, digest, step_order)
VALUES (?, ?, ?);
