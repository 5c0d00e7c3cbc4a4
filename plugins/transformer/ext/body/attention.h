/* Attention over rows of queries, keys and values. */
