-- A number that is another one as soon as somebody has committed to the recorded database.
PRAGMA recorded.data_version;
