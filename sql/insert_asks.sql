-- Keep permission requests for their calls; the group of values is repeated.
INSERT INTO permission_ask (session_pk, match_key, asked_at)
VALUES (?, ?, ?);
