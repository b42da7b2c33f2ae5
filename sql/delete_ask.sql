-- Drop a permission request that found its call or outlived it.
DELETE FROM permission_ask WHERE session_pk = ? AND match_key = ? AND asked_at = ?;
