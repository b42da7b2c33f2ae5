-- The extents whose tallies hold.
SELECT level, number, ran_from, ran_to FROM extent;
