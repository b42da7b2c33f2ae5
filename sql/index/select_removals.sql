-- Between which ids the steps lie of sessions that were removed after removal :removal_id.
SELECT first_step_id, last_step_id FROM removal WHERE id > :removal_id AND first_step_id NOT NULL;
