-- The attached companion, if there is one.
SELECT name FROM pragma_database_list WHERE name = 'companion';
