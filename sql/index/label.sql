-- Say whose file the companion is: "trcx", and the version of its schema.
PRAGMA application_id = 1953653624;
PRAGMA user_version = 2;
