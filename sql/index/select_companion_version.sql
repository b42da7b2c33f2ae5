-- The version of an attached companion's schema.
PRAGMA companion.user_version;
