-- What a step was given and gave, which can be megabytes.
SELECT input, output FROM step WHERE id = :id;
