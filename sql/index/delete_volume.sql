-- Take a volume out.
DELETE FROM volume WHERE number = :number AND generation = :generation;
