-- Whose file this is: its application id, its version, how many tables were ever made or changed.
SELECT
    (SELECT application_id FROM pragma_application_id),
    (SELECT user_version FROM pragma_user_version),
    (SELECT schema_version FROM pragma_schema_version);
