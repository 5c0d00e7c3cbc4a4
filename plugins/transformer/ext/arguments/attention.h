/* Attention: its kernels and what they are given. */
#define FOR_EACH_ATTENTION_KERNEL(K)
