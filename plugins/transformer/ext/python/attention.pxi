# The ops of attention: what their arrays must be, and the structs that they fill.
