/* What is done to each position by itself: embedding, norms, gates. */
#define FOR_EACH_ROW_KERNEL(K)
