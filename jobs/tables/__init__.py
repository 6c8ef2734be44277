"""Every table that netlift reads or writes: columns, types, units, keys, partitions."""
