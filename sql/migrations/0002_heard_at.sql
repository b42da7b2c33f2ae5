-- What comes by the spool or afterwards happened earlier than it was heard of: the last event of a
-- session is the latest to happen, and whoever asks whether it is still used asks when it was heard.
ALTER TABLE session ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0; -- by the daemon's clock
UPDATE session SET heard_at = last_event_at;
